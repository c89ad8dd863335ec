// A simulation of a campaign that was: what its durable record says that things took, played by its own scheduler, beside what happened.
import { readWhole } from '../../activities/pipeline-record.ts';
import { createDocuments } from '../../activities/read.ts';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { campaignName } from '../../contracts/ids.ts';
import { percent, points, span } from '../../infra/markup/figures.ts';
import type { Compared, ComparedFigure } from '../../policies/simulation/compare.ts';
import { type ComparedRun, compareRecorded } from '../../policies/simulation/recorded.ts';
import { table } from '../view/table.ts';

/** @throws AnnealError `campaign.not_found` where there is none whose rollouts overlapped, `simulation.invalid` where no round of it has trained */
export async function compareCampaign(store: ArtifactStore, text: string): Promise<ComparedRun> {
  const name = campaignName.safeParse(text);
  const whole = name.success ? await readWhole(store, createDocuments(store), name.data) : undefined;
  if (whole === undefined)
    throw new AnnealError('campaign.not_found', `none with \`pipeline\` is called ${text} in this store`);
  try {
    return compareRecorded(whole);
  } catch (failure) {
    if (failure instanceof RangeError) throw new AnnealError('simulation.invalid', `${text}: ${failure.message}`);
    throw failure;
  }
}

const SPOKEN: Readonly<Record<ComparedFigure, readonly [string, (value: number) => string]>> = {
  secondsPerStep: ['a round', span],
  tokensPerSecond: ['tokens/s trained on', (value) => value.toFixed(2)],
  trainerWaits: ['trainer waits', percent],
  trainingSeconds: ['a training', span],
  staleness: ['rounds old', (value) => value.toFixed(2)],
};

export function renderComparison({ again, drawn }: ComparedRun, width: number): string[] {
  const rows = again.figures.map((played, at) => {
    const [name, told] = SPOKEN[played.figure];
    const beside = (one: Compared): [string, string] => [told(one.predicted), offBy(one, told)];
    return [name, told(played.measured), ...beside(played), ...beside(drawn.figures[at]!)];
  });
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [right('measured'), right('played again'), right('error'), right('drawn'), right('error')];
  return table([{ title: '' }, ...columns], rows, { width });
}

function offBy({ figure, measured, predicted, error }: Compared, told: (value: number) => string): string {
  if (figure === 'trainerWaits') return points(predicted - measured);
  return figure === 'staleness' ? told(error) : percent(error);
}
