// Tasks that must not get into a set, through the whole pipeline: each is dropped with its reason, and where none is left nothing is
// written but what was found out.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { referenceTo, sampleTask } from '../hacks/variant.ts';
import { artifactOf, undeclared } from '../verifiers/artifact.ts';
import { artifactVerifierFor } from '../verifiers/artifact-registry.ts';
import { judgeArtifact } from '../verifiers/judge.ts';
import { type BuiltSet, buildSet } from './build-set.ts';
import type { Source } from './source.ts';

let root: string;
let store: ArtifactStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'anneal-bad-'));
  store = createFolderStore(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Data is read, never run. */
const sandbox = { describe: async () => '', run: () => Promise.reject(new Error('nothing is run here')) };
const check = (value: number) => ({
  ...{ file: 'answer.json', as: { format: 'json' }, schema: { type: 'object' } },
  checks: [{ kind: 'equals', name: 'the answer', at: '/answer', value }],
});
const good = (n: number, change: object = {}): ArtifactTask =>
  ({
    ...sampleTask({
      ...{ name: `sum-${n}`, format: 'structured-data', verifier: { name: 'structured-data', version: 1 } },
      ...{ instruction: `What is ${n} and ${n}?`, check: check(2 * n) },
      deliverables: [{ path: 'answer.json', maxBytes: 1_000, required: true }],
      gold: { 'answer.json': JSON.stringify({ answer: 2 * n }) },
    }),
    ...change,
  }) as ArtifactTask;

async function build(tasks: readonly ArtifactTask[], golds: readonly (string | Uint8Array)[] = []): Promise<BuiltSet> {
  for (const n of [0, 1, 2, 3]) await store.put(JSON.stringify({ answer: 2 * n }));
  for (const gold of golds) await store.put(gold);
  const source: Source = {
    ...{ kind: 'listed', description: tasks.length, ordered: false },
    draw: async () => ({ items: tasks.map((_, n) => ({ key: `t${n}`, content: n })), next: null }),
    draft: async ({ content }) => {
      const task = tasks[Number(content)]!;
      return { tasks: [{ task, substance: `${task.instruction} ${content}`, parents: [] }], dropped: [] };
    },
  };
  return buildSet({
    ...{ name: 'bad', source, seed: 1, most: 100, store, instruments: { sandbox }, parallel: 2, reruns: 2 },
    shares: { visible: 0.4, gate: 0.3, sealed: 0.3 },
    sieve: { difficulty: { min: 0, max: 1 }, licences: [good(0).source.licence], alike: 1, known: [] },
  });
}

const NOTHING_CHECKED = {
  file: 'answer.json',
  as: { format: 'json' },
  schema: {},
  checks: [{ kind: 'count', name: 'any', at: '', least: 0, most: 9 }],
};
const NO_TEXT = Uint8Array.of(0x7b, 0xff, 0x7d);
const BAD: readonly (readonly [string, ArtifactTask, RegExp])[] = [
  ['no verifier', good(3, { verifier: undefined }), /^verifier: /],
  [
    'a verifier that this build lacks',
    good(3, { verifier: { name: 'trust', version: 1 } }),
    /no verifier trust@1 in this build, only /,
  ],
  ['a check that a no-op passes', good(3, { check: NOTHING_CHECKED }), /^(\{\}|\[\]) is rewarded$/],
  ['a check that cannot be read', good(3, { check: {} }), /^check\.as: /],
  ['a gold that is not UTF-8', good(3, { gold: { 'answer.json': referenceTo(NO_TEXT) } }), /answer\.json is not UTF-8/],
  [
    'a gold larger than declared',
    good(3, { deliverables: [{ path: 'answer.json', maxBytes: 3, required: true }] }),
    /has 12 bytes, more than 3/,
  ],
];

test.each(BAD)('%s: the task is dropped and says why, the others are kept', async (_, task, why) => {
  const { lock, lineage } = await build([good(0), good(1), good(2), task], [NO_TEXT]);
  expect(lock.kept).toBe(3);
  const reasons = lineage.records.flatMap(({ outcome }) => (outcome.what === 'dropped' ? outcome.why : []));
  expect(
    reasons.some((one) => why.test(one)),
    reasons.join('\n'),
  ).toBe(true);
});

test.each(BAD)('%s alone: no set, and nothing that looks like one', async (_, task, why) => {
  const failure: unknown = await build([task], [NO_TEXT]).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'tasks.none_left' });
  expect(String((failure as Error).message).replace(/^none of 1 drawn items became a task: /, '')).toMatch(
    new RegExp(why.source.replaceAll(/[$^]/g, '')),
  );
  expect((await store.listNamed('')).filter((name) => !name.startsWith('constructions/'))).toEqual([]);
});

test('an artifact of 2 GB is refused by its size, and nothing reads it', () => {
  const artifact = artifactOf({ 'answer.json': new Uint8Array(2 ** 31) });
  expect(undeclared(artifact, good(1).deliverables)).toEqual([
    { path: 'answer.json', why: 'has 2147483648 bytes, more than 1000' },
    { path: '', why: '2147483648 bytes in all, more than 67108864' },
  ]);
});

test('what is too large earns nothing, by the first gate', async () => {
  const task = good(1);
  const judged = await judgeArtifact({
    ...{ task, verifier: artifactVerifierFor(task.verifier), given: new Map() },
    artifact: artifactOf({ 'answer.json': new Uint8Array(1_001) }),
    ...{ shares: { process: 0, speed: 0 }, instruments: { sandbox, secret: 's' } },
  });
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
  const gates = 'judgement' in judged ? judged.judgement.gates : [];
  expect(gates).toEqual([{ name: 'declared', passed: false, why: 'answer.json has 1001 bytes, more than 1000' }]);
});
