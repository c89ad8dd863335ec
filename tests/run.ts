// `npm test`: every check, one after the other, and one closing line. Parts: npm test -- PART …; `all`: every part, the corpora of honest
// and forged work (`npm run test:corpora`), an MLflow, the cluster's (`npm run test:k8s`), which builds a Kubernetes when it is missing, and
// the trainer's that go through a bucket (`npm run test:bucket`).
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import type { BinaryName } from '../k8s/testbed/programs.ts';
import { type Beside, beginBeside } from './support/beside.ts';
import { runPytest } from './support/pytest-run.ts';
import { closingLines, neverRan, type Tally, together } from './support/tally.ts';
import { testFiles } from './support/test-files.ts';
import { runVitest } from './support/vitest-run.ts';

type Part = () => Promise<Tally>;

const node = process.execPath;
const bin = (name: string): string => join('node_modules', '.bin', name);

/** Runs a command; its exit code is the one test of the part. */
const command =
  (...argv: [string, ...string[]]): Part =>
  async () =>
    (await exitCode(argv)) === 0
      ? { passed: 1, failed: 0, skipped: 0 }
      : { passed: 0, failed: 1, skipped: 0, remarks: [`FAILED ${argv.slice(1).join(' ')}`] };

/** Runs vitest over some folders. */
const vitest =
  (...folders: string[]): Part =>
  () =>
    runVitest(folders, (argv, TMPDIR) => exitCode([node, bin('vitest'), ...argv], { TMPDIR }));

const chosen = process.argv.slice(2);

/** What holds tests that need a program of the testbed; the others of `unit` need none, or have it in no run of everything. */
const NEEDS_PROGRAMS = [
  'tests/conformance/artifact-store.s3',
  'tests/conformance/table-files.s3',
  'cli/team/admission',
];

/** Go through a bucket, which the trainer's own environment cannot: it skips most of them. */
const BUCKET = ['test_s3_store', 'test_pod', 'test_server'].map((name) => `trainer/tests/${name}.py`);

const pytest: Part = async () => {
  const { trainerPython } = await import('./support/trainer-python.ts');
  const others = chosen.includes('all') ? BUCKET.map((file) => `--ignore=${file}`) : [];
  return runPytest(await trainerPython(), ['trainer/tests', ...others], exitCode);
};

const bucket: Part = async () => {
  const { withBucketPython } = await import('./support/bucket-python.ts');
  const tally = await withBucketPython((python) => runPytest(python, BUCKET, exitCode));
  // Here everything is there that they need.
  const remarks = [...(tally.remarks ?? []), `FAILED bucket: ${tally.skipped} tests were skipped`];
  return tally.skipped === 0 ? tally : { ...tally, failed: tally.failed + tally.skipped, skipped: 0, remarks };
};

/** Work that is judged by the hundred, in sandboxes and browsers: minutes each. */
const CORPORA = [
  'evals/hacks/corpus.test.ts',
  'evals/hacks/documents.test.ts',
  'evals/hacks/patch/runners.test.ts',
  'evals/hacks/web-page/corpus.test.ts',
  'evals/verifiers/web-page/dying-browser.test.ts',
];

const PARTS: Record<string, Part> = {
  lint: command(node, bin('biome'), 'check', '.'),
  types: async () =>
    // What runs in browsers knows a document and no Node.
    together(
      await command(node, bin('tsc'), '--noEmit')(),
      await command(node, bin('tsc'), '--noEmit', '-p', 'console/assets')(),
    ),
  imports: command('npm', 'run', '-s', 'check:imports'),
  setup: async () => {
    const { trainerPython } = await import('./support/trainer-python.ts');
    await trainerPython();
    return { passed: 1, failed: 0, skipped: 0 };
  },
  unit: vitest(
    'contracts',
    'policies',
    'workflows',
    'activities',
    'agents',
    'evals',
    'gateway',
    'infra',
    'worker',
    'cli',
    'console',
    'bench',
    'tests/accept',
    'tests/docs',
    'tests/conformance',
    'tests/contracts',
    'tests/build',
    'tests/imports',
    'tests/injections',
    'tests/research',
    'k8s',
    // Names are looked for anywhere in a path.
    '--exclude=tests/k8s/**',
    '--exclude=tests/agents/**',
    ...CORPORA.map((file) => `--exclude=${file}`),
    // Programs are built meanwhile: whether one is there would be chance. The cluster's part has these.
    ...(chosen.includes('all') ? NEEDS_PROGRAMS.map((start) => `--exclude=${start}*`) : []),
  ),
  // What needs no more than an API server, when its programs have been built.
  'api-server': vitest(
    ...['down', 'helm-server', 'rbac-network', 'reaper', 'request', 'runner', 'testbed-command', 'watch-informer'].map(
      (name) => `tests/k8s/${name}.test.ts`,
    ),
  ),
  trainer: pytest,
  replay: vitest('tests/replay'),
  temporal: vitest('tests/temporal'),
  journeys: vitest('tests/journeys', 'tests/approvals', 'tests/incidents'),
};

/** Builds programs from their Go modules, those that were not built before. */
const programs =
  (names: () => Promise<readonly BinaryName[]>): Part =>
  async () => {
    const { ensureBinaries } = await import('../k8s/testbed/binaries.ts');
    await ensureBinaries(await names(), (line) => console.log(line));
    return { passed: 1, failed: 0, skipped: 0 };
  };

const clusterPrograms = async (): Promise<readonly BinaryName[]> => {
  const { binariesOf } = await import('../k8s/testbed/testbed.ts');
  const { PARTS: all } = await import('../k8s/testbed/options.ts');
  return [...binariesOf(all), 'helm'];
};

/** The same in a process of its own, that uses what the other parts leave of the processors. */
const beginPrograms = async (): Promise<Beside> => {
  const builder = join('tests', 'support', 'build-programs.ts');
  const isOneDone = (line: string): boolean => /: (built in|there after) /.test(line);
  return beginBeside([node, builder, ...(await clusterPrograms())], (line) => console.log(line), isOneDone);
};

const joined =
  (begun: Beside): Part =>
  async () => {
    const code = await begun.join();
    if (code === 0) return { passed: 1, failed: 0, skipped: 0 };
    const remark = `FAILED the testbed's programs: their build ended with ${code}; what it said stands above`;
    return { passed: 0, failed: 1, skipped: 0, remarks: [remark] };
  };

/** Programs of others, installed where they are not yet, and the tests that need them, which `unit` skips without. */
const SERVERS: Record<string, { readonly install: Part; readonly tests: Part }> = {
  mlflow: {
    install: async () => {
      const { installMlflow } = await import('./support/mlflow-server.ts');
      await installMlflow((line) => console.log(line));
      return { passed: 1, failed: 0, skipped: 0 };
    },
    tests: vitest('tests/conformance/tracker.mlflow'),
  },
  deltalake: {
    install: async () => {
      const { installDeltaReader } = await import('./support/delta-reader.ts');
      await installDeltaReader((line) => console.log(line));
      return { passed: 1, failed: 0, skipped: 0 };
    },
    tests: vitest('tests/gateway/pool-tables-delta'),
  },
};

const CORPORA_PART: Record<string, Part> = { corpora: vitest(...CORPORA) };

const CLUSTER_PARTS: Record<string, Part> = {
  testbed: programs(clusterPrograms),
  // They mostly wait for a cluster: three at once are no burden to two cores.
  k8s: vitest('--maxWorkers=3', 'tests/k8s', ...NEEDS_PROGRAMS),
  bucket,
};

/** Only by their names. */
const OWN_PARTS: Record<string, Part> = {
  // Its build takes longer than all of the testbed's together (`npm run test:temporal`).
  'temporal-server': programs(async () => ['temporal-server']),
  // What is scraped and traced, by a real Prometheus and a real collector, built from their modules.
  observability: async () => {
    const built = await programs(async () => ['promtool', 'prometheus', 'otelcol'])();
    return together(built, await vitest('infra/metrics/prometheus', 'infra/tracing/campaign')());
  },
  // Ray Data, `datasets` and Spark, which read the pool's tables: two gigabytes.
  engines: async () => {
    const { installEngines } = await import('./support/engines.ts');
    await installEngines((line) => console.log(line));
    return await vitest('--maxWorkers=1', 'tests/engines')();
  },
  // Three real agents from PyPI, a gigabyte of Python.
  agents: async () => {
    const { trainerPython } = await import('./support/trainer-python.ts');
    const { installAgents } = await import('./agents/environments.ts');
    // One of them asks the real model.
    await trainerPython();
    await installAgents((line) => console.log(line));
    return await vitest('--maxWorkers=1', 'tests/agents')();
  },
};

/** Deeper runs, agents and engines of others, and what needs a Temporal server or a Prometheus built from their modules: each has its own command. */
const NOT_OF_ALL = [
  ...['tests/k8s/deep.test.ts', 'tests/temporal/secure.test.ts', 'infra/metrics/prometheus.test.ts'],
  ...['tests/agents/agents.test.ts', 'tests/agents/real-model.test.ts', 'tests/engines/tables.test.ts'],
];

// The cluster's tests hold those of the API server.
const { 'api-server': _, ...withoutCluster } = PARTS;
/** Where `unit` follows, it holds the tests of a server too, and they are not run twice. */
const withUnit = chosen.includes('all') || chosen.includes('unit');
const servers: Record<string, Part> = Object.fromEntries(
  Object.entries(SERVERS).map(([name, { install, tests }]) => [
    name,
    withUnit ? install : async () => together(await install(), await tests()),
  ]),
);
const begun = chosen.includes('all') ? await beginPrograms() : undefined;
const cluster = { ...CLUSTER_PARTS, ...(begun === undefined ? {} : { testbed: joined(begun) }) };
const all = { ...servers, ...withoutCluster, ...CORPORA_PART, ...cluster };
const usual = chosen.length === 0 ? PARTS : chosen.includes('all') ? all : {};
const named = Object.entries({ ...OWN_PARTS, ...servers, ...PARTS, ...CORPORA_PART, ...cluster })
  .filter(([name]) => chosen.includes(name))
  // What others need comes first.
  .toSorted(([left], [right]) => Number(right === 'setup') - Number(left === 'setup'));
let total: Tally = { passed: 0, failed: 0, skipped: 0 };
for (const [name, part] of Object.entries({ ...usual, ...Object.fromEntries(named) })) {
  const startedAt = Date.now();
  console.log(`\n── ${name} ──`);
  // Whatever a part throws, the others are run and the closing line is told.
  const tally = await part().catch((failure: unknown): Tally => {
    const why = failure instanceof Error ? failure.message : String(failure);
    return { passed: 0, failed: 1, skipped: 0, remarks: [`FAILED ${name}: ${why}`] };
  });
  total = together(total, tally);
  console.log(
    `── ${name}: ${tally.passed} passed, ${tally.failed} failed in ${((Date.now() - startedAt) / 1000).toFixed(0)} s`,
  );
}
if (chosen.includes('all')) {
  const left = neverRan(total, testFiles(), NOT_OF_ALL);
  const remarks = left.map((file) => `FAILED ${file}: none of its tests ran here`);
  total = together(total, { passed: 0, failed: left.length, skipped: 0, remarks });
}
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
console.log(`\n${closingLines(total).join('\n')}`);

function exitCode(argv: readonly string[], env: Record<string, string> = {}): Promise<number> {
  return new Promise((end) => {
    const child = spawn(argv[0]!, argv.slice(1), {
      stdio: ['ignore', 'inherit', 'inherit'],
      // Hundreds of processes load the same packages: what Node has compiled of them is kept, as `./anneal` keeps it.
      env: { NODE_COMPILE_CACHE: resolve('node_modules/.cache/anneal'), ...process.env, ...env },
    });
    child.on('error', () => end(127));
    child.on('exit', (code) => end(code ?? 1));
  });
}
