// The pipeline over a source of plain words: what is kept and dropped, that it is the same however it is run, and that a kill costs
// nothing but the items that were being worked on.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ArtifactSetLock, artifactSetLock, artifactSplit, lineage } from '../../contracts/artifact-set.ts';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { taskId } from '../../contracts/ids.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { type BuildInput, type BuildProgress, buildSet } from './build-set.ts';
import { lockDifferences, splitOf } from './lock-artifacts.ts';
import { canaryOf, type Source } from './source.ts';
import { SPLITS } from './split.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'anneal-build-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const NO_SANDBOX: Sandbox = {
  describe: async () => 'none',
  run: async () => {
    throw new Error('nothing here runs anything');
  },
};
/** Words that no two of them share, except that those of one word in other letters are the same. */
const substanceOf = (word: string): string =>
  Array.from({ length: 14 }, (_, index) => `${word.toLowerCase()}${index}`).join(' ');
const SHARES = { visible: 0.6, gate: 0.2, sealed: 0.2 };

interface Word {
  readonly word: string;
  readonly licence?: string;
  readonly rate?: number;
}

/** Two items a page; every word becomes a task, except that `bad…` does not. */
function wordSource(
  words: readonly Word[],
  onDraft: (word: string) => void = () => undefined,
  ordered = false,
): Source {
  return {
    kind: 'words',
    description: { words: words.map(({ word }) => word) },
    ordered,
    async draw(cursor) {
      const from = Number(cursor ?? 0);
      const items = words.slice(from, from + 2).map(({ word }, index) => ({ key: `w${from + index}`, content: word }));
      return { items, next: from + 2 < words.length ? from + 2 : null };
    },
    async draft(item, { seed, store }) {
      const word = String(item.content);
      onDraft(word);
      if (word.startsWith('bad')) return { tasks: [], dropped: [{ id: item.key, why: ['it is bad', 'very bad'] }] };
      const id = taskId.parse(`words#${item.key}`);
      const task: ArtifactTask = {
        schema: 'anneal/artifact-task/v1',
        id,
        family: `family-${item.key}`,
        capability: 'words',
        instruction: `Write ${word}.`,
        format: 'structured-data',
        verifier: { name: 'structured-data', version: 1 },
        deliverables: [{ path: 'a.json', maxBytes: 100, required: true }],
        given: {},
        environment: null,
        check: { word },
        gold: { 'a.json': await store.put(JSON.stringify(word)) },
        baselineSeconds: null,
        canary: canaryOf(seed, id),
        source: { kind: 'words', name: word, licence: words.find((one) => one.word === word)?.licence ?? 'MIT' },
      };
      return { tasks: [{ task, substance: substanceOf(word), parents: [] }], dropped: [] };
    },
  };
}

const build = (words: readonly Word[], change: Partial<BuildInput> = {}) =>
  buildSet({
    name: 'test',
    source: wordSource(words),
    seed: 7,
    most: 100,
    shares: SHARES,
    sieve: {
      difficulty: { min: 0.1, max: 0.9 },
      licences: ['MIT'],
      alike: 0.8,
      known: [{ kind: 'prompt', name: 'system.md', text: `You know that ${substanceOf('leaked')}, of course.` }],
    },
    instruments: { sandbox: NO_SANDBOX },
    store: createFolderStore(root),
    parallel: 3,
    certify: async ({ check }) => ((check as { word: string }).word === 'flaky' ? ['it is flaky'] : []),
    measure: async ({ check }) => {
      const rate = words.find(({ word }) => word === (check as { word: string }).word)?.rate;
      return rate === undefined ? null : { solved: Math.round(rate * 10), tried: 10 };
    },
    ...change,
  });

const WORDS: Word[] = [
  { word: 'one' },
  { word: 'bad' },
  { word: 'two', rate: 0.5 },
  { word: 'flaky' },
  { word: 'easy', rate: 1 },
  { word: 'hard', rate: 0 },
  { word: 'secret', licence: 'Proprietary' },
  { word: 'ONE' },
  { word: 'leaked' },
  { word: 'three' },
  { word: 'four' },
];
const textOf = (lock: ArtifactSetLock): string => canonicalJson(artifactSetLock.parse(lock));

describe('buildSet', () => {
  test('has a lineage record for everything that was considered, kept or dropped', async () => {
    const { lock, lineage: made } = await build(WORDS);
    const said = lineage.parse(made).records.map(({ id, outcome, parents }) => ({ id, outcome, parents }));
    const dropped = (id: string, step: string, why: string[], parents: string[] = []) => ({
      ...{ id, parents },
      outcome: { what: 'dropped', step, why },
    });
    expect(said.filter(({ outcome }) => outcome.what === 'dropped')).toEqual([
      dropped('w1', 'draft', ['it is bad', 'very bad']),
      dropped('words#w3', 'certify', ['it is flaky']),
      dropped('words#w4', 'difficulty', ['too easy: solved 10 of 10, more than 0.9']),
      dropped('words#w5', 'difficulty', ['too hard: solved 0 of 10, less than 0.1']),
      dropped('words#w6', 'licence', ['Proprietary is not among the licences of this set']),
      dropped('words#w7', 'duplicate', ['nearly the same as words#w0'], ['words#w0']),
      dropped('words#w8', 'contamination', ['the prompt system.md shares 2 of its 2 runs of words']),
    ]);
    expect(said).toHaveLength(WORDS.length);
    expect(lock).toMatchObject({ considered: 11, kept: 4, licences: ['MIT'] });
    expect(lock.dropped).toEqual({ draft: 1, certify: 1, difficulty: 2, licence: 1, duplicate: 1, contamination: 1 });
    const rates = made.records.filter(({ passRate }) => passRate !== null).map(({ id }) => id);
    expect(rates).toEqual(['words#w2', 'words#w4', 'words#w5']);
  });

  test('locks the same bytes whatever runs beside what, and others for another seed', async () => {
    const first = textOf((await build(WORDS, { parallel: 1 })).lock);
    for (const parallel of [2, 5]) {
      const slow = Object.assign(wordSource(WORDS), {});
      const draft = slow.draft;
      const source: Source = {
        ...slow,
        draft: async (item, bench) => {
          await new Promise((done) => setTimeout(done, createHash('md5').update(item.key).digest()[0]! % 7));
          return draft(item, bench);
        },
      };
      const store = createFolderStore(join(root, String(parallel)));
      expect(textOf((await build(WORDS, { parallel, source, store })).lock)).toBe(first);
    }
    expect(textOf((await build(WORDS, { seed: 8 })).lock)).not.toBe(first);
  });

  test('goes on after being killed at any item, and gives the same lock', async () => {
    const whole = textOf((await build(WORDS, { store: createFolderStore(join(root, 'whole')) })).lock);
    for (let stop = 0; stop < WORDS.length; stop += 1) {
      const store = createFolderStore(join(root, `stop-${stop}`));
      let drafted = 0;
      const dying = wordSource(WORDS, () => {
        drafted += 1;
        if (drafted > stop) throw new Error('killed');
      });
      await expect(build(WORDS, { source: dying, store, parallel: 2 })).rejects.toThrow('killed');
      const again: string[] = [];
      const progress: BuildProgress[] = [];
      const source = wordSource(WORDS, (word) => again.push(word));
      const { lock } = await build(WORDS, { source, store, onProgress: (one) => progress.push(one) });
      expect(textOf(lock)).toBe(whole);
      expect(again).toHaveLength(WORDS.length - stop);
      expect(progress.findLast(({ step }) => step === 'items')).toMatchObject({ items: WORDS.length, resumed: stop });
    }
  });

  test('tries again what the machine did to an item, and gives up only then', async () => {
    let failures = 2;
    const certify = async (): Promise<string[]> => {
      failures -= 1;
      if (failures >= 0) throw new AnnealError('sandbox.failed', 'it broke');
      return [];
    };
    expect((await build([{ word: 'a' }, { word: 'b' }, { word: 'c' }], { certify })).lock.kept).toBe(3);
    const broken = async () => Promise.reject(new AnnealError('sandbox.failed', 'it broke'));
    const store = createFolderStore(join(root, 'broken'));
    await expect(build(WORDS, { certify: broken, store })).rejects.toMatchObject({ code: 'sandbox.failed' });
  });

  test('draws no more than asked for, stops when told, and names why nothing is left', async () => {
    expect((await build(WORDS, { most: 3, shares: { visible: 1, gate: 0, sealed: 0 } }).catch((e) => e)).code).toBe(
      'spec.impossible_split',
    );
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(build(WORDS, { signal: stop.signal })).rejects.toThrow('stopped');
    await expect(build([{ word: 'bad' }])).rejects.toMatchObject({
      code: 'tasks.none_left',
      message: 'none of 1 drawn items became a task: w0: it is bad; w0: very bad',
    });
  });

  test('its lock tells every change of a split', async () => {
    const store = createFolderStore(root);
    const { lock } = await build(WORDS, { store });
    const splits = await Promise.all(
      SPLITS.map(async (split) =>
        artifactSplit.parse(JSON.parse(Buffer.from(await store.get(lock.splits[split].object)).toString())),
      ),
    );
    expect(lockDifferences(lock, splits)).toEqual([]);
    const [visible] = splits;
    const [one, ...others] = visible!.tasks;
    const eased = { ...visible!, tasks: [{ ...one!, check: {} }, ...others] };
    expect(lockDifferences(lock, [eased])).toEqual(['the tasks of visible have another root']);
    const moved = { ...visible!, tasks: [...visible!.tasks, splits[1]!.tasks[0]!] };
    expect(lockDifferences(lock, [moved])).toHaveLength(3);
    const { gate, sealed } = lock.splits;
    const swapped = { ...lock, splits: { ...lock.splits, gate: sealed, sealed: gate } };
    expect(lockDifferences(swapped, [])).toContain('the root of the set is not that of its splits');
  });
});

test('an ordered source is cut in its order, and no split is empty', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 40 }), fc.nat(), (count, seed) => {
      const families = Array.from({ length: count }, (_, index) => `f${index}`);
      const splits = splitOf([...families, ...families], { shares: SHARES, seed, ordered: true });
      const ranks = families.map((family) => SPLITS.indexOf(splits.get(family)!));
      expect(ranks).toEqual([...ranks].sort());
      expect(new Set(ranks).size).toBe(3);
      expect(Math.abs(ranks.filter((rank) => rank === 0).length - SHARES.visible * count)).toBeLessThan(2);
    }),
  );
});

describe('a difficulty', () => {
  const rates = (of: Readonly<Record<string, [number, number]>>) =>
    new Map(Object.entries(of).map(([id, [solved, tried]]) => [id, { solved, tried }]));
  const SIEVE: BuildInput['sieve'] = { difficulty: { min: 0.05, max: 0.95 }, licences: ['MIT'], alike: 0.8, known: [] };
  const PLAIN = ['one', 'two', 'three', 'four', 'five'].map((word) => ({ word }));

  test('sieves by rates that were measured before, anew with each, and the lineage keeps them', async () => {
    const own = { sieve: SIEVE, measure: undefined } as unknown as Partial<BuildInput>;
    const before = await build(PLAIN, { sieve: { ...SIEVE, difficulty: { min: 0, max: 1 } } });
    expect(before.lock.kept).toBe(5);
    const after = await build(PLAIN, {
      ...own,
      passRates: rates({ 'words#w0': [8, 8], 'words#w1': [0, 7], 'words#w2': [3, 8] }),
    });
    expect(after.lock).toMatchObject({ kept: 3, dropped: { difficulty: 2 } });
    expect(
      after.lineage.records.map(({ id, passRate, outcome }) => [id, passRate, 'why' in outcome && outcome.why]),
    ).toEqual([
      ['words#w0', { solved: 8, tried: 8 }, ['too easy: solved 8 of 8, more than 0.95']],
      ['words#w1', { solved: 0, tried: 7 }, ['too hard: solved 0 of 7, less than 0.05']],
      ['words#w2', { solved: 3, tried: 8 }, false],
      ['words#w3', null, false],
      ['words#w4', null, false],
    ]);
    const again = await build(PLAIN, { ...own, passRates: rates({ 'words#w2': [8, 8] }) });
    expect(again.lock.kept).toBe(4);
  });

  test('that nothing measures is refused before anything is built, and so are the rates of another set', async () => {
    let drafted = 0;
    const source = wordSource(PLAIN, () => {
      drafted += 1;
    });
    const own = { sieve: SIEVE, measure: undefined, source } as unknown as Partial<BuildInput>;
    const failure = {
      code: 'spec.invalid',
      problems: [{ path: 'difficulty', hint: expect.stringContaining('./anneal pilot') }],
    };
    await expect(build(PLAIN, own)).rejects.toMatchObject(failure);
    expect(drafted).toBe(0);
    const foreign = build(PLAIN, { ...own, passRates: rates({ 'others#1': [1, 2] }) });
    await expect(foreign).rejects.toMatchObject(failure);
  });
});
