// One call that would take hours costs its own task, not the construction; and sizes decide which, so that machines agree.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { artifactRef } from '../../contracts/artifact.ts';
import { stdlibTasksSpec } from '../../contracts/campaign.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { constructTaskSet } from './construct.ts';
import { lockTaskSet } from './lock.ts';
import { probeCompositions, probeFunctions } from './probe.ts';

vi.setConfig({ testTimeout: 240_000 });

const sandbox = createBubblewrapSandbox();
const part = (family: string, kind: string) => ({ family, kinds: [kind], form: 'plain' as const });
const PROD = part('math.prod', 'ints');
const FACTORIAL = part('math.factorial', 'natural');
const FINE = { inner: part('builtins.sum', 'ints'), outer: part('builtins.bin', 'int') };
/** Loops for ever in one call of C code, in little memory: no size says so. */
const ENDLESS = { inner: part('itertools.cycle', 'ints'), outer: part('builtins.max', 'ints') };

function quickstart() {
  const { tasks } = parse(readFileSync(new URL('../../examples/quickstart/campaign.yaml', import.meta.url), 'utf8'));
  return stdlibTasksSpec.parse({ ...tasks, startingPassRates: undefined });
}

test.each([7, 8, 9, 11])(
  'the factorial of a product is dropped for its size, the same each time (seed %i)',
  async (seed) => {
    const request = { pairs: [{ inner: PROD, outer: FACTORIAL }, FINE], seed, cases: 8 };
    const probed = await probeCompositions(sandbox, request);
    expect(probed.dropped).toEqual([
      {
        family: 'math.prod+math.factorial',
        reason: expect.stringMatching(/^(too few|fewer than 3) .+; \d+ of 90 inputs are too large for the call$/),
      },
    ]);
    expect(probed.found.map((item) => item.family)).toEqual(['builtins.sum+builtins.bin']);
    // However little time there is: no clock decided it.
    expect(await probeCompositions(sandbox, { ...request, seconds: 2 })).toEqual(probed);
  },
);

test('what no size foresees is dropped alone: endless work, too much memory', async () => {
  const greedy = { inner: part('itertools.count', 'int'), outer: part('builtins.list', 'ints') };
  const probed = await probeCompositions(sandbox, { pairs: [ENDLESS, greedy, FINE], seed: 1, cases: 8, seconds: 2 });
  const reasons = Object.fromEntries(probed.dropped.map(({ family, reason }) => [family, reason]));
  expect(reasons['itertools.cycle+builtins.max']).toBe('a call takes too long: more than 2 s of processor time');
  expect(reasons['itertools.count+builtins.list']).toMatch(/^a call takes too (much memory|long)/);
  expect(probed.found.map((item) => item.family)).toEqual(['builtins.sum+builtins.bin']);
});

test('a probe that is stopped says at what', async () => {
  const impatient: Sandbox = {
    describe: () => sandbox.describe(),
    run: (request) => sandbox.run({ ...request, limits: { ...request.limits, wallMs: 3_000 } }),
  };
  const probing = probeCompositions(impatient, { pairs: [ENDLESS], seed: 1, cases: 8, seconds: 100 });
  await expect(probing).rejects.toMatchObject({
    code: 'tasks.source_failed',
    message: 'the standard library could not be read (timeout while probing itertools.cycle+builtins.max)',
  });
  const broken: Sandbox = {
    describe: () => sandbox.describe(),
    run: async () => ({
      how: 'exited',
      exitCode: 1,
      stdout: '',
      stderr: 'probing math.floor\nprobing math.ceil\nTraceback\nImportError: no math\n',
      milliseconds: 1,
    }),
  };
  const nothing = { modules: ['math'], only: null, exclude: [], described: {}, never: {}, seed: 1, cases: 8 };
  await expect(probeFunctions(broken, nothing)).rejects.toThrow(
    '(exited while probing math.ceil: ImportError: no math)',
  );
});

test("the quickstart's seed gives the set that it always gave", async () => {
  const built = await constructTaskSet({ spec: quickstart(), seed: 7, sandbox });
  const put = async (bytes: string) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    return artifactRef.parse({ uri: `store:objects/${hash.slice(0, 2)}/${hash}`, sha256: hash, bytes: bytes.length });
  };
  const { root, python } = await lockTaskSet(built, { source: 'python-stdlib', seed: 7, put });
  // Another Python words its docstrings differently.
  if (python === 'CPython 3.11.2') {
    expect(root).toBe('15370b4742584e00dfcf2618257b63172f1eddd11d18d3f53163fa34336b971d');
  }
});

test('a seed whose compositions include the factorial of a product constructs, and says why that one is dropped', async () => {
  const built = await constructTaskSet({ spec: quickstart(), seed: 8, sandbox });
  expect(built.dropped).toContainEqual({
    id: 'math.prod+math.factorial',
    family: 'math.prod+math.factorial',
    reason: expect.stringMatching(/too large for the call$/),
  });
  expect(built.splits.visible.length).toBeGreaterThan(200);
});
