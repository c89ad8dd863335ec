// The supervisor: starts the children of a plan in order, keeps them alive, writes down how they are, stops them in reverse.
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AnnealError } from '../../contracts/errors.ts';
import { endAllJobs } from '../jobs/sweep.ts';
import { identityOf } from '../process/identity.ts';
import { type Child, createChild } from './child.ts';
import { createGuard, hasSetpriv } from './guard.ts';
import { writeJson } from './json-file.ts';
import { tryLock } from './lock.ts';
import type { StackPlan } from './plan.ts';
import type { StackState } from './state.ts';

const GRACE_MS = 8_000;
const LARGEST_LOG_BYTES = 10_000_000;

/** Runs until SIGTERM or SIGINT. SIGHUP tries failed children again. Returns at once when the home has a supervisor. */
export async function supervise(plan: StackPlan): Promise<void> {
  const note = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);
  const lock = await tryLock(plan.home, 'supervisor');
  if (lock === undefined) return note('another supervisor runs for this home');
  const self = identityOf(process.pid);
  if (self === undefined) throw new AnnealError('stack.start_failed', 'there is no /proc: Anneal’s stack needs Linux');

  const stop = Promise.withResolvers<string>();
  process.on('SIGTERM', () => stop.resolve('SIGTERM'));
  process.on('SIGINT', () => stop.resolve('SIGINT'));
  const guard = createGuard(process.pid, await hasSetpriv());
  const startedAt = new Date().toISOString();
  const children: Child[] = [];
  let stopping = false;
  const saver = createSaver(plan.stateFile, note, () => ({
    schema: 'anneal/stack/v1',
    supervisor: self,
    startedAt,
    ports: plan.ports,
    external: plan.external,
    stopping,
    children: children.map((child) => child.state()),
  }));
  for (const one of plan.children) {
    const log = join(plan.logs, `${one.name}.log`);
    rotate(log);
    children.push(createChild({ plan: one, log, guard, supervisor: self, onChange: saver.save, note }));
  }
  process.on('SIGHUP', () => {
    for (const child of children) child.retry();
  });
  saver.save();
  for (const [index, child] of children.entries()) {
    const needed = children.filter((other) => plan.children[index]?.after.includes(other.name));
    void Promise.all(needed.map((other) => other.firstReady)).then(() => child.start());
  }
  // Whoever removes the home by hand takes away what `down` would find this process by. The timer also keeps it alive.
  const alive = setInterval(() => {
    if (!existsSync(dirname(plan.stateFile))) stop.resolve('the removal of its home');
  }, 2_000);

  note(`stopping on ${await stop.promise}`);
  stopping = true;
  saver.save();
  // The worker goes before its jobs, or it would start them again; and the jobs before what they write to.
  const [last, ...others] = children.toReversed();
  await last?.stop(GRACE_MS);
  const jobs = await endAllJobs(plan.jobs, GRACE_MS);
  if (jobs > 0) note(jobs === 1 ? 'one job stopped' : `${jobs} jobs stopped`);
  const first = others.filter((child) => needsSomething(plan, child));
  for (const child of first) await child.stop(GRACE_MS);
  await Promise.all(others.filter((child) => !first.includes(child)).map((child) => child.stop(GRACE_MS)));
  await saver.finished();
  rmSync(plan.stateFile, { force: true });
  clearInterval(alive);
  note('stopped');
  await lock.release();
}

function needsSomething(plan: StackPlan, child: Child): boolean {
  return plan.children.some((one) => one.name === child.name && one.after.length > 0);
}

/** Writes the newest state, one write at a time. A full disk must not end the stack: the next change tries again. */
function createSaver(
  path: string,
  note: (line: string) => void,
  state: () => StackState,
): { save: () => void; finished: () => Promise<void> } {
  let writing: Promise<void> | undefined;
  let again = false;
  async function write(): Promise<void> {
    do {
      again = false;
      await writeJson(path, state(), 0o600).catch((failure: unknown) => note(`state not written: ${failure}`));
    } while (again);
    writing = undefined;
  }
  return {
    save() {
      again = true;
      writing ??= write();
    },
    finished: async () => {
      await writing;
    },
  };
}

/** Keeps the previous log when it has grown large. */
export function rotate(path: string): void {
  if (existsSync(path) && statSync(path).size > LARGEST_LOG_BYTES) renameSync(path, `${path}.1`);
}
