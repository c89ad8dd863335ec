// Reading a Harbor task folder (task.toml, instruction.md, environment/, tests/, solution/) into a task of the format terminal-state. The
// folder's own test.sh is not run: it reports in a file that whatever it starts can write too. Its Python tests are, one a process.
import type { ArtifactStore } from '../../../contracts/artifact.ts';
import { type ArtifactTask, artifactTask, deliverable } from '../../../contracts/artifact-task.ts';
import type { Problem } from '../../../contracts/errors.ts';
import { type Artifact, textOf } from '../../verifiers/artifact.ts';
import { instrumentsOn } from '../../verifiers/environment.ts';
import { sha256Of } from '../../verifiers/gates.ts';
import type { TerminalStateCheck } from '../../verifiers/terminal-state/terminal-state.ts';
import type { Instruments } from '../../verifiers/verifier.ts';
import { runWorkspace } from '../../workspace/run.ts';
import { SEALED, WORKSPACE } from '../../workspace/workspace.ts';
import { below, type MarkedFolder } from '../sources/marked-folders.ts';
import { type Environments, environmentOf } from './environment.ts';
import { configOf } from './settings.ts';
import { idsIn, twins } from './tests.ts';

const DISK_BYTES = 256 * 2 ** 20;

/**
 * @returns the task, its files in the store; or everything that is wrong with the folder at once
 * @throws AnnealError `sandbox.*`, `environment.unusable`, `verifier.failed`: nothing is known of the folder; `store.*`
 */
export async function readHarborTask(
  folder: MarkedFolder,
  options: {
    readonly store: Pick<ArtifactStore, 'put'>;
    readonly instruments: Instruments;
    readonly seed: number;
    readonly environments?: Environments;
  },
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
  const environments = options.environments ?? new Map();
  const { workdir, given, root } = environmentOf(folder.files, { config, environments }, missing);
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
  const instruments = instrumentsOn(options.instruments, root);
  const solved = await runWorkspace(instruments.sandbox, {
    files: given,
    sealed: new Map([...below('solution', folder.files)].map(([path, bytes]) => [path, retold(bytes, here)])),
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
    flips: await twins({ tests, ids }, config.verifier.timeout_sec, solved.collected, {
      instruments,
      seed: options.seed,
    }),
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
    environment: root,
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

const retold = (bytes: Uint8Array, here: (text: string) => string): Uint8Array => {
  const text = textOf(bytes);
  return text === undefined ? bytes : Buffer.from(here(text));
};
