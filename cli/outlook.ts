// What a campaign that promotes by evidence can hope to show, told before anything is spent.
import type { CampaignSpec } from '../contracts/campaign.ts';
import { mostFamilies } from '../evals/construction/expected-size.ts';
import { type Outlook, outlook } from '../policies/certified-outlook.ts';

/**
 * By the most families that its gate split can have. Undefined where promotion is by estimates, and where only the construction can tell:
 * then the A/A comparison before round 1 says it.
 */
export function outlookOf({
  promotion,
  tasks,
  rounds,
}: Pick<CampaignSpec, 'promotion' | 'tasks' | 'rounds'>): Outlook | undefined {
  const { certified } = promotion;
  const families = certified && mostFamilies(tasks, 'gate');
  return certified && families !== undefined ? outlook({ families, atMost: true }, certified, rounds) : undefined;
}

/** One line for whoever is about to spend rollouts on a set that cannot show what they hope for. */
export function warnIfTooSmall(spec: Parameters<typeof outlookOf>[0], say: (line: string) => void): void {
  const told = outlookOf(spec);
  if (told?.enough === false) say(told.why);
}
