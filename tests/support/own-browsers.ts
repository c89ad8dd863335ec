// Browsers that this process started, as the machine knows them: to strike one, and to see that none is left.
import { descendantsOf, type Found } from './processes.ts';

const MARK = '--user-data-dir=/tmp/profile';

/** Their processes: the wrappers that isolate and Chromium's own. */
export const ownBrowsers = (): Found[] => descendantsOf(process.pid).filter(({ command }) => command.includes(MARK));

/** Strikes Chromium's first process, as a machine without memory would. */
export function strikeOwnBrowsers(signal: 'SIGKILL' | 'SIGSTOP'): void {
  const first = ownBrowsers().filter(({ command }) => /^\S*chromium /.test(command) && !command.includes('--type='));
  for (const { pid } of first) process.kill(pid, signal);
}
