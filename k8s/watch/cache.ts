// What an informer knows, and what its handlers are told. Whatever comes in between (a list, an event, a list again), a handler hears
// of each object added, changed, deleted, in this order, and of nothing twice.

/** As much as any watched object has. */
export interface Watched {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

/** Called one after the other; what they throw is reported and does not stop the informer. */
export interface Handlers<T> {
  added?(object: T): void;
  changed?(object: T, before: T): void;
  /** The last that was known of it. */
  deleted?(object: T): void;
}

export interface Cache<T extends Watched> {
  readonly size: number;
  get(name: string, namespace?: string): T | undefined;
  values(): IterableIterator<T>;
  /** Whether exactly this version is known: then it need not be parsed. */
  knows(metadata: Watched['metadata']): boolean;
  put(object: T): void;
  /** Leaves alone another object that has taken its name since. */
  remove(metadata: Watched['metadata']): void;
  /** After a whole list: what is not in it is gone. */
  keepOnly(listed: ReadonlySet<string>): void;
}

export const keyOf = ({
  namespace,
  name,
}: {
  readonly namespace?: string | undefined;
  readonly name: string;
}): string => `${namespace ?? ''}/${name}`;

export function createCache<T extends Watched>(handlers: Handlers<T>, onThrown: (thrown: unknown) => void): Cache<T> {
  const known = new Map<string, T>();

  function tell(call: () => void): void {
    try {
      call();
    } catch (thrown) {
      onThrown(thrown);
    }
  }

  function forget(key: string, object: T): void {
    known.delete(key);
    tell(() => handlers.deleted?.(object));
  }

  function knows(metadata: Watched['metadata']): boolean {
    const found = known.get(keyOf(metadata))?.metadata;
    return found?.uid === metadata.uid && found.resourceVersion === metadata.resourceVersion;
  }

  return {
    get size() {
      return known.size;
    },
    get: (name, namespace) => known.get(keyOf({ name, namespace })),
    values: () => known.values(),
    knows,

    put(object) {
      // A watch that is begun again repeats what it told: what handlers were given stays what is known.
      if (knows(object.metadata)) return;
      const key = keyOf(object.metadata);
      const before = known.get(key);
      // Deleted and created again while nobody looked: another object of the same name.
      if (before !== undefined && before.metadata.uid !== object.metadata.uid) forget(key, before);
      const same = known.get(key);
      known.set(key, object);
      if (same === undefined) tell(() => handlers.added?.(object));
      else tell(() => handlers.changed?.(object, same));
    },

    remove(metadata) {
      const key = keyOf(metadata);
      const found = known.get(key);
      if (found !== undefined && found.metadata.uid === metadata.uid) forget(key, found);
    },

    keepOnly(listed) {
      for (const [key, object] of known) if (!listed.has(key)) forget(key, object);
    },
  };
}
