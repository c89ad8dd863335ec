// A task set from a real repository's history, certified, and a scripted policy judged by it. One command:
// npx node examples/30-swe-from-git-history/run.ts
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { artifactSplit } from '../../contracts/artifact-set.ts';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import { PERMISSIVE_LICENCES } from '../../contracts/set-spec.ts';
import { type BuiltSet, buildSet } from '../../evals/construction/build-set.ts';
import { gitHistory } from '../../evals/construction/git-history/git-history.ts';
import { lockDifferences } from '../../evals/construction/lock-artifacts.ts';
import { SPLITS } from '../../evals/construction/split.ts';
import { artifactOf } from '../../evals/verifiers/artifact.ts';
import { artifactVerifierFor } from '../../evals/verifiers/artifact-registry.ts';
import { type Judged, judgeArtifact } from '../../evals/verifiers/judge.ts';
import { PATCH_FILE } from '../../evals/verifiers/patch/check.ts';
import { openRepository } from '../../infra/git/reader.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { makeHistory } from './history.ts';
import { ATTEMPTS, type Attempt } from './solver.ts';

const SEED = 7;
const started = performance.now();
const say = (text = ''): void => void process.stdout.write(`${text}\n`);
const seconds = (): string => `${((performance.now() - started) / 1_000).toFixed(0)} s`;

const root = mkdtempSync(join(tmpdir(), 'anneal-swe-'));
const repository = join(root, 'minimist');
mkdirSync(repository);
const store = createFolderStore(join(root, 'store'));
const sandbox = createBubblewrapSandbox();
try {
  makeHistory(repository);
  const built = await build();
  say(`\n${built.lock.kept} of ${built.lock.considered} became tasks (${seconds()}). Root ${built.lock.root}\n`);
  for (const { id, outcome } of built.lineage.records)
    say(
      `  ${id.padEnd(28)} ${outcome.what === 'kept' ? `kept, ${outcome.split}` : `dropped by ${outcome.step}: ${outcome.why[0]}`}`,
    );
  const tasks = await lockedTasks(built);
  const wrong = await evaluate(tasks);
  say(`\n${wrong === 0 ? 'Every verdict is right' : `${wrong} verdicts are wrong`} (${seconds()}).`);
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function build(): Promise<BuiltSet> {
  const options = gitHistory.options.parse({ repository, name: 'minimist', bugEvery: 4, failToPass: 2, passToPass: 3 });
  const ports = {
    sandbox,
    store,
    seed: SEED,
    openRepository,
    readFile: async () => new Uint8Array(),
    readFolder: async () => new Map(),
  };
  return buildSet({
    name: 'minimist',
    source: await gitHistory.open(options, ports),
    ...{ seed: SEED, most: 100, store, instruments: { sandbox } },
    shares: { visible: 0.5, gate: 0.25, sealed: 0.25 },
    sieve: { difficulty: { min: 0, max: 1 }, licences: PERMISSIVE_LICENCES, alike: 0.8, known: [] },
    ...{ parallel: availableParallelism(), reruns: 2 },
    onProgress: ({ step, items, certified, dropped }) =>
      say(`${step.padEnd(6)} ${items} commits, ${certified} certified, ${dropped} dropped (${seconds()})`),
  });
}

/** What the lock says is what is judged by: a set that was changed is refused. */
async function lockedTasks({ lock }: BuiltSet): Promise<ArtifactTask[]> {
  const splits = await Promise.all(
    SPLITS.map(async (split) =>
      artifactSplit.parse(JSON.parse(Buffer.from(await store.get(lock.splits[split].object)).toString())),
    ),
  );
  const differences = lockDifferences(lock, splits);
  if (differences.length > 0) throw new Error(differences.join('; '));
  return splits.flatMap(({ tasks }) => tasks);
}

/** @returns how many verdicts are wrong */
async function evaluate(tasks: readonly ArtifactTask[]): Promise<number> {
  say(`\n${'task'.padEnd(26)} ${'the solver'.padEnd(38)} ${'verdict'.padEnd(9)} why`);
  let wrong = 0;
  for (let turn = 0; turn < Math.max(tasks.length, ATTEMPTS.length); turn += 1) {
    const task = tasks[turn % tasks.length]!;
    const attempt = ATTEMPTS[turn % ATTEMPTS.length]!;
    const judged = await judge(task, attempt);
    const solved = 'reward' in judged && judged.reward.solved;
    const verdict = 'reward' in judged ? (solved ? 'solved' : 'reward 0') : 'masked';
    if (solved !== attempt.right) wrong += 1;
    say(`${task.id.padEnd(26)} ${attempt.what.padEnd(38)} ${verdict.padEnd(9)} ${whyOf(judged).slice(0, 150)}`);
  }
  return wrong;
}

async function judge(task: ArtifactTask, attempt: Attempt): Promise<Judged> {
  const [given, gold] = await Promise.all([task.given, task.gold].map(loaded));
  const patch = attempt.patch({ gold: Buffer.from(gold!.get(PATCH_FILE)!).toString(), given: given! });
  return judgeArtifact({
    ...{
      task,
      given: given!,
      artifact: artifactOf({ [PATCH_FILE]: patch }),
      verifier: artifactVerifierFor(task.verifier),
    },
    shares: { process: 0, speed: 0 },
    instruments: { sandbox, secret: `evaluation of ${task.id}` },
  });
}

async function loaded(files: ArtifactTask['given']): Promise<Map<string, Uint8Array>> {
  return new Map(
    await Promise.all(Object.entries(files).map(async ([path, ref]) => [path, await store.get(ref)] as const)),
  );
}

function whyOf(judged: Judged): string {
  if (!('reward' in judged)) return judged.reason;
  const gate = judged.judgement.gates.find(({ passed }) => !passed);
  return gate === undefined
    ? judged.judgement.components.map(({ why }) => why).join('; ')
    : `${gate.name}: ${gate.why}`;
}
