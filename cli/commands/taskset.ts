// taskset build, certify, lock, diff: task sets from sources, before any campaign.
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { createDocuments } from '../../activities/read.ts';
import { judgeOfSet } from '../../activities/set-judge.ts';
import { type ArtifactRef, artifactRef } from '../../contracts/artifact.ts';
import {
  type ArtifactSetLock,
  type ArtifactSplit,
  artifactSetLock,
  artifactSplit,
} from '../../contracts/artifact-set.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import { lockName } from '../../contracts/locked-set.ts';
import { type TaskSetManifest, taskSetManifestName } from '../../contracts/made-with.ts';
import { countsOf, type PassRateFile, passRateFile } from '../../contracts/pass-rates.ts';
import type { Split } from '../../contracts/task.ts';
import { type BuildProgress, type BuiltSet, buildSet } from '../../evals/construction/build-set.ts';
import { refuseUnfit } from '../../evals/construction/campaign-set.ts';
import { certifyArtifactTask } from '../../evals/construction/certify-artifact.ts';
import { compareSets } from '../../evals/construction/compare-sets.ts';
import { lockDifferences } from '../../evals/construction/lock-artifacts.ts';
import { requireSigned, signLock } from '../../evals/construction/signed-lock.ts';
import { hashOf, type SourcePorts } from '../../evals/construction/source.ts';
import type { JudgeInstrument } from '../../evals/verifiers/rubric/judging.ts';
import { whyNotJudged } from '../../evals/verifiers/rubric/tasks.ts';
import { openJudge } from '../../infra/judge-model/open.ts';
import { madeWith } from '../../infra/made-with.ts';
import { sourceReader } from '../../infra/source-files/read.ts';
import { browserOf, sandboxOf, toolsOf } from '../instruments.ts';
import { interruptible } from '../interrupt.ts';
import { type Run, type Session, screen } from '../session.ts';
import { type ReadSet, readSet } from '../spec/set.ts';
import { expectedIn } from '../spec/source.ts';
import { renderBuilt, renderCertificates, renderDifference } from '../view/taskset.ts';
import { addTasksetDraft } from './taskset-draft.ts';

/** The sealed split is looked at behind its gate only. */
const OPEN = ['visible', 'gate'] as const satisfies readonly Split[];

const RATES = 'how often a model solves each task, as ./anneal pilot wrote it: what the difficulty is measured by';
interface Rated {
  readonly passRates?: string | undefined;
}

export function addTaskset(program: Command, run: Run): void {
  const taskset = program.command('taskset').description('make sets of tasks from sources, and look at them');
  addTasksetDraft(taskset, run);
  const kept = 'Stopped. What was done is kept: the same command goes on from there.';
  taskset
    .command('build <file>')
    .description('draw, draft and certify the tasks of a set; says what is kept, what is dropped and why')
    .option('--pass-rates <file>', RATES)
    .action((file: string, { passRates }: Rated, command: Command) =>
      run(
        (session) =>
          interruptible(async (signal) => void print(session, await build(session, { file, passRates, signal })), kept),
        command,
      ),
    );
  taskset
    .command('lock <file>')
    .description(
      'build what is not built yet, and write the lock that campaigns refer to; an existing one is never changed',
    )
    .requiredOption('--out <lock>', 'the file to write')
    .option('--pass-rates <file>', RATES)
    .action((file: string, { out, passRates }: Rated & { out: string }, command: Command) =>
      run((session) => interruptible((signal) => lock(session, { file, out, passRates, signal }), kept), command),
    );
  taskset
    .command('certify <lock>')
    .description('judge the gold of every task of the visible and the gate split again, and what nobody worked for')
    .option('--set <file>', "the set's file, for its judge: where tasks have rubrics")
    .action((file: string, { set }: { set?: string }, command: Command) =>
      run((session) => interruptible((signal) => certify(session, { file, set, signal }), 'Stopped.'), command),
    );
  taskset
    .command('diff <before> <after>')
    .description('what differs between two locks: tasks added, removed, changed, moved to another split')
    .action((before: string, after: string, _flags: object, command: Command) =>
      run((session) => diff(session, before, after), command),
    );
}

interface Building extends Rated {
  readonly file: string;
  readonly signal: AbortSignal;
}

async function build(session: Session, { file, passRates, signal }: Building): Promise<BuiltSet> {
  const read = await readSet(file, { measured: passRates !== undefined });
  const rates = passRates === undefined ? undefined : countsOf(await readRates(passRates));
  const { spec, kind, options, known, folder } = read;
  const { store, config } = session;
  const sandbox = sandboxOf(config, store);
  const ports: SourcePorts = {
    ...{ sandbox, store, seed: spec.seed },
    ...sourceReader(folder, store),
  };
  const { name, seed, most, splits, difficulty, licences, alike } = spec;
  const judge = await measuredJudge(session, read, signal);
  const browser = browserOf(config);
  return buildSet({
    ...{ name, seed, most, store, signal, shares: splits, source: await kind.open(options, ports) },
    sieve: { difficulty, licences, alike, known },
    ...(rates && { passRates: rates }),
    instruments: { sandbox, ...(judge && { judge }), ...(browser && { browser }), tools: await toolsOf(config)() },
    parallel: availableParallelism(),
    onProgress: tellProgress,
  });
}

/** Asked by what it was measured with before, if it was. */
async function measuredJudge(
  { store, config }: Session,
  { spec, judged }: Pick<ReadSet, 'spec' | 'judged'>,
  signal: AbortSignal,
): Promise<JudgeInstrument | undefined> {
  if (spec.judge === undefined || judged === undefined) return undefined;
  const ports = { store, documents: createDocuments(store), open: openJudge(config.judgeKeys) };
  const onProgress = (done: number, total: number): void =>
    tell(`judge: ${done} of ${total} questions`, done === total);
  return judgeOfSet(ports, { judge: spec.judge, set: judged.text }, { signal, onProgress });
}

async function lock(session: Session, { out, ...building }: Building & { readonly out: string }): Promise<void> {
  const built = await build(session, building);
  const json = canonicalJson(built.lock);
  const text = `${json}\n`;
  await writeFile(out, text, { flag: 'wx' }).catch(async (cause: unknown) => {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
    if ((await readFile(out, 'utf8')) === text) return;
    throw new AnnealError(
      'tasks.lock_mismatch',
      `${out} locks another set. A locked set is never changed: name another file`,
      { cause },
    );
  });
  await keep(session, built.lock.root, await session.store.put(json));
  print(session, built);
}

/**
 * Campaigns name a set by its root, and find its lock by it. The first lock of a root stands, since another one has the same tasks; one that
 * nobody known here signed is nobody's lock, and this one takes its place.
 */
async function keep(session: Session, root: ArtifactSetLock['root'], lock: ArtifactRef): Promise<void> {
  const { store } = session;
  const identity = await session.identity();
  await signLock(store, identity, { root, lock });
  const made = await madeWith(session.config, sandboxOf(session.config, store));
  const manifest: TaskSetManifest = { schema: 'anneal/task-set-manifest/v1', root, lock: lock.sha256, made };
  await store.createNamed(taskSetManifestName(lock.sha256), canonicalJson(manifest));
  if (await store.createNamed(lockName(root), JSON.stringify(lock))) return;
  const found = (await store.readNamed(lockName(root)))!;
  const first = artifactRef.safeParse(parsedJson(new TextDecoder().decode(found.bytes)));
  const stands = first.success && (await isSigned(session, { root, lock: first.data }));
  if (!stands) await store.swapNamed(lockName(root), found.tag, JSON.stringify(lock));
}

async function isSigned(session: Session, of: Parameters<typeof requireSigned>[2]): Promise<boolean> {
  const { verifyBytes } = await session.identity();
  return requireSigned(session.store, verifyBytes, of).then(
    () => true,
    (failure: unknown) => {
      if (failure instanceof AnnealError && failure.code === 'tasks.unsigned') return false;
      throw failure;
    },
  );
}

function print(session: Session, { lock: made, lineage }: BuiltSet): void {
  if (session.json) process.stdout.write(`${JSON.stringify({ lock: made, lineage: lineage.records }, undefined, 2)}\n`);
  else process.stdout.write(`${renderBuilt(made, lineage, screen(session)).join('\n')}\n`);
}

async function certify(
  session: Session,
  { file, set, signal }: { readonly file: string; readonly set: string | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const { store, config } = session;
  const made = await readLock(file);
  await requireSignedHere(session, made);
  const splits = await splitsOf(session, made, OPEN);
  const differences = lockDifferences(made, splits);
  if (differences.length > 0)
    throw new AnnealError('tasks.lock_mismatch', `the task set differs from its lock: ${differences.join('; ')}`);
  const sandbox = sandboxOf(config, store);
  const tasks = splits.flatMap((split) => split.tasks);
  const read = set === undefined ? undefined : await readSet(set);
  refuseUnfit(
    tasks.map((task) => ({ id: task.id, why: whyNotJudged(task, read?.judged?.setups) })),
    `judged${set === undefined ? ' (--set names the file with their judge)' : ''}`,
  );
  const judge = read && (await measuredJudge(session, read, signal));
  const browser = browserOf(config);
  const instruments = {
    ...{ sandbox, secret: `certify ${made.root}`, ...(judge && { judge }), ...(browser && { browser }) },
    tools: await toolsOf(config)(),
  };
  const certificates = [];
  for (const task of tasks) {
    signal.throwIfAborted();
    certificates.push(await certifyArtifactTask(task, { store, instruments, seed: made.seed }));
    tell(`${certificates.length} of ${tasks.length} tasks`, certificates.length === tasks.length);
  }
  if (session.json) process.stdout.write(`${JSON.stringify({ root: made.root, certificates }, undefined, 2)}\n`);
  else process.stdout.write(`${renderCertificates(made, certificates, screen(session)).join('\n')}\n`);
  if (certificates.some((one) => !one.kept)) process.exitCode = EXIT.failed;
}

async function diff(session: Session, before: string, after: string): Promise<void> {
  const [a, b] = await Promise.all([readLock(before), readLock(after)]);
  for (const one of [a, b]) await requireSignedHere(session, one);
  const [left, right] = await Promise.all([splitsOf(session, a, OPEN), splitsOf(session, b, OPEN)]);
  const difference = compareSets({ lock: a, splits: left }, { lock: b, splits: right });
  if (session.json) process.stdout.write(`${JSON.stringify(difference, undefined, 2)}\n`);
  else process.stdout.write(`${renderDifference(difference, screen(session)).join('\n')}\n`);
}

/** @throws AnnealError `spec.missing_file`, `spec.invalid` */
async function readRates(file: string): Promise<PassRateFile> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new AnnealError('spec.missing_file', `The pass rates ${file} cannot be read.`, { cause });
  });
  const parsed = passRateFile.safeParse(parsedJson(text));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => ({
    ...{ code: 'spec.out_of_range' as const, path: path.join('.'), expected: expectedIn(message) },
    hint: 'Pass rates are written by ./anneal pilot.',
  }));
  throw new AnnealError('spec.invalid', `${file} holds no pass rates.`, { problems });
}

/** @throws AnnealError `spec.missing_file`, `spec.invalid` */
async function readLock(file: string): Promise<ArtifactSetLock> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new AnnealError('spec.missing_file', `The lock ${file} cannot be read.`, { cause });
  });
  const json = parsedJson(text);
  const parsed = artifactSetLock.safeParse(json);
  if (parsed.success) return parsed.data;
  const hint = 'A lock is written by ./anneal taskset lock and never by hand.';
  const whole = {
    code: 'spec.wrong_type',
    path: 'the whole file',
    expected: 'JSON',
    got: 'something else',
    hint,
  } as const;
  const problems =
    json === undefined
      ? [whole]
      : parsed.error.issues.map(({ path, message }) => ({
          ...{ code: 'spec.out_of_range' as const, path: path.join('.') || whole.path },
          ...{ expected: expectedIn(message), hint },
        }));
  throw new AnnealError('spec.invalid', `${file} is no lock of a task set.`, { problems });
}

async function requireSignedHere(session: Session, made: ArtifactSetLock): Promise<void> {
  const { verifyBytes } = await session.identity();
  await requireSigned(session.store, verifyBytes, { root: made.root, lock: { sha256: hashOf(made) } });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function splitsOf({ store }: Session, made: ArtifactSetLock, which: readonly Split[]): Promise<ArtifactSplit[]> {
  return Promise.all(
    which.map(async (split) =>
      artifactSplit.parse(JSON.parse(new TextDecoder().decode(await store.get(made.splits[split].object)))),
    ),
  );
}

function tellProgress({ step, items, resumed = 0, certified, dropped }: BuildProgress): void {
  const before = resumed === 0 ? '' : ` (${resumed} done before)`;
  tell(`${step}: ${items} drawn${before}, ${certified} certified, ${dropped} dropped`, step === 'lock');
}

/** In a log a line now and then. */
const BETWEEN_MS = 20_000;
let told = performance.now();

function tell(text: string, last: boolean): void {
  if (process.stderr.isTTY) return void process.stderr.write(`\r\x1b[K${text}${last ? '\n' : ''}`);
  if (!last && performance.now() - told < BETWEEN_MS) return;
  told = performance.now();
  process.stderr.write(`${text}\n`);
}
