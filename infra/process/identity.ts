// A process is named by its pid and its start time: pids are reused, the pair is not (within one boot).
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, the 22nd field of /proc/PID/stat. */
  readonly startTime: number;
}

/** The start time of a living process; undefined when there is none, or only a zombie that its parent has yet to reap. */
export function startTimeOf(pid: number): number | undefined {
  return statOf(pid)?.startTime;
}

/** Whether the process lives but was stopped by a signal (SIGSTOP): it holds all it has and does nothing. */
export function isStopped({ pid, startTime }: ProcessIdentity): boolean {
  const found = statOf(pid);
  return found?.startTime === startTime && (found.state === 'T' || found.state === 't');
}

/** Whether its end has begun, by SIGKILL as a rule: it does nothing any more, though it holds ports and files for a moment yet. */
export function isDying({ pid, startTime }: ProcessIdentity): boolean {
  const found = statOf(pid);
  return found?.startTime === startTime && found.state === 'Z';
}

function statOf(pid: number): { state: string; startTime: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the command in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, threads, startTime] = [fields[0], Number(fields[17]), Number(fields[19])];
  // A killed process is a zombie from its main thread's end on, but holds its ports until its last thread has ended.
  const dead = state === 'X' || (state === 'Z' && threads <= 1);
  return dead || state === undefined || !Number.isSafeInteger(startTime) ? undefined : { state, startTime };
}

export function identityOf(pid: number): ProcessIdentity | undefined {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return startTimeOf(identity.pid) === identity.startTime;
}

/**
 * Signals exactly this process, or with `group` every process of the group that it leads. Returns whether it was alive.
 * A process that dies between the check and the signal is no error.
 */
export function signalProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  options: { group?: boolean } = {},
): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(options.group === true ? -identity.pid : identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Waits until the process is gone. Returns whether it is, at the latest after `timeoutMs`. */
export async function whenGone(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(identity)) {
    if (performance.now() >= deadline) return false;
    await sleep(25);
  }
  return true;
}
