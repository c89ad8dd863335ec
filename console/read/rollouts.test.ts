// What was sampled from the sealed split is not shown, by whatever way it is asked for.
import { expect, test } from 'vitest';
import { CAMPAIGN, fixtureRollouts } from '../../tests/fixtures/console.fixture.ts';
import { lookAtRollout, rolloutsOf } from './rollouts.ts';

const { trajectories, completions } = fixtureRollouts();
const [first, ...others] = trajectories;
const sealed = {
  ...first!,
  rollout: `${CAMPAIGN}/r1/sealed.v0/g0/s0`,
  purpose: 'sealed',
  split: 'sealed',
} as typeof first;
/** One that says of itself what it is not. */
const disguised = { ...others[0]!, split: 'sealed' } as (typeof others)[number];
const all = [sealed!, disguised, ...others.slice(1)];
const store = { get: () => Promise.reject(new Error('not asked')) };
const ports = {
  store: store as never,
  pool: async () => ({
    trajectories: async (prefix: string) => all.filter(({ rollout }) => rollout.startsWith(prefix)),
    completions: async (prefix: string) => completions.filter(({ rollout }) => rollout.startsWith(prefix)),
  }),
};

test('neither listed nor looked at', async () => {
  const listed = await rolloutsOf(ports, CAMPAIGN, 1);
  expect(listed).toHaveLength(all.length - 2);
  expect(listed.some(({ split }) => split === 'sealed')).toBe(false);
  for (const rest of [
    'sealed.v0/g0/s0',
    disguised.rollout.split('/').slice(2).join('/'),
    '../r1/sealed.v0/g0/s0',
    'train.v0/g99/s0',
  ])
    await expect(lookAtRollout(ports, CAMPAIGN, 1, rest), rest).rejects.toMatchObject({ code: 'console.no_page' });
});

test('in the order of their numbers, each with its own completions only', async () => {
  const ids = (await rolloutsOf(ports, CAMPAIGN, 1)).map(({ rollout }) => rollout.split('/')[3]);
  expect(ids.indexOf('g2')).toBeLessThan(ids.indexOf('g8'));
  const looked = await lookAtRollout(ports, CAMPAIGN, 1, 'train.v0/g1/s0');
  expect(looked.completions.map(({ rollout }) => rollout)).toEqual([`${CAMPAIGN}/r1/train.v0/g1/s0`]);
});
