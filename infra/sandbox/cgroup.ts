// Control groups, when this process may make them: they bound memory and processes of a whole sandbox, which resource limits
// cannot. Without delegation the sandbox still has its resource limits and its watchdog; the level is recorded either way.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxLimits } from '../../contracts/ports.ts';

const MOUNT = '/sys/fs/cgroup';
const NAME = /^anneal-(\d+)-\d+$/;

type Controller = 'pids' | 'memory';

export type GroupLimits = Pick<SandboxLimits, 'memoryBytes' | 'diskBytes' | 'processes'>;

/** Counters, which only grow. */
export interface Shortages {
  /** Processes of the group that were ended for want of memory, by its own limit or by the machine's. */
  readonly killed: number;
  /** How often the group's own limit was in the way. */
  readonly limited: number;
}

export interface CgroupSlot {
  /** Sets the limits and moves a process in, before it has run anything. */
  enter(pid: number, limits: GroupLimits): void;
  /** Sets the limits; a process that writes its number to each of these files is in. */
  open(limits: GroupLimits): readonly string[];
  /** What lack of memory has done so far, whatever was in the slot; zeros where nobody counts. */
  shortages(): Shortages;
}

export interface Cgroups {
  /** For example `cgroup v1 (pids, memory)` or `no cgroup`. */
  readonly level: string;
  /** Reusable: at most one sandbox is in a slot at a time. */
  slot(index: number): CgroupSlot | undefined;
}

export const NO_CGROUPS: Cgroups = { level: 'no cgroup', slot: () => undefined };

/** Finds where groups may be made. Never throws: no delegation is a level, not a failure. */
export function findCgroups(): Cgroups {
  try {
    const v2 = existsSync(join(MOUNT, 'cgroup.controllers'));
    const parents = v2 ? version2Parents() : version1Parents();
    const usable = [...parents].filter(([controller, folder]) => works(controller, folder));
    if (usable.length === 0) return NO_CGROUPS;
    const folders = new Map(usable);
    for (const folder of new Set(folders.values())) removeLeftovers(folder);
    const made = new Map<number, CgroupSlot>();
    const groups: string[] = [];
    process.once('exit', () => groups.forEach(remove));
    return {
      level: `cgroup ${v2 ? 'v2' : 'v1'} (${usable.map(([controller]) => controller).join(', ')})`,
      slot(index) {
        const slot = made.get(index) ?? createSlot(folders, `anneal-${process.pid}-${index}`, v2, groups);
        made.set(index, slot);
        return slot;
      },
    };
  } catch {
    return NO_CGROUPS;
  }
}

function version2Parents(): Map<Controller, string> {
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  const folder = join(MOUNT, own);
  const enabled = readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8').split(/\s+/);
  return new Map((['pids', 'memory'] as const).filter((c) => enabled.includes(c)).map((c) => [c, folder]));
}

function version1Parents(): Map<Controller, string> {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  return new Map(
    (['pids', 'memory'] as const).flatMap((controller) => {
      const own = lines.map((line) => line.split(':')).find(([, names]) => names?.split(',').includes(controller))?.[2];
      // In a container the path may be the host's; the mount point itself is then our group.
      const folder = [join(MOUNT, controller, own ?? '/'), join(MOUNT, controller)].find((path) => existsSync(path));
      return folder === undefined ? [] : [[controller, folder] as const];
    }),
  );
}

function works(controller: Controller, folder: string): boolean {
  const trial = join(folder, `anneal-${process.pid}-${999_999}`);
  try {
    mkdirSync(trial);
    const limit = ['pids.max', 'memory.max', 'memory.limit_in_bytes'].find(
      (name) => name.startsWith(controller) && existsSync(join(trial, name)),
    );
    if (limit !== undefined) writeFileSync(join(trial, limit), controller === 'pids' ? '64' : String(64 * 2 ** 20));
    return limit !== undefined;
  } catch {
    return false;
  } finally {
    remove(trial);
  }
}

/** @param tidied groups that are removed when this process ends */
function createSlot(folders: ReadonlyMap<Controller, string>, name: string, v2: boolean, tidied: string[]): CgroupSlot {
  const groups = new Map([...folders].map(([controller, folder]) => [controller, join(folder, name)]));
  const unique = new Set(groups.values());
  for (const group of unique) if (!existsSync(group)) mkdirSync(group);
  tidied.push(...unique);
  let set = '';
  const slot: CgroupSlot = {
    open(limits) {
      const wanted = `${limits.processes}/${limits.memoryBytes}/${limits.diskBytes}`;
      if (wanted !== set) {
        const pids = groups.get('pids');
        const memory = groups.get('memory');
        if (pids !== undefined) writeFileSync(join(pids, 'pids.max'), String(limits.processes + 2));
        if (memory !== undefined) {
          // Twice a single process's limit: one greedy process meets its own limit first and sees a MemoryError.
          const bytes = String(2 * limits.memoryBytes + limits.diskBytes);
          writeFileSync(join(memory, v2 ? 'memory.max' : 'memory.limit_in_bytes'), bytes);
        }
        set = wanted;
      }
      return [...unique].map((group) => join(group, 'cgroup.procs'));
    },
    shortages() {
      const memory = groups.get('memory');
      return memory === undefined ? NONE : shortagesIn(memory);
    },
    enter(pid, limits) {
      for (const processes of slot.open(limits)) writeFileSync(processes, String(pid));
    },
  };
  return slot;
}

const NONE: Shortages = { killed: 0, limited: 0 };

/**
 * The kernel counts a killed process in its own group, whoever ran out of memory: the group (`oom` rises with it), one around it, or the
 * machine. The first version has no `oom`; there its limit was at least met (`memory.failcnt`) when it was the group.
 */
export function shortagesIn(group: string): Shortages {
  const counted = (file: string, pattern: RegExp): number | undefined => {
    try {
      const found = pattern.exec(readFileSync(join(group, file), 'utf8'))?.[1];
      return found === undefined ? undefined : Number(found);
    } catch {
      return undefined;
    }
  };
  // Those of groups below are in `memory.events` as well; there are none.
  return {
    killed: counted('memory.events', /^oom_kill (\d+)$/m) ?? counted('memory.oom_control', /^oom_kill (\d+)$/m) ?? 0,
    limited: counted('memory.events', /^oom (\d+)$/m) ?? counted('memory.failcnt', /^(\d+)$/m) ?? 0,
  };
}

/** Whose memory ran out between two counts, if anybody was ended for it: the group's own, or that of the machine around it. */
export function shortageOf(before: Shortages, now: Shortages): 'own' | 'outside' | undefined {
  if (now.killed <= before.killed) return undefined;
  return now.limited > before.limited ? 'own' : 'outside';
}

/** Groups of processes that were killed before they could tidy up. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) remove(join(folder, name));
  }
}

function remove(group: string): void {
  try {
    rmdirSync(group);
  } catch {
    // Still occupied or never made; the next start tries again.
  }
}
