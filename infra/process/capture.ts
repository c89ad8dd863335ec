// Runs a command of this machine to its end and keeps what it said.
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { childEnvironment, searchPath } from '../config.ts';

export interface Captured {
  /** 127 when the command does not exist, 124 when it ran out of time, 128 + n when signal n ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CaptureOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  /** Each line of stdout and stderr as it comes. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Never throws because of what the command does; an aborted signal ends the command and throws its reason. */
export async function capture(argv: readonly [string, ...string[]], options: CaptureOptions = {}): Promise<Captured> {
  options.signal?.throwIfAborted();
  const [command, ...rest] = argv;
  const out = { stdout: '', stderr: '' };
  let timedOut = false;
  const code = await new Promise<number>((done) => {
    const child = spawn(command, rest, {
      env: options.env ?? childEnvironment(),
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill = (): void => void child.kill('SIGKILL');
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutMs ?? 600_000);
    options.signal?.addEventListener('abort', kill, { once: true });
    for (const name of ['stdout', 'stderr'] as const) {
      createInterface({ input: child[name] }).on('line', (line) => {
        out[name] += `${line}\n`;
        options.onLine?.(line);
      });
    }
    child.once('error', (failure) => {
      clearTimeout(timer);
      out.stderr += failure.message;
      done(127);
    });
    child.once('close', (exit, signal) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', kill);
      done(exit ?? (signal === 'SIGKILL' ? 137 : 143));
    });
  });
  options.signal?.throwIfAborted();
  return { ...out, code: timedOut ? 124 : code };
}

/** Absolute path of a command on PATH, or undefined. */
export function onPath(command: string): string | undefined {
  for (const folder of searchPath()) {
    const path = join(folder, command);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not here: look in the next folder.
    }
  }
  return undefined;
}
