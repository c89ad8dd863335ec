// CPU time, for figures that hold on a busy machine too.
import { readFileSync } from 'node:fs';

/** The kernel's USER_HZ: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds that this process and the given ones have used so far, in user and kernel mode, all threads. */
export function cpuSeconds(pids: readonly number[]): number {
  const { user, system } = process.cpuUsage();
  return pids.reduce((sum, pid) => sum + ticksOf(pid) / TICKS_PER_SECOND, (user + system) / 1e6);
}

function ticksOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // From the third field on: the second is the command in parentheses and may hold spaces. utime and stime are 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
