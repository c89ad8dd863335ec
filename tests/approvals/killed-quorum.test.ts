// A worker that is killed amid the writes of a gate that needs two people: no answer is lost, none counts twice, and none is refused because
// it was taken in before. A few of the places; ANNEAL_DEATHS=all takes each of them.
import { expect, test } from 'vitest';
import { playEveryDeath } from '../support/every-death.ts';
import { tellFigures } from '../support/told-figures.ts';
import { playDecisions } from './scenario.ts';

const SOME = [
  'before verifyDecision’s gates/decided.open-sealed-1/answers/…, 1',
  'after verifyDecision’s gates/decided.open-sealed-1/answers/…, 1',
  'after verifyDecision, 2',
  'after verifyDecision’s audit/entries/000000000002, 1',
];
/** What one person's gates have too is played there. */
const isOfQuorum = (at: string): boolean => at.includes('verifyDecision');

test('whoever dies between the answers of two people: both count once, and stand in the audit log once', {
  timeout: 1_800_000,
}, async ({ task }) => {
  const all = process.env.ANNEAL_DEATHS === 'all';
  const played = await playEveryDeath(
    (scene, at) => playDecisions(scene, at, 2),
    (passed) => (all ? [...new Set(passed)].filter(isOfQuorum) : SOME),
    { lanes: all ? 6 : 2 },
  );
  const alive = played.get(null)!;
  expect(alive).toMatchObject({ died: false, wrong: [] });
  tellFigures(task, {
    'places of a quorum where a worker may die': new Set(alive.passed.filter(isOfQuorum)).size,
    'deaths of a quorum played': played.size - 1,
  });
  expect(played.size).toBeGreaterThan(SOME.length);
  for (const [at, { died, wrong }] of played) expect({ at, died, wrong }).toEqual({ at, died: at !== null, wrong: [] });
});
