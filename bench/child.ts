// Servers that a benchmark starts for itself.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { childEnvironment } from '../infra/config.ts';

/** Starts a program that is ended with the stack. */
export function spawned(
  stack: AsyncDisposableStack,
  command: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): number {
  const started = spawn(command, argv, { stdio: 'ignore', env });
  const exited = new Promise<void>((resolve) => started.once('exit', () => resolve()));
  stack.defer(() => {
    started.kill('SIGTERM');
    return exited;
  });
  return started.pid!;
}

/** Starts a server and returns the first URL that it prints. */
export async function child(
  stack: AsyncDisposableStack,
  command: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  if (stack.disposed) throw new Error(`interrupted before ${command} was started`);
  const started: ChildProcess = spawn(command, argv, { stdio: ['pipe', 'pipe', 'pipe'], env: childEnvironment(env) });
  const exited = new Promise<void>((resolve) => started.once('exit', () => resolve()));
  stack.defer(() => {
    started.kill('SIGTERM');
    return exited;
  });
  const found = Promise.withResolvers<string>();
  for (const stream of [started.stdout!, started.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (url !== undefined) found.resolve(url);
    });
  }
  void exited.then(() => found.reject(new Error(`${command} ${argv[0]} ended before it printed its URL`)));
  return found.promise;
}
