// A worker that is killed between a decision and its effect, on a real Temporal server: nothing is lost, nothing happens twice. A few of the
// places where it may die; ANNEAL_DEATHS=all takes each of them, as `npm run accept -- approvals` does.
import { expect, test } from 'vitest';
import { playEveryDeath } from '../support/every-death.ts';
import { tellFigures } from '../support/told-figures.ts';
import { playDecisions } from './scenario.ts';

const SOME = [
  'after verifyDecision, 1',
  'after recordAnswer’s gates/decided.open-sealed-1/answer, 1',
  'after openSealed’s sealed/…/1, 1',
  'before recordAnswer’s audit/entries/000000000005, 1',
  'after publishRelease’s released/smollm2-135m-instruct, 1',
  'after publishRelease, 1',
];

test('whoever dies between decision and effect: each happens once, and stands in the audit log once', {
  timeout: 1_800_000,
}, async ({ task }) => {
  const all = process.env.ANNEAL_DEATHS === 'all';
  const played = await playEveryDeath(playDecisions, (passed) => (all ? [...new Set(passed)] : SOME), {
    lanes: all ? 6 : 3,
  });
  const alive = played.get(null)!;
  expect(alive).toMatchObject({ died: false, wrong: [] });
  tellFigures(task, {
    'places where a worker may die': new Set(alive.passed).size,
    'deaths played': played.size - 1,
    'decision to resumed, ms': Math.max(...alive.resumedMs),
  });
  expect(played.size).toBeGreaterThan(SOME.length);
  for (const [at, { died, wrong }] of played) expect({ at, died, wrong }).toEqual({ at, died: at !== null, wrong: [] });
});
