// What can be done with a campaign that is over: which command goes on with it, and what another one must change.
import type { CampaignName } from '../contracts/ids.ts';
import type { CampaignState } from '../contracts/record.ts';

type Ending = CampaignState['ending'];

const HOW: Readonly<Record<Ending, string>> = {
  running: 'has stopped',
  released: 'has already ended: it released a version',
  refused: 'has already ended: its release was refused',
  'not-opened': 'has already ended: its sealed split was not opened',
  cancelled: 'was cancelled before its end',
  aborted: 'was aborted before its end',
};

/** The name alone would bring back the same task set, whose sealed split is opened once for all; the seed alone, a refusal. */
const ANOTHER = 'For another campaign, change both its name and its seed.';

export function nextStep(campaign: CampaignName, ending: Ending): string {
  const resume = `./anneal resume ${campaign}`;
  if (ending === 'released') return ANOTHER;
  if (ending === 'refused' || ending === 'not-opened') return `${resume} asks again. ${ANOTHER}`;
  return `Go on from its last finished round with ${resume}. ${ANOTHER}`;
}

/** For a command that finds it over. */
export const endedLine = (campaign: CampaignName, ending: Ending): string =>
  `Campaign ${campaign} ${HOW[ending]}. ${nextStep(campaign, ending)}`;

/** Whether it stopped before its rounds and gates were through. */
export const isUnfinished = (ending: Ending): boolean => ending === 'cancelled' || ending === 'aborted';
