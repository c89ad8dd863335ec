// A worker that is killed anywhere between a log and the branch, on a real Temporal server: one merge, no lost diagnosis, nothing left behind. A
// few of the places where it may die; ANNEAL_DEATHS=all takes each of them.
import { expect, test } from 'vitest';
import { playEveryDeath } from '../support/every-death.ts';
import { tellFigures } from '../support/told-figures.ts';
import { playIncident } from './scenario.ts';

const SOME = [
  'amid reproduce’s sandbox run, 1',
  'after propose’s incidents/killed/proposals/remedies-1, 1',
  'after tryCommit’s merges/trainer/…, 1',
  'before landCommit’s git land, 1',
  'after landCommit’s git land, 1',
  'after landCommit, 1',
];

test('whoever dies between a log and the branch: the same commit lands, once, and nothing is left behind', {
  timeout: 7_200_000,
}, async ({ task }) => {
  const all = process.env.ANNEAL_DEATHS === 'all';
  const played = await playEveryDeath(playIncident, (passed) => (all ? [...new Set(passed)] : SOME), {
    lanes: all ? 4 : 3,
    ...(all && {
      saw: (at, { wrong, died, below }) =>
        console.log(`${at}: ${died ? `dead, ${below} below` : 'alive'}; ${wrong.join('; ') || 'well'}`),
    }),
  });
  const alive = played.get(null)!;
  expect(alive).toMatchObject({ died: false, wrong: [] });
  tellFigures(task, {
    'places where a worker may die': new Set(alive.passed).size,
    'deaths played': played.size - 1,
    'deaths with programs below the worker': [...played.values()].filter(({ below }) => below > 0).length,
  });
  expect(played.size).toBeGreaterThan(SOME.length);
  for (const [at, { died, wrong, commit }] of played)
    expect({ at, died, wrong, commit }).toEqual({ at, died: at !== null, wrong: [], commit: alive.commit });
});
