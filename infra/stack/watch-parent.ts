// For the stack's own Node processes: they end when their supervisor is gone, and tell it when they serve.
import { mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import { isAlive, type ProcessIdentity } from '../process/identity.ts';

const POLL_MS = 1_000;
/** How often a process that is ready says so again. */
export const TOUCH_MS = 5_000;
/** With the poll this stays below the ten seconds after which nothing may be left. */
const HARD_EXIT_MS = 6_000;

/**
 * Calls `onGone` (default: exit) when the supervisor is gone, and exits hard a few seconds later should that hang.
 * Undefined, as when the process was started by hand: nothing is watched. Never keeps the process alive.
 */
export function watchParent(
  parent: ProcessIdentity | undefined,
  onGone: () => void = () => process.exit(1),
  pollMs = POLL_MS,
): void {
  if (parent === undefined) return;
  const timer = setInterval(() => {
    if (isAlive(parent)) return;
    clearInterval(timer);
    setTimeout(() => process.exit(1), HARD_EXIT_MS).unref();
    onGone();
  }, pollMs);
  timer.unref();
}

/**
 * Tells the supervisor that this process serves, and goes on telling as long as its event loop turns; it does nothing in a
 * process that the supervisor did not start.
 */
export function markReady(config: Config): void {
  if (config.readyFile === undefined) return;
  mkdirSync(dirname(config.readyFile), { recursive: true });
  const temporary = `${config.readyFile}.${process.pid}.tmp`;
  writeFileSync(temporary, `${process.pid}\n`);
  renameSync(temporary, config.readyFile);
  setInterval(() => touch(config.readyFile as string), TOUCH_MS).unref();
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // The supervisor removes the file before it starts a successor.
  }
}
