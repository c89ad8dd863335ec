// The sandbox that candidates run in: bubblewrap, installed by the system's package manager where that is allowed, and
// proved by a trial run.
import { AnnealError, asAnnealError } from '../../../contracts/errors.ts';
import { childEnvironment } from '../../config.ts';
import { capture, onPath } from '../../process/capture.ts';
import { createBubblewrapSandbox } from '../../sandbox/bubblewrap.ts';
import { type OnProgress, stepReporter } from './progress.ts';

interface PackageManager {
  readonly command: string;
  readonly install: readonly (readonly [string, ...string[]])[];
  /** What a person would type, each with or without sudo before it. */
  readonly hint: readonly string[];
}

const MANAGERS: readonly PackageManager[] = [
  {
    command: 'apt-get',
    install: [
      ['apt-get', 'update', '-q'],
      ['apt-get', 'install', '-y', '-q', '--no-install-recommends', 'bubblewrap'],
    ],
    hint: ['apt-get update', 'apt-get install -y bubblewrap'],
  },
  { command: 'dnf', install: [['dnf', 'install', '-y', 'bubblewrap']], hint: ['dnf install -y bubblewrap'] },
  { command: 'apk', install: [['apk', 'add', 'bubblewrap']], hint: ['apk add bubblewrap'] },
];

/**
 * Makes sure that a sandbox can be made. Its own trial is the proof: a program being on PATH says nothing about namespaces.
 * @throws AnnealError `sandbox.unavailable` with the command to run, or what to allow
 */
export async function ensureSandbox(
  pythonPath: string | undefined,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<string> {
  const report = stepReporter('sandbox', onProgress);
  const first = await tryOut(pythonPath);
  if (!(first instanceof AnnealError)) {
    report('cached', first);
    return first;
  }
  if (onPath('bwrap') !== undefined) throw first;
  const manager = MANAGERS.find((one) => onPath(one.command) !== undefined);
  const prefix = await rootPrefix();
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  const byHand =
    manager === undefined
      ? 'install bubblewrap 0.8 or newer with this system’s package manager'
      : `run: ${manager.hint.map((line) => sudo + line).join(' && ')}`;
  if (manager === undefined || prefix === undefined) {
    throw new AnnealError('sandbox.unavailable', `bubblewrap is not installed; ${byHand}`);
  }
  report('running', `installing bubblewrap with ${manager.command}`);
  for (const argv of manager.install) {
    const [command, ...rest] = argv;
    const done = await capture([...prefix, command, ...rest] as [string, ...string[]], {
      timeoutMs: 600_000,
      signal,
      env: childEnvironment({ DEBIAN_FRONTEND: 'noninteractive' }),
    });
    // A failed refresh of the package lists may still leave a list that has the package.
    if (done.code !== 0 && argv === manager.install.at(-1)) {
      const last = done.stderr.trim().split('\n').slice(-3).join('\n  ');
      throw new AnnealError('sandbox.unavailable', `bubblewrap could not be installed; ${byHand}\n  ${last}`);
    }
  }
  const second = await tryOut(pythonPath);
  if (second instanceof AnnealError) throw second;
  report('done', second);
  return second;
}

/** What isolates, or why nothing does. `pythonPath` as the worker has it: only when the user named one. */
export async function tryOut(pythonPath: string | undefined): Promise<string | AnnealError> {
  try {
    return await createBubblewrapSandbox(pythonPath === undefined ? {} : { pythonPath }).describe();
  } catch (failure) {
    return asAnnealError(failure);
  }
}

/** How to become root without asking anybody; undefined when that is not possible. */
async function rootPrefix(): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  if (onPath('sudo') === undefined) return undefined;
  const passwordless = await capture(['sudo', '-n', 'true'], { timeoutMs: 10_000 });
  return passwordless.code === 0 ? ['sudo', '-n'] : undefined;
}
