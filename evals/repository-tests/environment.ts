// Finding out how a repository's tests run, by running them: a guess, what it says when it fails, a better guess. Nothing is
// installed: what needs a package that is not there is no task.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Artifact, textOf } from '../verifiers/artifact.ts';
import type { RunnerName } from '../verifiers/patch/check.ts';
import { RUNNERS, sealedFor } from '../verifiers/patch/runners.ts';
import type { Instruments } from '../verifiers/verifier.ts';
import { runCharged } from '../workspace/charged.ts';
import { SEALED } from '../workspace/workspace.ts';
import { isRunnable } from './classify.ts';

export interface Environment {
  readonly runner: RunnerName;
  /** Folders that modules are imported from. */
  readonly sources: readonly string[];
}

/** Whether each test passes, by its id. Ids that occur twice are left out: no runner can be asked for one of them. */
export type Outcomes = ReadonlyMap<string, boolean>;

export interface Screening {
  readonly outcomes: Outcomes;
  /** Last lines of what the runs said, for the next guess. */
  readonly said: readonly string[];
  /** Files that did not end, of which no test counts. */
  readonly hangs: readonly string[];
}

export interface ScreenOptions {
  /** Of the test files, these alone. */
  readonly only?: ReadonlySet<string>;
  /** After so many files that do not end the others are not run, and nothing counts: one where it is left out. */
  readonly mostHangs?: number;
  /** Wall clock of one file. */
  readonly fileMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * What takes more processor time hangs; the wall clock is far longer, since a busy machine must not decide what becomes a task. list_tests.py
 * sets the same limit for itself.
 */
const FILE_CPU_SECONDS = 10;
const FILE_MS = 120_000;
/** The first alone, so that what hangs everywhere is noticed early. */
const FILES_A_SANDBOX = 8;
const line = z.strictObject({ name: z.string(), passed: z.boolean() });

/** Every test file in a process of its own. @throws AnnealError `sandbox.*`, `verifier.failed` (`EndedByCandidate` among these) */
export async function screen(
  tree: Artifact,
  environment: Environment,
  instruments: Instruments,
  { only, mostHangs = 1, fileMs = FILE_MS, signal }: ScreenOptions = {},
): Promise<Screening> {
  const runner = RUNNERS[environment.runner];
  const names = runner.language === 'python' ? 'list_tests.py' : 'list-tests.mjs';
  const own = readFileSync(new URL(`./${names}`, import.meta.url));
  const sealed = new Map([...sealedFor(runner, instruments), [names, own]]);
  const files = testFiles(tree)
    .filter((path) => path.endsWith('.py') === (runner.language === 'python'))
    .filter((path) => only === undefined || only.has(path));
  const counts = new Map<string, number>();
  const outcomes = new Map<string, boolean>();
  const said: string[] = [];
  const hangs: string[] = [];
  for (let from = 0, count = 1; from < files.length; from += count, count = FILES_A_SANDBOX) {
    const some = files.slice(from, from + count);
    const { steps } = await runCharged(instruments.sandbox, {
      files: tree,
      sealed,
      steps: some.map((path) => ({ what: path, argv: argvFor(path, environment), wallMs: fileMs, fresh: new Map() })),
      collect: [],
      ...(signal === undefined ? {} : { signal }),
      limits: { ...runner.limits, outputBytes: 1 << 20 },
    });
    for (const [index, { how, stdout, stderr }] of steps.entries()) {
      const path = some[index]!;
      said.push(...stderr.trim().split('\n').slice(-20));
      if (how === 'timeout' || how === 'signalled') {
        hangs.push(path);
        said.push(`${path} does not end`);
        continue;
      }
      for (const text of stdout.split('\n')) {
        const read = parsed(text);
        if (read === undefined) continue;
        const id = `${path}::${read.name}`;
        counts.set(id, (counts.get(id) ?? 0) + 1);
        outcomes.set(id, read.passed);
      }
    }
    if (hangs.length >= mostHangs) return { outcomes: new Map(), said, hangs };
  }
  for (const [id, count] of counts) if (count > 1) outcomes.delete(id);
  return { outcomes, said, hangs };
}

export const testFiles = (tree: Artifact): string[] =>
  [...tree]
    .filter(([path, bytes]) => isRunnable(path, textOf(bytes) ?? ''))
    .map(([path]) => path)
    .sort();

function argvFor(path: string, { runner, sources }: Environment): readonly [string, ...string[]] {
  if (runner !== 'node-test')
    return ['python3', '-s', '-P', '-S', '-B', `${SEALED}/list_tests.py`, runner, path, ...sources];
  const reporter = ['--test-reporter', `${SEALED}/list-tests.mjs`, '--test-reporter-destination', 'stdout'];
  return [
    '/bin/sh',
    '-c',
    `ulimit -t ${FILE_CPU_SECONDS}; exec "$@"`,
    'sh',
    'node',
    '--no-warnings',
    ...reporter,
    path,
  ];
}

function parsed(text: string): z.infer<typeof line> | undefined {
  try {
    return line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const MOST_GUESSES = 5;

export type FoundEnvironment =
  | { readonly environment: Environment; readonly outcomes: Outcomes; readonly tried: readonly string[] }
  | { readonly why: readonly string[]; readonly hangs?: readonly string[] };

/** Runs guess after guess until some test passes. @throws AnnealError `sandbox.*`, `verifier.failed` */
export async function findEnvironment(
  tree: Artifact,
  instruments: Instruments,
  options: ScreenOptions = {},
): Promise<FoundEnvironment> {
  let guess = firstGuess(tree, instruments.tools?.has('pytest') === true);
  if (typeof guess === 'string') return { why: [guess] };
  const tried: string[] = [];
  for (let guesses = 0; guesses < MOST_GUESSES; guesses += 1) {
    const { outcomes, said, hangs } = await screen(tree, guess, instruments, options);
    const passed = [...outcomes.values()].filter(Boolean).length;
    tried.push(
      `${guess.runner} with ${guess.sources.map((one) => one || '.').join(', ')}: ${passed} of ${outcomes.size} pass`,
    );
    if (passed > 0) return { environment: guess, outcomes, tried };
    const next = betterGuess(guess, said, tree);
    if (typeof next === 'string') return { why: [next, ...tried], hangs };
    guess = next;
  }
  return { why: ['no guess at how its tests run was right', ...tried] };
}

/** Of what the tests import. Python's own runner also runs what was written for pytest with its classes, not the other way round. */
function firstGuess(tree: Artifact, hasPytest: boolean): Environment | string {
  const texts = testFiles(tree).map((path) => ({ path, text: textOf(tree.get(path)!) ?? '' }));
  const python = texts.filter(({ path }) => path.endsWith('.py'));
  if (texts.length === 0) return 'it has no tests that can be run';
  if (python.length < texts.length / 2) return { runner: 'node-test', sources: [''] };
  const cases = python.filter(({ text }) => /\bTestCase\b/.test(text)).length;
  if (cases >= python.length / 2) return { runner: 'unittest', sources: [''] };
  return hasPytest ? { runner: 'pytest', sources: [''] } : 'its tests need pytest, which the grader was not given';
}

/** From what the runs said. Pure. */
export function betterGuess(guess: Environment, said: readonly string[], tree: Artifact): Environment | string {
  for (const text of said) {
    const python = /No module named '([\w.]+)'/.exec(text)?.[1];
    if (python !== undefined) {
      const folder = folderOf(python, tree, guess.sources);
      return folder === undefined
        ? `it needs the package ${python}`
        : { ...guess, sources: [...guess.sources, folder] };
    }
    const node = /Cannot find (?:module|package) '([^']+)'/.exec(text)?.[1];
    if (node !== undefined) return `it needs the ${/^[./]/.test(node) ? 'file' : 'package'} ${node}`;
  }
  return `its tests do not run: ${said.at(-1) || 'they said nothing'}`;
}

/** The folder in which a module of that name lies and which is not looked in yet. */
function folderOf(module: string, tree: Artifact, known: readonly string[]): string | undefined {
  const path = module.replaceAll('.', '/');
  const ends = [`${path}.py`, `${path}/__init__.py`];
  const folders = [...tree.keys()].flatMap((file) =>
    ends.filter((end) => file === end || file.endsWith(`/${end}`)).map((end) => file.slice(0, -end.length - 1)),
  );
  return folders.sort((a, b) => a.length - b.length).find((folder) => !known.includes(folder));
}
