// Descriptors that a worker was started with and that would go on into everything it starts: a shell's, a supervisor's log, a lock.
import { openSync, readdirSync, readFileSync } from 'node:fs';

const CLOSED_ON_EXEC = 0o2_000_000;
const STANDARD = 3;

/**
 * What a child of this process would find open. Node closes on exec whatever it opens itself, yet of those that it was started with
 * only the lowest: libuv stops at the first gap above 15.
 */
export function inheritedDescriptors(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd >= STANDARD && !isClosedOnExec(fd));
}

function isClosedOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
    return (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) !== 0;
  } catch {
    // The one through which the folder was read.
    return true;
  }
}

/**
 * `stdio` of a child, lengthened so that /dev/null stands at each of these. `ignore` would not do: above the third it leaves a
 * descriptor as it is.
 */
export function withoutInherited<Of>(stdio: readonly Of[], inherited: readonly number[]): (Of | number | 'ignore')[] {
  const further = inherited.filter((fd) => fd >= stdio.length);
  if (further.length === 0) return [...stdio];
  const whole: (Of | number | 'ignore')[] = [...stdio];
  for (let fd = stdio.length; fd <= Math.max(...further); fd += 1) whole.push('ignore');
  for (const fd of further) whole[fd] = nowhere();
  return whole;
}

let opened: number | undefined;
function nowhere(): number {
  opened ??= openSync('/dev/null', 'r');
  return opened;
}
