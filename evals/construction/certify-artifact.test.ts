import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { createRandom } from '../../policies/random.ts';
import { PROGRAM_CORPUS } from '../hacks/program/corpus.ts';
import { STRUCTURED_DATA_CORPUS } from '../hacks/structured-data/corpus.ts';
import { referenceTo, type Sample, type Variant } from '../hacks/variant.ts';
import { artifactHash, artifactOf } from '../verifiers/artifact.ts';
import { certifyArtifactTask } from './certify-artifact.ts';
import { mutants } from './mutants.ts';

vi.setConfig({ testTimeout: 120_000 });
const instruments = { sandbox: createBubblewrapSandbox(), secret: 'a secret' };

const storeOf = (...sets: Variant['artifact'][]) => ({
  get: async ({ sha256 }: ArtifactRef) => {
    const files = sets.flatMap((files) => Object.values(files));
    return Buffer.from(files.find((data) => referenceTo(data).sha256 === sha256)!);
  },
});
const certify = (sample: Sample, using = instruments) =>
  certifyArtifactTask(sample.task, { store: storeOf(sample.gold, sample.given), instruments: using, seed: 1 });

const changed = (sample: Sample, check: object, gold: Variant['artifact'] = sample.gold): Sample => ({
  ...sample,
  gold,
  task: {
    ...sample.task,
    check: { ...(sample.task.check as object), ...check },
    gold: Object.fromEntries(Object.entries(gold).map(([path, data]) => [path, referenceTo(data)])),
  },
});
const DATA = STRUCTURED_DATA_CORPUS[0]!;
const named = (name: string): Sample => PROGRAM_CORPUS.find(({ task }) => task.family === name)!;

test.concurrent.each([...STRUCTURED_DATA_CORPUS, named('gcd-python'), named('sum-python')])(
  '$task.id is kept',
  async (sample) => {
    const certificate = await certify(sample);
    expect(certificate).toMatchObject({ kept: true, reasons: [] });
    expect(certificate.flips.tried).toBeGreaterThan(3);
    expect(certificate.flips.refused).toBeGreaterThan(0);
  },
);

test('a task of which {} earns a part is dropped, with what it earns', async () => {
  const partly = changed(
    DATA,
    {
      schema: { type: 'object' },
      checks: [
        { kind: 'equals', name: 'the answer', at: '/answer', value: 4 },
        { kind: 'only-keys', name: 'nothing else', at: '', keys: ['answer'], weight: 3 },
      ],
    },
    { 'orders.json': '{"answer":4}' },
  );
  expect((await certify(partly)).reasons).toEqual(['{} earns 0.75']);
});

test('a task with an environment is certified on it where its verifier runs programs, and beside it where none runs', async () => {
  const roots = new Set<string | undefined>();
  const machine = createBubblewrapSandbox();
  const sandbox: Sandbox = {
    ...machine,
    run: ({ root, ...request }) => {
      roots.add(root?.sha256);
      return machine.run(request);
    },
  };
  const environment = referenceTo('a root');
  const on = (sample: Sample): Sample => ({ ...sample, task: { ...sample.task, environment } });
  expect(await certify(on(DATA), { ...instruments, sandbox })).toMatchObject({ kept: true });
  expect([...roots]).toEqual([]);
  expect(await certify(on(named('sum-python')), { ...instruments, sandbox })).toMatchObject({ kept: true });
  expect([...roots]).toEqual([environment.sha256]);
});

test('of a task whose environment cannot be used nothing is known: it is neither kept nor dropped', async () => {
  const unusable = new AnnealError('environment.unusable', 'no root');
  const sandbox = { describe: async () => '', run: () => Promise.reject(unusable) };
  const sample = named('sum-python');
  const elsewhere = { ...sample, task: { ...sample.task, environment: referenceTo('a root') } };
  await expect(certify(elsewhere, { ...instruments, sandbox })).rejects.toBe(unusable);
});

test('a task that anything solves is dropped, with every way in which it is', async () => {
  const anything = changed(DATA, {
    schema: { type: ['object', 'array'] },
    checks: [{ kind: 'only-keys', name: 'x', at: '', keys: ['orders', 'total'] }],
  });
  const { kept, reasons } = await certify(anything);
  expect(kept).toBe(false);
  expect(reasons).toContain('{} is rewarded');
  expect(reasons).toContain('the gold is rewarded with each of 6 values flipped');
});

test('what was given, handed in unchanged, must not do', async () => {
  const given = { 'orders.json': DATA.gold['orders.json']! };
  const sample = { ...DATA, given, task: { ...DATA.task, given: DATA.task.gold } };
  expect((await certify(sample)).reasons).toEqual(['what was given, unchanged is rewarded']);
});

test('a gold that is not rewarded, and one that is only sometimes', async () => {
  const wrong = await certify(changed(DATA, {}, { 'orders.json': '{"orders":[],"total":0}' }));
  expect(wrong.reasons).toEqual(['the gold is not rewarded: the orders: the list is empty']);
  const flaky =
    'import random, sys\nprint(sum(map(int, sys.stdin.read().split())), random.choice([" ", "  "]) * random.randrange(9**9 % 40))\n';
  const sometimes = await certify(changed(named('sum-python'), {}, { 'solution.py': flaky }));
  expect(sometimes.reasons).toEqual(['a second judgement of the gold differs from the first']);
});

test('everything that is wrong with the form of a task is told at once', async () => {
  const sample = changed(DATA, { schema: { type: 'strnig' }, checks: [] }, { 'other.json': '{}' });
  const { reasons } = await certify({
    ...sample,
    task: { ...sample.task, format: 'answer', instruction: `Do it. ${sample.task.canary}` },
  });
  expect(reasons).toEqual([
    'structured-data judges structured-data, not answer',
    expect.stringContaining('check.schema: is no JSON Schema that can be used'),
    expect.stringContaining('check.checks: '),
    'the gold: other.json is not among the deliverables',
    'the gold: orders.json is missing',
    'the instruction shows the canary',
  ]);
});

test('a verifier that cannot work for the gold drops the task; a machine that breaks says nothing of it', async () => {
  const { secretInputs } = named('sum-python').task.check as { secretInputs: object };
  const generator = { language: 'python', source: 'raise SystemExit(3)' };
  const broken = await certify(changed(named('sum-python'), { secretInputs: { ...secretInputs, generator } }));
  expect(broken.reasons).toEqual([expect.stringContaining('the gold cannot be judged: verifier.failed')]);
  const failing = {
    secret: 's',
    sandbox: {
      describe: async () => '',
      run: () => Promise.reject(new AnnealError('sandbox.failed', 'gone')),
    },
  };
  await expect(certify(named('sum-python'), failing)).rejects.toMatchObject({ code: 'sandbox.failed' });
});

test('a task of an unknown verifier is dropped with the names that exist', async () => {
  const sample = { ...DATA, task: { ...DATA.task, verifier: { name: 'structured-data', version: 99 } } };
  const { kept, reasons } = await certify(sample);
  expect([kept, reasons.length]).toEqual([false, 1]);
  expect(reasons[0]).toMatch(/no verifier structured-data@99 .* program@1, .*structured-data@1/);
});

test('a mutant differs from the gold in one file, and the same seed makes the same ones', () => {
  const content = fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.uint8Array({ minLength: 1 }));
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), content, { maxKeys: 3 }),
      fc.integer(),
      (files, seed) => {
        const gold = artifactOf(files);
        const made = mutants(gold, createRandom('x', seed), 5);
        for (const one of made) {
          const differing = [...one].filter(
            ([path, bytes]) => !Buffer.from(bytes).equals(Buffer.from(gold.get(path)!)),
          );
          expect(differing).toHaveLength(1);
        }
        expect(mutants(gold, createRandom('x', seed), 5).map(artifactHash)).toEqual(made.map(artifactHash));
      },
    ),
  );
});

test('of a page only what it says and does is changed', () => {
  const page =
    '<!doctype html><style>p { margin: 12px }</style><meta name="a"><!-- b --><p style="top: 3px" class="c">Sum</p><script>show(7)</script>';
  const gold = artifactOf({ 'index.html': page, 'look.css': 'p { margin: 8px }' });
  const made = mutants(gold, createRandom('x', 1), 100).map((one) => Buffer.from(one.get('index.html')!).toString());
  const dress =
    /^<!doctype html><style>p { margin: 12px }<\/style><meta name="a"><!-- b --><\w+ style="top: 3px" class="c">/;
  expect(made.length).toBeGreaterThan(3);
  expect(new Set(made).size).toBe(made.length);
  for (const one of made) expect(one).toMatch(dress);
  // What holds a value before what holds a word.
  expect(made[0]).toContain('show(8)');
});
