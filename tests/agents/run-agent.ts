// Runs an agent as its users do, in a folder with a program that is wrong and a check that says so. Its address and its key are all that
// is set; what it would fetch from elsewhere it does not reach.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capture } from '../../infra/process/capture.ts';
import type { AgentName } from './environments.ts';

const OWN = fileURLToPath(new URL('./openai_agent.py', import.meta.url));
const TASK = 'check.py fails. Mend sums.py.';

const ARGUMENTS: Readonly<Record<AgentName, readonly string[]>> = {
  'mini-swe-agent': [
    ...['-m', 'minisweagent', '--model', 'openai/scripted', '--task', TASK],
    ...['--yolo', '--exit-immediately', '--output', '../trajectory.json'],
  ],
  'aider-chat': [
    ...[
      '-m',
      'aider',
      '--model',
      'openai/scripted',
      '--edit-format',
      'diff',
      '--no-git',
      '--yes-always',
      '--no-pretty',
    ],
    ...['--analytics-disable', '--no-check-update', '--no-show-release-notes', '--no-show-model-warnings'],
    ...['--no-auto-lint', '--test-cmd', 'python3 -B check.py', '--auto-test', '--message', TASK, 'sums.py'],
  ],
  // A library: the agent is its user's.
  'openai-agents': [OWN, TASK],
};

const ENVIRONMENT: Readonly<Record<AgentName, Readonly<Record<string, string>>>> = {
  'mini-swe-agent': { MSWEA_CONFIGURED: 'true', MSWEA_COST_TRACKING: 'ignore_errors' },
  'aider-chat': {},
  'openai-agents': { OPENAI_AGENTS_DISABLE_TRACING: '1' },
};

export interface AgentRun {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  /** What it has printed so far. */
  said(): string;
  /** Ends it whatever it does, if it has not ended. */
  end(): Promise<void>;
}

/** Makes the folder of the task; its check fails. */
export async function makeTask(home: string): Promise<string> {
  const folder = join(home, 'work');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'sums.py'), 'def add(a, b):\n    return a - b\n');
  await writeFile(join(folder, 'check.py'), 'from sums import add\n\nassert add(2, 3) == 5, add(2, 3)\n');
  return folder;
}

export async function isMended(folder: string): Promise<boolean> {
  return (await capture(['python3', '-B', 'check.py'], { cwd: folder, timeoutMs: 60_000 })).code === 0;
}

export function runAgent(
  name: AgentName,
  python: string,
  folder: string,
  { url, key, more = [] }: { readonly url: string; readonly key: string; readonly more?: readonly string[] },
): AgentRun {
  const { PATH = '', LANG = 'C.UTF-8' } = process.env;
  const child = spawn(python, [...ARGUMENTS[name], ...more], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH, LANG, HOME: join(folder, '..'), TERM: 'dumb' },
      ...{ OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_BASE: `${url}/v1`, OPENAI_API_KEY: key },
      // Nothing listens there: prices and news of versions stay where they are.
      ...{ HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1', LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
      ...ENVIRONMENT[name],
    },
  });
  let said = '';
  const keep = (bytes: Buffer): void => {
    said += bytes;
  };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', keep);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return { process: child, ended, said: () => said, end };
}
