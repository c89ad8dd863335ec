// Each source on small data, in the real sandbox, through the whole pipeline where its verifier is quick.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PERMISSIVE_LICENCES } from '../../../contracts/set-spec.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../../../infra/store/folder.ts';
import { judgeSingleTurn } from '../../single-turn/judge.ts';
import { artifactOf } from '../../verifiers/artifact.ts';
import { leaderboard, leaderboardCheck } from '../../verifiers/leaderboard/leaderboard.ts';
import { scoreOf } from '../../verifiers/leaderboard/predictions.ts';
import type { Instruments } from '../../verifiers/verifier.ts';
import { buildSet } from '../build-set.ts';
import { certifyArtifactTask } from '../certify-artifact.ts';
import type { Draft, SourcePorts, Workbench } from '../source.ts';
import { SOURCES, sourceNamed } from '../sources.ts';

let root: string;
let ports: SourcePorts;
let bench: Workbench;
const files = new Map<string, string>();
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'anneal-sources-'));
  const sandbox = createBubblewrapSandbox();
  const store = createFolderStore(root);
  const openRepository = async () => Promise.reject(new Error('no repository here'));
  const readFile = async (path: string) => Buffer.from(files.get(path) ?? '');
  const readFolder = async (path: string) =>
    new Map(
      [...files]
        .filter(([name]) => name.startsWith(`${path}/`))
        .map(([name, text]) => [name.slice(path.length + 1), Buffer.from(text)]),
    );
  const keep = async () => Promise.reject(new Error('nothing is kept here'));
  ports = { sandbox, store, seed: 5, openRepository, readFile, readFolder, keep };
  bench = { instruments: { sandbox, secret: 'a secret of this test' }, store, seed: 5, signal: undefined };
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function draftAll(kind: string, options: object): Promise<Draft[]> {
  const found = sourceNamed(kind)!;
  const source = await found.open(found.options.parse(options), ports);
  const { items } = await source.draw(null);
  return Promise.all(items.map((item) => source.draft(item, bench)));
}
const certify = (task: Draft['tasks'][number]['task']) =>
  certifyArtifactTask(task, {
    store: bench.store as ReturnType<typeof createFolderStore>,
    instruments: bench.instruments,
    seed: 5,
    reruns: 2,
  });

test('every source has a name of its own', () => {
  expect(new Set(SOURCES.map(({ name }) => name)).size).toBe(SOURCES.length);
});

describe('human-eval', () => {
  const row = (change: object) =>
    JSON.stringify({
      task_id: 'Own/1',
      prompt: 'def twice(values):\n    """Each of the values two times.\n\n    >>> twice([1])\n    [1, 1]\n    """\n',
      entry_point: 'twice',
      canonical_solution: '    return [value for value in values for _ in range(2)]\n',
      test: 'def check(candidate):\n    assert candidate([]) == []\n    assert candidate([1]) == [1, 1]\n    assert candidate([1, "a"]) == [1, 1, "a", "a"]\n    assert candidate([3]) == [3, 3]\n',
      ...change,
    });
  test('the calls of its check become cases, and the task is certified', async () => {
    files.set('a.jsonl', row({}));
    const [draft] = await draftAll('human-eval', { file: 'a.jsonl', licence: 'MIT' });
    const [one] = draft!.tasks;
    expect(one!.task.check).toMatchObject({ kind: 'function', entry: 'twice', cases: { length: 4 } });
    expect(await certify(one!.task)).toMatchObject({ kept: true, reasons: [] });
  }, 240_000);
  test('cases that were learnt by heart earn nothing and raise an alarm, and a task without secret inputs says so', async () => {
    const double = row({
      ...{
        task_id: 'Own/4',
        prompt: 'def double(a):\n',
        entry_point: 'double',
        canonical_solution: '    return 2 * a\n',
      },
      test: `def check(candidate):\n${[1, 500, 90, 40].map((a) => `    assert candidate(${a}) == ${2 * a}\n`).join('')}`,
    });
    const truth = row({
      ...{
        task_id: 'Own/5',
        prompt: 'def no(a, b):\n',
        entry_point: 'no',
        canonical_solution: '    return a and not b\n',
      },
      test: `def check(candidate):\n${['True, True', 'True, False', 'False, True', 'False, False'].map((a) => `    candidate(${a})\n`).join('')}`,
    });
    files.set('d.jsonl', `${double}\n${truth}\n`);
    const [first, second] = (await draftAll('human-eval', { file: 'd.jsonl', licence: 'MIT' })).map(
      ({ tasks }) => tasks[0]!,
    );
    const judged = async (source: string) => {
      const turn = {
        task: first!.task,
        reply: `\`\`\`python\n${source}\`\`\``,
        seconds: 1,
        verifier: first!.task.verifier,
      };
      const weights = { correctness: 1, partial: 0, format: 0 };
      return judgeSingleTurn({
        ...turn,
        weights,
        purpose: 'train',
        instruments: bench.instruments,
        load: bench.store.get,
      });
    };
    expect(await judged('def double(a):\n    return {1: 2, 500: 1000, 90: 180, 40: 80}.get(a, 0)\n')).toMatchObject({
      outcome: 'integrity_alarm',
      alarms: [{ detector: 'special-casing' }],
    });
    expect(await judged('def double(a):\n    return a + a\n')).toMatchObject({ outcome: 'success', alarms: [] });
    expect(first!.notes).toBeUndefined();
    expect(second!.task.check).toMatchObject({ secretInputs: null });
    expect(second!.notes).toEqual([expect.stringMatching(/^no secret inputs: its cases leave 0 /)]);
    expect(await certify(first!.task)).toMatchObject({ kept: true, reasons: [] });
  }, 240_000);
  test('what its own check refuses, or what calls too little, is no task', async () => {
    const wrong = row({ task_id: 'Own/2', canonical_solution: '    return values\n' });
    const short = row({ task_id: 'Own/3', test: 'def check(candidate):\n    assert candidate([1]) == [1, 1]\n' });
    files.set('b.jsonl', `${wrong}\n${short}\n`);
    const drafts = await draftAll('human-eval', { file: 'b.jsonl', licence: 'MIT' });
    expect(drafts.flatMap(({ dropped }) => dropped.flatMap(({ why }) => why))).toEqual([
      'its own check fails on its reference: AssertionError: ',
      'its check makes 1 calls with values that a grader can compare, fewer than 3',
    ]);
  }, 60_000);
  test('a file that is wrong is told with its lines', async () => {
    files.set('c.jsonl', `${row({})}\n{}\n${row({})}\n`);
    await expect(draftAll('human-eval', { file: 'c.jsonl', licence: 'MIT' })).rejects.toThrow(
      /^the source's file has line 2: task_id: .*; line 3: Own\/1 stands there twice$/,
    );
  });
});

describe('traces', () => {
  test('what real tools did is told in words, and locks the same bytes twice', async () => {
    const found = sourceNamed('traces')!;
    const once = async (folder: string) =>
      buildSet({
        ...{ name: 'traces', seed: 5, most: 100, parallel: 2, shares: { visible: 0.5, gate: 0.25, sealed: 0.25 } },
        source: await found.open(found.options.parse({ tasks: 8 }), ports),
        sieve: { difficulty: { min: 0, max: 1 }, licences: PERMISSIVE_LICENCES, alike: 0.9, known: [] },
        instruments: { sandbox: ports.sandbox },
        store: createFolderStore(join(root, folder)),
      });
    const [first, second] = await Promise.all([once('first'), once('second')]);
    expect(second.lock).toEqual(first.lock);
    expect(first.lock.kept).toBeGreaterThanOrEqual(6);
  }, 120_000);
});

describe('ml-tasks', () => {
  let drafts: Draft[];
  beforeAll(async () => {
    drafts = await draftAll('ml-tasks', { tasks: 4 });
  }, 60_000);
  test('are certified: the best model wins a medal, and nothing unworked does', async () => {
    const tasks = drafts.flatMap((draft) => draft.tasks.map(({ task }) => task));
    expect(tasks.length).toBeGreaterThanOrEqual(3);
    for (const task of tasks) expect(await certify(task)).toMatchObject({ kept: true, reasons: [] });
  }, 60_000);
  test('a straight line, a constant and other ids win none', async () => {
    const task = drafts.flatMap((draft) => draft.tasks)[0]!.task;
    const check = leaderboardCheck.parse(task.check);
    const instruments = bench.instruments as Instruments;
    const score = async (text: string) => {
      const artifact = artifactOf({ 'submission.csv': text });
      const found = await leaderboard.judge({ check, artifact, given: new Map(), instruments });
      return found.gates.every(({ passed }) => passed) ? found.components[0]!.score : 'refused';
    };
    const rows = (value: (label: number) => number | string, ids = check.labels.map(({ id }) => id)) =>
      `id,prediction\n${ids.map((id, index) => `${id},${value(check.labels[index]?.label ?? 0)}\n`).join('')}`;
    expect(await score(rows((label) => label))).toBe(1);
    expect(await score(rows(() => 0))).toBe(0);
    expect(await score(rows(() => 'nan'))).toBe('refused');
    expect(await score(rows((label) => label, ['r1', ...check.labels.slice(1).map(({ id }) => id)]))).toBe('refused');
    expect(await score(rows((label) => label, [...check.labels.map(({ id }) => id), 'r0']))).toBe('refused');
    expect(
      await score(
        rows(
          (label) => label,
          check.labels.slice(1).map(({ id }) => id),
        ),
      ),
    ).toBe('refused');
  });
  test('scores', () => {
    const pairs = [
      { label: 1, predicted: 1 },
      { label: 0, predicted: 2 },
    ];
    expect(scoreOf('accuracy', pairs)).toBe(0.5);
    expect(scoreOf('rmse', pairs)).toBeCloseTo(Math.SQRT2, 12);
  });
});

test('a question that shows its hints is dropped before anything is run', async () => {
  const form = {
    ...{ id: 'count', origin: 'a thread', licence: 'CC-BY-4.0', category: 'text', environment: {}, tests: {} },
    ...{
      question: 'Count the words with uniq -c, please.',
      hints: ['uniq -c'],
      solution: 'true',
      deliverables: ['a.txt'],
    },
  };
  files.set('q.jsonl', JSON.stringify(form));
  const [draft] = await draftAll('questions', { file: 'q.jsonl' });
  expect(draft!.dropped).toEqual([{ id: 'questions#count', why: ['the question itself shows the hint "uniq -c"'] }]);
});
