// A real MLflow server on a free port, for tests. It is Python of its own, 350 MB: installed once into .testbed when asked for
// (`node tests/support/mlflow-server.ts install`); where it is not, its tests are skipped and say so.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { installedPython, installPython } from './locked-python.ts';
import { freePort } from './temporal-server.ts';

const ENVIRONMENT = { name: 'mlflow', lock: fileURLToPath(new URL('./mlflow-server.lock', import.meta.url)) };
/** Its imports alone take half a minute on a busy machine. */
const START_MS = 240_000;

/** Its interpreter, or undefined when it is not installed. */
export const mlflowPython = (): string | undefined => installedPython(ENVIRONMENT);

export const installMlflow = (onProgress: (line: string) => void): Promise<string> =>
  installPython(ENVIRONMENT, onProgress);

export interface MlflowServer {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startMlflow(): Promise<MlflowServer> {
  const python = mlflowPython();
  if (python === undefined) throw new Error('MLflow is not installed: node tests/support/mlflow-server.ts install');
  const home = await mkdtemp(join(tmpdir(), 'anneal-mlflow-'));
  const port = await freePort();
  const child = spawn(
    python,
    [
      ...['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', `${port}`, '--workers', '1'],
      ...['--backend-store-uri', `sqlite:///${join(home, 'mlflow.db')}`],
      ...['--artifacts-destination', join(home, 'artifacts')],
    ],
    {
      cwd: home,
      stdio: ['ignore', 'ignore', 'pipe'],
      // It starts workers of its own: all of them are ended as one group.
      detached: true,
      env: {
        ...process.env,
        // Jobs that evaluate language models need half of Python's data packages; nothing here asks for them.
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
        MLFLOW_DISABLE_TELEMETRY: 'true',
      },
    },
  );
  let said = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-4_000);
  });
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  };
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    process.off('exit', kill);
    const gone = child.exitCode === null ? new Promise((done) => child.once('exit', done)) : undefined;
    kill();
    await gone;
    await rm(home, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await answers(child, url, () => said);
  } catch (failure) {
    await stop();
    throw failure;
  }
  return { url, stop };
}

async function answers(child: ChildProcess, url: string, said: () => string): Promise<void> {
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(200)) {
    if (child.exitCode !== null) throw new Error(`mlflow ended with ${child.exitCode}: ${said()}`);
    if (
      await fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
  }
  throw new Error(`mlflow does not answer: ${said()}`);
}

if (import.meta.main) {
  if (process.argv[2] !== 'install') throw new Error('usage: node tests/support/mlflow-server.ts install');
  console.log(await installMlflow((line) => console.log(line)));
}
