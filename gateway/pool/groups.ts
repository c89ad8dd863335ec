// The index of a pool: what is known of each rollout, by groups. Of groups that nobody has asked for in a while only stays where their
// records are; the rest is read again from the indexes of those segments when somebody asks.
import { AnnealError } from '../../contracts/errors.ts';
import { createRecent } from '../replicas.ts';
import type { SegmentIndex } from '../segments/index-file.ts';
import { createByRollout } from './by-rollout.ts';

/** What an index keeps of a record: its rollout, and what the pool makes of the rest. */
export type Line = readonly [rollout: string, ...rest: (string | number)[]];
/** Where numbers are enough. */
export type NumberLine = readonly [rollout: string, ...numbers: number[]];

export interface GroupsOptions<T, L extends Line> {
  readonly empty: () => T;
  readonly apply: (value: T, line: L, segment: number) => void;
  /** Whether the line is the first of its rollout. */
  readonly opens: (line: L) => boolean;
  /** The index of a segment that the store has. */
  readonly load: (segment: number) => Promise<SegmentIndex>;
  /** Records whose lines may stay in memory. */
  readonly keepRecords: number;
}

export interface Groups<T, L extends Line> {
  /** Undefined where the rollout's group is in memory, or nothing is known of it; else to be waited for. */
  ready(rollout: string): Promise<void> | undefined;
  /** Of a rollout whose group is ready. */
  get(rollout: string): T | undefined;
  add(line: L, segment: number): void;
  /** What a restart finds of a segment that the store has. */
  restore(index: SegmentIndex): void;
  /** Of a segment that the store has not yet. */
  linesOf(segment: number): readonly string[];
  /** Rollouts with records in such segments. */
  open(): Set<string>;
  /** The store has it, and its index is on the disk. */
  shipped(segment: number): void;
  /** By rollout id. */
  startingWith(prefix: string): AsyncGenerator<T>;
  size(): { readonly rollouts: number; readonly records: number; readonly inMemory: number };
}

interface Group<T> {
  readonly key: string;
  rollouts: Map<string, T> | undefined;
  loading: Promise<void> | undefined;
  /** Those with records of the group, ascending. */
  readonly segments: number[];
  records: number;
}

/** `<campaign>/r<round>/<purpose>/g<group>`. */
const PARTS = 4;
/** Segments. */
const RECENT = 8;

export function createGroups<T, L extends Line = NumberLine>({
  empty,
  apply,
  opens,
  load,
  keepRecords,
}: GroupsOptions<T, L>): Groups<T, L> {
  const parse = (line: string): L => JSON.parse(line) as L;
  const groups = createByRollout<Group<T>>();
  /** Of segments without an index on disk. */
  const unshipped = new Map<number, { readonly lines: L[]; readonly rollouts: Set<string> }>();
  /** In memory, the longest unused first. */
  const used = new Set<Group<T>>();
  /** Lines of segments that were just read, by group: who reads a round asks for the same ones again and again. */
  const recent = createRecent<ReadonlyMap<string, readonly L[]>>(RECENT);
  const count = { rollouts: 0, records: 0, inMemory: 0 };

  function touch(group: Group<T>): void {
    used.delete(group);
    used.add(group);
  }

  function take(line: L, segment: number): void {
    const key = keyOf(line[0]);
    let group = groups.get(key);
    if (group === undefined) {
      group = { key, rollouts: new Map(), loading: undefined, segments: [], records: 0 };
      groups.set(key, group);
      used.add(group);
    }
    group.records += 1;
    if (group.segments.at(-1) !== segment) group.segments.push(segment);
    count.records += 1;
    if (opens(line)) count.rollouts += 1;
    if (group.rollouts === undefined) return;
    count.inMemory += 1;
    put(group.rollouts, line, segment);
  }

  function put(rollouts: Map<string, T>, line: L, segment: number): void {
    const value = rollouts.get(line[0]) ?? empty();
    rollouts.set(line[0], value);
    apply(value, line, segment);
  }

  async function linesByGroup(segment: number): Promise<ReadonlyMap<string, readonly L[]>> {
    const known = recent.get(`${segment}`);
    if (known !== undefined) return known;
    const lines = (await load(segment)).lines.map(parse);
    const byGroup = Map.groupBy(lines, ([rollout]) => keyOf(rollout));
    recent.set(`${segment}`, byGroup);
    return byGroup;
  }

  /** All of it, from the indexes and from what has none yet. */
  async function read(group: Group<T>): Promise<readonly [Map<string, T>, records: number]> {
    for (;;) {
      const read = group.records;
      const indexed = new Map<number, readonly L[]>();
      for (const segment of [...group.segments]) {
        if (!unshipped.has(segment)) indexed.set(segment, (await linesByGroup(segment)).get(group.key) ?? []);
      }
      // From here nothing may await: what was added meanwhile is among the unshipped, or we look again.
      const rollouts = new Map<string, T>();
      let found = 0;
      for (const segment of group.segments) {
        const lines = unshipped.get(segment)?.lines.filter(isOf(group)) ?? indexed.get(segment) ?? [];
        for (const line of lines) put(rollouts, line, segment);
        found += lines.length;
      }
      if (found === group.records) return [rollouts, found];
      if (read === group.records && group.segments.every((segment) => unshipped.has(segment) || indexed.has(segment))) {
        throw new AnnealError(
          'gateway.segment_corrupt',
          `the indexes know ${found} of ${group.records} records of ${group.key}`,
        );
      }
    }
  }

  async function fill(group: Group<T>): Promise<void> {
    let rollouts: Map<string, T>;
    let records: number;
    // What came since cannot be in it.
    do [rollouts, records] = await read(group);
    while (records !== group.records);
    group.rollouts = rollouts;
    group.loading = undefined;
    count.inMemory += group.records;
    touch(group);
    trim(group);
  }

  function trim(but?: Group<T>): void {
    for (const group of used) {
      if (count.inMemory <= keepRecords) return;
      if (group === but) continue;
      used.delete(group);
      group.rollouts = undefined;
      count.inMemory -= group.records;
    }
  }

  return {
    ready(rollout) {
      const group = groups.get(keyOf(rollout));
      if (group === undefined) return undefined;
      if (group.rollouts !== undefined) return void touch(group);
      group.loading ??= fill(group).catch((failure: unknown) => {
        group.loading = undefined;
        throw failure;
      });
      return group.loading;
    },
    get(rollout) {
      const group = groups.get(keyOf(rollout));
      if (group === undefined) return undefined;
      if (group.rollouts === undefined) throw new AnnealError('internal.bug', `${group.key} is not ready`);
      return group.rollouts.get(rollout);
    },
    add(line, segment) {
      const known = unshipped.get(segment) ?? { lines: [], rollouts: new Set() };
      unshipped.set(segment, known);
      known.lines.push(line);
      known.rollouts.add(line[0]);
      take(line, segment);
    },
    restore({ sealed, lines }) {
      for (const line of lines) take(parse(line), sealed.sequence);
      trim();
    },
    linesOf: (segment) => (unshipped.get(segment)?.lines ?? []).map((line) => JSON.stringify(line)),
    open() {
      const open = new Set<string>();
      for (const { rollouts } of unshipped.values()) for (const rollout of rollouts) open.add(rollout);
      return open;
    },
    shipped(segment) {
      unshipped.delete(segment);
      trim();
    },
    async *startingWith(prefix) {
      for (const group of groups.startingWith(keyOf(prefix))) {
        if (!group.key.startsWith(prefix) && !prefix.startsWith(`${group.key}/`)) continue;
        const rollouts = group.rollouts ?? (await read(group))[0];
        const ids = [...rollouts.keys()].filter((rollout) => rollout.startsWith(prefix)).sort();
        for (const id of ids) yield rollouts.get(id)!;
      }
    },
    size: () => ({ ...count }),
  };
}

const isOf =
  ({ key }: { readonly key: string }) =>
  ([rollout]: Line): boolean =>
    keyOf(rollout) === key;

/** Its first parts; all of a shorter prefix. */
function keyOf(rollout: string): string {
  let end = -1;
  for (let part = 0; part < PARTS; part += 1) {
    end = rollout.indexOf('/', end + 1);
    if (end === -1) return rollout;
  }
  return rollout.slice(0, end);
}
