// A command that goes on beside other work. What it says is kept and shown when somebody waits for it; until then single lines are told.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface Beside {
  readonly child: ChildProcess;
  /** Shows what was said so far and what comes, and gives way to others no longer; resolves to the exit code. */
  join(): Promise<number>;
}

/**
 * The command is the first of a process group of its own, and its standard input stays open for as long as this process lives, however it
 * ends: at its end the command has to end its group (see `endWithParent`).
 * @param tells lines that are told at once
 */
export function beginBeside(
  argv: readonly [string, ...string[]],
  say: (line: string) => void,
  tells: (line: string) => boolean = () => false,
): Beside {
  const [command, ...rest] = argv;
  const child = spawn(command, rest, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const kept: string[] = [];
  let isWaitedFor = false;
  const hear = (line: string): void => {
    if (!isWaitedFor) kept.push(line);
    if (isWaitedFor) say(line);
    else if (tells(line)) say(`(beside) ${line}`);
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', hear);
  // A command that is gone no longer reads.
  child.stdin.on('error', () => {});
  const ended = new Promise<number>((done) => {
    child.once('error', (error) => {
      hear(error.message);
      done(127);
    });
    child.once('close', (code) => done(code ?? 1));
  });
  return {
    child,
    async join() {
      for (const line of kept) say(line);
      isWaitedFor = true;
      if (child.pid !== undefined && child.exitCode === null) endGivingWay(child.pid);
      return ended;
    },
  };
}

/** What a command gave way to is over now that somebody waits for it. Only root may raise a priority: elsewhere it goes on as it is. */
function endGivingWay(group: number): void {
  spawnSync('renice', ['-n', '0', '-g', String(group)], { stdio: 'ignore' });
  try {
    writeFileSync(`/proc/${group}/autogroup`, '0');
  } catch {
    // Processors are not shared between sessions here, or the command has just ended.
  }
}

/** For the command: ends its process group when the one who began it is gone, compilers and all. */
export function endWithParent(patienceMs = 10_000): void {
  process.stdin.once('close', () => {
    // What its commands leave unfinished, this process removes.
    process.on('SIGINT', () => {});
    try {
      process.kill(-process.pid, 'SIGINT');
    } catch {
      // It was begun by hand, in the group of a shell.
      process.exit(1);
    }
    setTimeout(() => process.kill(-process.pid, 'SIGKILL'), patienceMs).unref();
  });
  process.stdin.resume();
}
