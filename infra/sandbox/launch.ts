// One sandboxed run: spawn bubblewrap, feed it, watch the clock, keep a bounded amount of what comes out.
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { AnnealError } from '../../contracts/errors.ts';
import type { SandboxLimits, SandboxResult } from '../../contracts/ports.ts';
import type { CgroupSlot } from './cgroup.ts';
import { withoutInherited } from './inherited.ts';
import { FD } from './profile.ts';

export interface Launch {
  readonly bwrap: string;
  readonly args: readonly string[];
  readonly filter: Buffer;
  /** Contents in the order of their descriptors. */
  readonly files: readonly (string | Uint8Array)[];
  readonly stdin: string | Uint8Array;
  readonly limits: SandboxLimits;
  /** Outer user to switch to before bubblewrap starts; undefined keeps ours. */
  readonly uid: number | undefined;
  readonly cgroup: CgroupSlot | undefined;
  /** Descriptors that this process was started with, which no program may find. */
  readonly inherited: readonly number[];
  readonly signal: AbortSignal | undefined;
}

/**
 * Resolves when every process of the sandbox is gone, and rejects no sooner.
 * @throws AnnealError `sandbox.failed` when bubblewrap could not start the program; the signal's reason
 */
export function launch(input: Launch): Promise<SandboxResult> {
  const { limits } = input;
  const pipes = Array.from({ length: FD.firstFile + input.files.length }, () => 'pipe' as const);
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(input.bwrap, input.args, {
      // An empty environment for bubblewrap itself as well: --clearenv alone leaves it readable in /proc/1/environ.
      env: {},
      cwd: '/',
      stdio: withoutInherited(pipes, input.inherited),
      ...(input.uid === undefined ? {} : { uid: input.uid, gid: input.uid }),
    });

    // Beyond the third, the types know only `unknown` ends.
    const ends: readonly unknown[] = child.stdio;
    let ended: 'timeout' | 'output-limit' | undefined;
    let failure: unknown;
    const status = { text: '', childPid: undefined as number | undefined };

    /** Process 1 first: with it the kernel kills the whole name space. Its number is ours until the monitor has reaped it. */
    const kill = (why?: 'timeout' | 'output-limit') => {
      ended ??= why;
      if (child.exitCode !== null || child.signalCode !== null) return;
      if (status.childPid !== undefined) killQuietly(status.childPid);
      child.kill('SIGKILL');
    };
    const watchdog = setTimeout(() => kill('timeout'), limits.wallMs);
    const abort = (): void => kill();
    input.signal?.addEventListener('abort', abort, { once: true });
    const over = (): void => {
      clearTimeout(watchdog);
      input.signal?.removeEventListener('abort', abort);
    };

    const keep = (stream: Readable | null) => {
      const chunks: Buffer[] = [];
      let size = 0;
      stream?.on('error', ignore).on('data', (chunk: Buffer) => {
        const room = limits.outputBytes - size;
        size += chunk.length;
        if (room > 0) chunks.push(chunk.subarray(0, room));
        if (chunk.length > room) kill('output-limit');
      });
      return () => Buffer.concat(chunks).toString('utf8');
    };
    const stdout = keep(child.stdout);
    const stderr = keep(child.stderr);

    (ends[FD.status] as Readable | null)?.on('error', ignore).on('data', (chunk: Buffer) => {
      status.text += chunk.toString('utf8');
      const pid = /"child-pid":\s*(\d+)/.exec(status.text)?.[1];
      if (status.childPid !== undefined || pid === undefined) return;
      status.childPid = Number(pid);
      if (ended !== undefined || input.signal?.aborted) return kill();
      try {
        input.cgroup?.enter(status.childPid, limits);
        feed(ends[FD.block], 'go');
      } catch (cause) {
        failure = cause;
        kill();
      }
    });
    feed(child.stdin, input.stdin);
    feed(ends[FD.seccomp], input.filter);
    for (const [index, content] of input.files.entries()) feed(ends[FD.firstFile + index], content);

    child.on('error', (cause) => {
      over();
      reject(new AnnealError('sandbox.failed', 'bubblewrap could not be started', { cause }));
    });
    child.on('close', () => {
      over();
      if (input.signal?.aborted) return reject(input.signal.reason);
      const milliseconds = performance.now() - started;
      const code = /"exit-code":\s*(\d+)/.exec(status.text)?.[1];
      const output = { stdout: stdout(), stderr: stderr(), milliseconds };
      if (ended !== undefined) return resolve({ how: ended, exitCode: null, ...output });
      if (code === undefined || failure !== undefined) {
        // Bubblewrap reports an exit code only of a program that it started.
        const why = output.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
        return reject(
          new AnnealError('sandbox.failed', `the sandbox ended without a result: ${why || 'no message'}`, {
            cause: failure,
          }),
        );
      }
      const exitCode = Number(code);
      // Bubblewrap reports death by signal n as 128 + n.
      if (exitCode > 128 && exitCode <= 192) return resolve({ how: 'signalled', exitCode: null, ...output });
      resolve({ how: 'exited', exitCode, ...output });
    });
  });
}

/** The reader may go away early (a program that never reads its input): that is its business, not an error of ours. */
function feed(stream: unknown, content: string | Uint8Array): void {
  const writable = stream as Writable;
  writable.on('error', ignore);
  writable.end(content);
}

const ignore = (): void => {};

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
