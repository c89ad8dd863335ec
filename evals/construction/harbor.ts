// Reading a Harbor task folder (task.toml, instruction.md, environment/, tests/, solution/) into a task of the format terminal-state. The
// folder's own test.sh is not run: it reports in a file that whatever it starts can write too. Its Python tests are, one a process.
import { parse as parseToml, TomlError } from 'smol-toml';
import { z } from 'zod';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { type ArtifactTask, artifactTask, deliverable } from '../../contracts/artifact-task.ts';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import { createRandom } from '../../policies/random.ts';
import { type Artifact, textOf } from '../verifiers/artifact.ts';
import { sha256Of } from '../verifiers/gates.ts';
import type { Flip } from '../verifiers/patch/check.ts';
import { proposeFlips } from '../verifiers/patch/flips.ts';
import { fileOf } from '../verifiers/patch/runners.ts';
import { runTrials } from '../verifiers/patch/trials.ts';
import type { TerminalStateCheck } from '../verifiers/terminal-state/terminal-state.ts';
import type { Instruments } from '../verifiers/verifier.ts';
import { runWorkspace } from '../workspace/run.ts';
import { SEALED, WORKSPACE } from '../workspace/workspace.ts';

/** What we need and Harbor does not ask for stands in a table of its own, which Harbor passes over. */
const settings = z.looseObject({
  metadata: z.looseObject({
    category: z.string().default('terminal'),
    anneal: z.strictObject({
      /** What is left by a session and judged; paths from the working directory. */
      deliverables: z
        .array(z.strictObject({ path: z.string(), max_bytes: z.int().positive().default(1_000_000) }))
        .min(1),
      licence: z.string().min(1),
      baseline_sec: z.number().positive().optional(),
    }),
  }),
  verifier: z.looseObject({ timeout_sec: z.number().positive().max(600).default(60) }).default({ timeout_sec: 60 }),
  agent: z.looseObject({ timeout_sec: z.number().positive().default(600) }).default({ timeout_sec: 600 }),
});

export interface HarborFolder {
  readonly name: string;
  /** Every file, by path in the folder. */
  readonly files: Artifact;
}

const TWINS_A_TEST = 3;
const PROPOSALS_A_TEST = 6;
const DISK_BYTES = 256 * 2 ** 20;

/**
 * @returns the task, its files in the store; or everything that is wrong with the folder at once
 * @throws AnnealError `sandbox.*`, `verifier.failed`: nothing is known of the folder; `store.*`
 */
export async function readHarborTask(
  folder: HarborFolder,
  options: { readonly store: Pick<ArtifactStore, 'put'>; readonly instruments: Instruments; readonly seed: number },
): Promise<{ readonly task: ArtifactTask } | { readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const missing = (path: string, expected: string, hint: string, got?: string): void => {
    problems.push({ code: 'task.invalid', path, expected, ...(got === undefined ? {} : { got }), hint });
  };
  const text = (path: string, hint: string): string => {
    const bytes = folder.files.get(path);
    const found = bytes === undefined ? undefined : textOf(bytes);
    if (found === undefined || found.trim() === '')
      missing(
        path,
        'a text in UTF-8',
        hint,
        bytes === undefined ? 'no such file' : found === undefined ? 'other bytes' : 'nothing',
      );
    return found ?? '';
  };

  const config = configOf(text('task.toml', 'Every task folder has one.'), missing);
  const instruction = text('instruction.md', 'Say what the session has to leave behind.').trim();
  text('solution/solve.sh', 'Add the commands that solve the task: they make its gold.');
  const { workdir, given } = environmentOf(folder.files, missing);
  const here = (content: string): string =>
    content.replaceAll(new RegExp(`${workdir.replaceAll('.', '\\.')}(?![\\w-])`, 'g'), WORKSPACE);

  const tests: Record<string, string> = {};
  for (const path of [...folder.files.keys()].filter((one) => one.startsWith('tests/') && one !== 'tests/test.sh'))
    tests[path] = here(text(path, 'Only text is taken for tests; leave other files out.'));
  const ids = Object.entries(tests).flatMap(([path, content]) => idsIn(path, content));
  if (ids.length === 0)
    missing(
      'tests/',
      'tests/test_*.py with functions named test_…',
      'Write the checks as functions for pytest; test.sh is not run.',
    );
  const deliverables = config?.metadata.anneal.deliverables.map(({ path, max_bytes }, index) => {
    const one = deliverable.safeParse({ path, maxBytes: max_bytes });
    if (!one.success || path.startsWith('tests/'))
      missing(
        `task.toml: metadata.anneal.deliverables.${index}`,
        'a path that is not absolute and not below tests/',
        'Name what is left.',
        path,
      );
    return one.data;
  });
  if (config === undefined || deliverables === undefined || problems.length > 0) return { problems };

  const collect = deliverables.filter((one) => one !== undefined);
  const solved = await runWorkspace(options.instruments.sandbox, {
    files: given,
    sealed: new Map([...underSolution(folder.files)].map(([path, bytes]) => [path, retold(bytes, here)])),
    steps: [
      { what: 'the solution', argv: ['/bin/bash', `${SEALED}/solve.sh`], wallMs: 1_000 * config.agent.timeout_sec },
    ],
    collect,
    limits: { memoryBytes: 2 ** 30, diskBytes: DISK_BYTES, processes: 64, outputBytes: 65_536 },
  });
  const [step] = solved.steps;
  if (step?.how !== 'exited' || step.exitCode !== 0)
    missing(
      'solution/solve.sh',
      'exit code 0',
      'Run it in an empty sandbox without network.',
      `${step?.how} ${step?.exitCode ?? ''} ${step?.stderr.slice(-300) ?? ''}`,
    );
  for (const { path } of collect)
    if (![...solved.collected.keys()].some((one) => one === path || (path.endsWith('/') && one.startsWith(path))))
      missing(
        'solution/solve.sh',
        `${path} in the working directory`,
        'Let the solution write what the task declares.',
        'no such file',
      );
  for (const { path, why } of solved.refused)
    missing('solution/solve.sh', 'plain files', 'Leave no links.', `${path} ${why}`);
  if (problems.length > 0) return { problems };

  const check: TerminalStateCheck = {
    runner: 'pytest',
    tests,
    ids,
    flips: await twins({ tests, ids }, config.verifier.timeout_sec, solved.collected, options),
    secondsPerTest: config.verifier.timeout_sec,
  };
  for (const id of ids.filter((one) => !check.flips.some(({ test }) => test === one)))
    missing(
      id,
      'a test that the solution passes and that fails when an expected value is changed',
      'Compare with a written value.',
    );
  if (problems.length > 0) return { problems };
  const stored = async (files: Artifact): Promise<ArtifactTask['gold']> =>
    Object.fromEntries(
      await Promise.all([...files].map(async ([path, bytes]) => [path, await options.store.put(bytes)] as const)),
    );
  const task = artifactTask.safeParse({
    schema: 'anneal/artifact-task/v1',
    id: `harbor/${folder.name}`,
    family: folder.name,
    capability: `terminal/${config.metadata.category}`,
    instruction,
    format: 'terminal-state',
    verifier: { name: 'terminal-state', version: 1 },
    deliverables: collect,
    given: await stored(given),
    environment: null,
    check,
    gold: await stored(solved.collected),
    baselineSeconds: config.metadata.anneal.baseline_sec ?? null,
    canary: `anneal canary ${sha256Of(JSON.stringify([folder.name, instruction])).slice(0, 32)}`,
    source: { kind: 'harbor', name: folder.name, licence: config.metadata.anneal.licence },
  });
  if (task.success) return { task: task.data };
  for (const { path, message } of task.error.issues) missing(path.join('.'), message, 'Correct it in the folder.');
  return { problems };
}

type Missing = (path: string, expected: string, hint: string, got?: string) => void;

function configOf(text: string, missing: Missing): z.infer<typeof settings> | undefined {
  if (text === '') return undefined;
  let table: unknown;
  try {
    table = parseToml(text);
  } catch (failure) {
    if (!(failure instanceof TomlError)) throw failure;
    missing('task.toml', 'TOML', 'Correct the line that is named.', failure.message.split('\n')[0]);
    return undefined;
  }
  const read = settings.safeParse(table);
  for (const { path, message } of read.success ? [] : read.error.issues)
    missing(`task.toml: ${path.join('.')}`, message, 'The table metadata.anneal holds deliverables and licence.');
  return read.data;
}

/** What a Dockerfile does beyond placing files is another root file system, which a task names by its content and no reader builds. */
function environmentOf(files: Artifact, missing: Missing): { workdir: string; given: Artifact } {
  const dockerfile = textOf(files.get('environment/Dockerfile') ?? new Uint8Array()) ?? '';
  let workdir = '/app';
  for (const [index, line] of dockerfile.split('\n').entries()) {
    const [, word, rest = ''] = /^\s*([A-Za-z]+)\s+(.*)$/.exec(line) ?? [];
    if (word?.toUpperCase() === 'WORKDIR') workdir = rest.trim().replace(/\/+$/, '');
    else if (word !== undefined && !line.trim().startsWith('#') && !/^(FROM|COPY|LABEL|ENV)$/i.test(word))
      missing(
        `environment/Dockerfile:${index + 1}`,
        'FROM, WORKDIR and COPY',
        'Build a root file system and name it as the environment.',
        line.trim().slice(0, 100),
      );
  }
  if (!/^\/[\w./-]+$/.test(workdir))
    missing('environment/Dockerfile', 'a WORKDIR below the root', 'Work in /app, for example.', workdir);
  const given = [...files].filter(([path]) => path.startsWith('environment/') && path !== 'environment/Dockerfile');
  return {
    workdir: /^\/[\w./-]+$/.test(workdir) ? workdir : '/app',
    given: new Map(given.map(([path, bytes]) => [path.slice('environment/'.length), bytes])),
  };
}

const underSolution = (files: Artifact): Artifact =>
  new Map([...files].filter(([path]) => path.startsWith('solution/')).map(([path, bytes]) => [path.slice(9), bytes]));

const retold = (bytes: Uint8Array, here: (text: string) => string): Uint8Array => {
  const text = textOf(bytes);
  return text === undefined ? bytes : Buffer.from(here(text));
};

/** Functions and methods that pytest would collect. */
function idsIn(path: string, text: string): string[] {
  if (!/(^|\/)test_[^/]*\.py$/.test(path)) return [];
  const ids: string[] = [];
  let group: string | undefined;
  for (const line of text.split('\n')) {
    const name = /^class (Test\w*)/.exec(line)?.[1];
    if (name !== undefined) group = name;
    else if (/^\S/.test(line) && !/^[@)#]/.test(line)) group = undefined;
    const [, indent, test] = /^([ \t]*)(?:async )?def (test\w*)\s*\(/.exec(line) ?? [];
    if (test === undefined) continue;
    if (indent === '') ids.push(`${path}::${test}`);
    else if (group !== undefined) ids.push(`${path}::${group}::${test}`);
  }
  return ids;
}

/** Twins that have been seen to fail by an assertion on what the solution left. */
async function twins(
  { tests, ids }: Pick<TerminalStateCheck, 'tests' | 'ids'>,
  secondsPerTest: number,
  gold: Artifact,
  { instruments, seed }: { readonly instruments: Instruments; readonly seed: number },
): Promise<Flip[]> {
  const proposed = ids.flatMap((id) =>
    proposeFlips('python', id, tests[fileOf(id)]!, createRandom('harbor', seed, id)).slice(0, PROPOSALS_A_TEST),
  );
  if (proposed.length === 0) return [];
  const { tried } = await runTrials({
    check: { runner: 'pytest', sources: [], tests, secondsPerTest },
    repository: gold,
    trials: proposed.map((twin) => ({ id: twin.test, twin })),
    instruments,
    purpose: 'harbor',
  });
  const failing = tried.flatMap(({ twin, outcome }) => (twin !== undefined && outcome === 'failed' ? [twin] : []));
  return ids.flatMap((id) =>
    proposed.filter((twin) => twin.test === id && failing.includes(twin)).slice(0, TWINS_A_TEST),
  );
}

/** @throws AnnealError `task.invalid` with every problem */
export function taskOrThrow(read: Awaited<ReturnType<typeof readHarborTask>>, name: string): ArtifactTask {
  if ('task' in read) return read.task;
  throw new AnnealError('task.invalid', `${name} is no task that can be used`, { problems: read.problems });
}
