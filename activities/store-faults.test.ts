// A store that fails while a rollout is judged: the sample waits or is masked, and is never worth 0.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { AnnealError } from '../contracts/errors.ts';
import type { Sandbox } from '../contracts/ports.ts';
import { sampleTask } from '../evals/hacks/variant.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { groupOf } from '../tests/accept/fault-worker.ts';

const GIVEN = 'name,units\npear,3\n';
const task = sampleTask({
  ...{ name: 'units', format: 'structured-data', verifier: { name: 'structured-data', version: 1 } },
  instruction: 'How many units? Hand in answer.json.',
  check: {
    ...{ file: 'answer.json', as: { format: 'json' }, schema: { type: 'object' } },
    checks: [{ kind: 'equals', name: 'units', at: '/units', value: 3 }],
  },
  deliverables: [{ path: 'answer.json', maxBytes: 20_000, required: true }],
  given: { 'orders.csv': GIVEN },
  gold: { 'answer.json': '{"units": 3}' },
});
/** Right, and more than a record holds, so that it goes to the store. */
const RIGHT = `\`\`\`json\n{"units": 3}${' '.repeat(6_000)}\n\`\`\`\n`;
const sandbox: Sandbox = {
  describe: async () => 'none',
  run: () => Promise.reject(new Error('nothing is run')),
};

let dir: string;
let store: ArtifactStore;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'anneal-store-faults-'));
  store = createFolderStore(dir);
  await store.put(GIVEN);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const unavailable = () => Promise.reject(new AnnealError('store.unavailable', 'injected'));

test.each([
  ['reading fails', () => ({ get: unavailable })],
  ['what is read is cut short', () => ({ get: async () => new TextEncoder().encode(GIVEN.slice(0, 12)) })],
  ['another object comes', () => ({ get: async () => new TextEncoder().encode(GIVEN.replace('3', '4')) })],
  ['writing fails', () => ({ put: unavailable })],
] as const)('%s: nothing is on record, and judged by a whole store it is a success', async (_, change) => {
  const group = groupOf({ task }, [RIGHT]);
  const ended = await group.play(0, { store: { ...store, ...change() }, sandbox, secret: 's' });
  expect(ended.how).toBe('waits');
  expect(group.recordOf(0)).toBeUndefined();
  await group.play(0, { store, sandbox, secret: 's' });
  expect(group.recordOf(0)).toMatchObject({ outcome: 'success', reward: { total: 1.1 } });
});

test('a store that hangs past the time of the activity masks, and its late verdict changes nothing', async () => {
  const met = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const slow: ArtifactStore = {
    ...store,
    async get(ref) {
      met.resolve();
      await go.promise;
      return store.get(ref);
    },
  };
  const group = groupOf({ task }, [RIGHT]);
  const ended = await group.play(0, { store: slow, sandbox, secret: 's' }, met.promise);
  expect(ended.how).toBe('masked');
  go.resolve();
  await ended.late;
  expect(group.recordOf(0)).toMatchObject({ outcome: 'verifier_failure' });
  expect(group.recordOf(0)).not.toHaveProperty('reward');
});
