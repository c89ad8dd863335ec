// A command on a real pseudo-terminal, by Python's standard library: what is typed reaches it as keys do.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export const KEY = { enter: '\r', ctrlC: '\x03', ctrlD: '\x04' } as const;

export interface Terminal {
  /** Everything that was shown so far. */
  readonly shown: string;
  type(keys: string): void;
  /** Waits until a text is shown that was not there when the wait before it ended. */
  until(text: string, timeoutMs?: number): Promise<void>;
  /** The exit code of the command; of one that a signal ended, that signal's number, negative. */
  readonly finished: Promise<number>;
  kill(): void;
}

const PYTHON = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])) % 256)';
// A new pseudo-terminal has no size; a person's has.
const SIZED = 'stty cols 100 rows 40; exec "$@"';

export function onTerminal(argv: readonly string[], env: NodeJS.ProcessEnv): Terminal {
  const child = spawn('python3', ['-c', PYTHON, 'sh', '-c', SIZED, 'sized', ...argv], { env });
  let shown = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const finished = new Promise<number>((done) => child.once('close', (code) => done(code ?? -1)));
  return {
    get shown() {
      return shown;
    },
    type: (keys) => void child.stdin.write(keys),
    async until(text, timeoutMs = 60_000) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const found = shown.indexOf(text, seen);
        if (found >= 0) {
          seen = found + text.length;
          return;
        }
        if (performance.now() > deadline || child.exitCode !== null)
          throw new Error(
            `waited in vain for ${JSON.stringify(text)}; shown since: ${shown.slice(seen).slice(-3_000)}`,
          );
        await sleep(50);
      }
    },
    finished,
    // The child of Python lies in a session of its own, and ends when its terminal goes.
    kill: () => void child.kill('SIGKILL'),
  };
}
