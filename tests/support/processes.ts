// What runs on this machine, read from /proc: which processes belong to a home, and which to a process.
import { readdirSync, readFileSync } from 'node:fs';
import { isAlive, type ProcessIdentity, startTimeOf } from '../../infra/process/identity.ts';

export interface Found extends ProcessIdentity {
  readonly parent: number;
  /** Its arguments, separated by spaces. */
  readonly command: string;
}

/**
 * Processes that a folder's stack has started, whoever their parent is now: their arguments or their environment name the
 * folder. Candidate code in the sandbox has a clean environment; it is found as a descendant.
 */
export function processesOf(folder: string): Found[] {
  return allProcesses().filter(
    (one) => one.pid !== process.pid && (one.command.includes(folder) || named(one, folder)),
  );
}

export function descendantsOf(pid: number, among: readonly Found[] = allProcesses()): Found[] {
  const children = among.filter((one) => one.parent === pid);
  return children.flatMap((child) => [child, ...descendantsOf(child.pid, among)]);
}

export const living = (processes: readonly Found[]): Found[] => processes.filter(isAlive);

/** @param has which commands are meant; nothing else is read of the others, since some tests look ten times a second */
export function allProcesses(has: (command: string) => boolean = () => true): Found[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): Found[] => {
      const pid = Number(name);
      const command = read(pid, 'cmdline').replaceAll('\0', ' ').trim();
      if (!has(command)) return [];
      const startTime = startTimeOf(pid);
      const stat = read(pid, 'stat');
      if (startTime === undefined || stat === '') return [];
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      return [{ pid, startTime, parent, command }];
    });
}

/** @param but what the commands that are not meant hold */
export const processesWith = (mark: string, but?: string): Found[] =>
  allProcesses((command) => command.includes(mark) && (but === undefined || !command.includes(but)));

function named({ pid }: Found, folder: string): boolean {
  return read(pid, 'environ').includes(folder);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
