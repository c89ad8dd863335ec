// An index by rollout id, read by prefix in order. Split by round and by group, so that reading a round costs the same however many
// rounds came before, and reading a rollout however many the round has.
export interface ByRollout<T> {
  get(rollout: string): T | undefined;
  set(rollout: string, value: T): void;
  /** Values of the rollouts whose id starts with the prefix, sorted by id (code units). */
  startingWith(prefix: string): T[];
  size(): number;
}

/** `<campaign>/r<round>`, whose groups are `<campaign>/r<round>/<purpose>/g<group>`. */
const ROUND_PARTS = 2;
const GROUP_PARTS = 4;

export function createByRollout<T>(): ByRollout<T> {
  const rounds = new Map<string, Map<string, Map<string, T>>>();
  let size = 0;

  return {
    get: (rollout) => rounds.get(first(ROUND_PARTS, rollout))?.get(first(GROUP_PARTS, rollout))?.get(rollout),
    set(rollout, value) {
      const groups = inside(rounds, first(ROUND_PARTS, rollout));
      const values = inside(groups, first(GROUP_PARTS, rollout));
      if (!values.has(rollout)) size += 1;
      values.set(rollout, value);
    },
    startingWith(prefix) {
      // A prefix that reaches into what follows a round or a group names that completely.
      const parts = prefix.split('/').length;
      return within(parts > ROUND_PARTS, rounds, first(ROUND_PARTS, prefix))
        .flatMap((groups) => within(parts > GROUP_PARTS, groups, first(GROUP_PARTS, prefix)))
        .flatMap((values) => [...values].filter(([rollout]) => rollout.startsWith(prefix)))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, value]) => value);
    },
    size: () => size,
  };
}

function within<V>(named: boolean, all: ReadonlyMap<string, V>, name: string): V[] {
  if (!named) return [...all.values()];
  const one = all.get(name);
  return one === undefined ? [] : [one];
}

function inside<K, V>(all: Map<string, Map<K, V>>, name: string): Map<K, V> {
  const known = all.get(name);
  if (known !== undefined) return known;
  const made = new Map<K, V>();
  all.set(name, made);
  return made;
}

/** So many parts of an id; all of it when there are fewer. */
function first(parts: number, rollout: string): string {
  let end = -1;
  for (let part = 0; part < parts; part += 1) {
    end = rollout.indexOf('/', end + 1);
    if (end === -1) return rollout;
  }
  return rollout.slice(0, end);
}
