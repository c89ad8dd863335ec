import { expect, test } from 'vitest';
import { checkProfile } from './check.ts';
import { shipped } from './shipped.fixture.ts';

// By the first two letters.
const suggest = (word: string, known: readonly string[]): string | undefined =>
  known.find((one) => one.slice(0, 2) === word.slice(0, 2));
const standard = (change: object): object => ({ ...shipped('minimax-m27-standard'), ...change });
const only = (value: object) => {
  const { problems } = checkProfile(value, suggest);
  expect(problems).toHaveLength(1);
  return problems[0];
};

test('a shipped profile has no problems', () => {
  expect(checkProfile(shipped('cpu'))).toEqual({ profile: shipped('cpu'), problems: [] });
});

test('an impossible layout still gives the profile, so that its numbers can be shown', () => {
  const { profile, problems } = checkProfile(shipped('cpu', (p) => Object.assign(p.rollout, { engines: 2 })));
  expect(profile?.name).toBe('cpu');
  expect(problems.map(({ rule }) => rule)).toEqual(['rollout-world']);
});

test.each([
  ['a missing part', { storage: undefined }, { path: 'storage', got: 'nothing', hint: 'Add `storage:`.' }],
  ['an unknown field', { stroage: {} }, { path: 'stroage', hint: 'Did you mean `storage`?' }],
  [
    'a duration without unit',
    { trainer: { ...shipped('cpu').trainer, startupWindow: 30 } },
    { got: '30', hint: '30 of what? Write 30s or 30m.' },
  ],
  [
    'a quantity',
    { pods: { ...shipped('cpu').pods, trainer: { cpu: '2', memory: '2 GB' } } },
    { path: 'pods.trainer.memory', expected: expect.stringContaining('64Gi') },
  ],
  [
    'a quantity without a unit',
    { pods: { ...shipped('cpu').pods, trainer: { cpu: '2', memory: 700 } } },
    { expected: expect.stringContaining('64Gi'), hint: '700 of what? Write 700Mi or 700Gi.' },
  ],
  [
    'cores without quotes',
    { pods: { ...shipped('cpu').pods, trainer: { cpu: 2, memory: '6Gi' } } },
    { path: 'pods.trainer.cpu', hint: "Put quotes around it: '2'." },
  ],
  [
    'an image',
    { trainer: { ...shipped('minimax-m27-standard').trainer, image: 'not an image:: name' } },
    { path: 'trainer.image', hint: "Write an image's name, for example registry.example.com/team/trainer:1.0." },
  ],
  ['a queue', { scheduling: { queue: 'GPU queue!' } }, { path: 'scheduling.queue' }],
  ['a priority class', { scheduling: { priorityClass: 'Anneal_Training' } }, { path: 'scheduling.priorityClass' }],
  [
    'a resource',
    { accelerators: { h200: { ...shipped('minimax-m27-standard').accelerators.h200, resource: 'nvidia gpu' } } },
    { path: 'accelerators.h200.resource', expected: expect.stringContaining('nvidia.com/gpu') },
  ],
  ['a name', { name: 'My Profile' }, { path: 'name', got: '"My Profile"' }],
  [
    'a node class',
    { accelerators: { h200: { ...shipped('minimax-m27-standard').accelerators.h200, perNode: 0 } } },
    { path: 'accelerators.h200.perNode', expected: 'a whole number of at least 1' },
  ],
])('%s', (_name, change, problem) => {
  expect(only(standard(change))).toMatchObject({ code: 'profile.invalid', rule: 'schema', ...problem });
});

test('what is no profile at all', () => {
  for (const value of [undefined, null, 3, [], 'x']) expect(checkProfile(value).problems.length).toBeGreaterThan(0);
});
