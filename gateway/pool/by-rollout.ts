// An index by rollout id, read by prefix in order. Split by `<campaign>/r<round>`, so that reading one round costs the same
// however many rounds came before.
export interface ByRollout<T> {
  get(rollout: string): T | undefined;
  set(rollout: string, value: T): void;
  /** Values of the rollouts whose id starts with the prefix, sorted by id (code units). */
  startingWith(prefix: string): T[];
  size(): number;
}

export function createByRollout<T>(): ByRollout<T> {
  const rounds = new Map<string, Map<string, T>>();
  let size = 0;

  return {
    get: (rollout) => rounds.get(roundOf(rollout))?.get(rollout),
    set(rollout, value) {
      const round = roundOf(rollout);
      const values = rounds.get(round) ?? new Map<string, T>();
      rounds.set(round, values);
      if (!values.has(rollout)) size += 1;
      values.set(rollout, value);
    },
    startingWith(prefix) {
      // A prefix that reaches into a rollout's third part names its round completely.
      const inOneRound = prefix.split('/').length > 2;
      const searched = inOneRound ? [rounds.get(roundOf(prefix)) ?? new Map<string, T>()] : [...rounds.values()];
      return searched
        .flatMap((values) => [...values].filter(([rollout]) => rollout.startsWith(prefix)))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, value]) => value);
    },
    size: () => size,
  };
}

function roundOf(rollout: string): string {
  return rollout.split('/', 2).join('/');
}
