// What the commands print that judge or run something again.
import { expect, test } from 'vitest';
import { artifactRef } from '../../contracts/artifact.ts';
import { reproduction } from '../../contracts/reproduction.ts';
import { reverification } from '../../contracts/reverification.ts';
import { groupsOf } from '../../evals/reverify/reverify.ts';
import { renderReproduction } from './reproduction.ts';
import { renderReverification } from './reverification.ts';

const hash = 'ab'.repeat(32);
const object = artifactRef.parse({ uri: `store:objects/ab/${hash}`, sha256: hash, bytes: 1 });
const rewardOf = (correctness: number, version: number) => ({
  ...{ total: correctness + 0.2, components: { format: 1, correctness, partial: correctness } },
  ...{ verifier: { name: 'python-function', version }, evidence: object },
});
const rolloutOf = (sample: number, after: number) => ({
  ...{ rollout: `small/r1/train.v0/g0/s${sample}`, task: 'math.floor#plain', round: 1, purpose: 'train' },
  ...{ policy: 'small.v0', before: { outcome: 'success', reward: rewardOf(1, 1) } },
  after: { outcome: after === 1 ? 'success' : 'policy_failure', reward: rewardOf(after, 2) },
  difference: after === 1 ? 'same' : 'changed',
});
const found = reverification.parse({
  ...{ schema: 'anneal/reverification/v1', campaign: 'small', verifier: { name: 'python-function', version: 2 } },
  ...{ rollouts: [rolloutOf(0, 1), rolloutOf(1, 0)], left: [{ rollout: 'small/r1/train.v0/g0/s2', why: 'why' }] },
});

test('rollouts judged again, by purpose, with what differs', () => {
  const lines = renderReverification(found, groupsOf(found.rollouts), object, { width: 100 });
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "small, judged again by python-function@2: 1 of 2 as before, 1 differ.

    what for  policy    rollouts  differ  without verdict  solved before    now  change
    train     small.v0         2       1                0         100.0%  50.0%  −50.0 points

    rollout                  task              before          now
    small/r1/train.v0/g0/s1  math.floor#plain  success (1.20)  policy failure (0.20)

    1 could not be judged again, first small/r1/train.v0/g0/s2: why.

    Recorded as abababababab. Rewards of the campaign stay as they were given."
  `);
});

test('a result run again, a line for each part', () => {
  const parts = [
    { part: 'rewards', verdict: 'same', why: '48 rewards, byte for byte' },
    { part: 'task set', verdict: 'different', why: 'built anew it has the root 0123, locked was 4567' },
    { part: 'decisions', verdict: 'left', why: 'a human took them; they are signed and kept '.repeat(3) },
  ];
  const run = reproduction.parse({ schema: 'anneal/reproduction/v1', campaign: 'small', parts });
  expect(renderReproduction(run, { width: 90, colour: false }).join('\n')).toMatchInlineSnapshot(`
    "small, run again from what is stored:

    ✓ rewards    the same       48 rewards, byte for byte
    ✗ task set   differs        built anew it has the root 0123, locked was 4567
    – decisions  not run again  a human took them; they are signed and kept a human took them;
                                they are signed and kept a human took them; they are signed
                                and kept "
  `);
});
