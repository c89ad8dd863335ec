// What stands under a name of the store when several say it, or one says it again: the first answer, or the last word by a rule.
import type { z } from 'zod';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';

type Names = Pick<ArtifactStore, 'readNamed' | 'createNamed' | 'swapNamed'>;

/** Undefined: nothing stands there. */
export async function known<S extends z.ZodType>(
  store: Pick<Names, 'readNamed'>,
  key: string,
  schema: S,
): Promise<z.infer<S> | undefined> {
  const found = await store.readNamed(key);
  return found && schema.parse(JSON.parse(new TextDecoder().decode(found.bytes)));
}

/** The first answer under a name is the answer: who asks again is told it, and nothing is made. */
export async function once<S extends z.ZodType>(
  store: Pick<Names, 'readNamed' | 'createNamed'>,
  key: string,
  schema: S,
  make: () => Promise<z.infer<S>>,
): Promise<z.infer<S>> {
  const before = await known(store, key, schema);
  if (before !== undefined) return before;
  await store.createNamed(key, canonicalJson(await make()));
  return (await known(store, key, schema))!;
}

/**
 * The last word under a name, but for one that stands.
 * @param stands whether what is there is left there
 */
export async function lastWord<S extends z.ZodType>(
  store: Pick<Names, 'readNamed' | 'swapNamed'>,
  key: string,
  schema: S,
  word: z.infer<S>,
  stands: (there: z.infer<S>) => boolean = () => false,
): Promise<void> {
  const text = canonicalJson(schema.parse(word));
  for (;;) {
    const there = await store.readNamed(key);
    if (there !== undefined && stands(schema.parse(JSON.parse(new TextDecoder().decode(there.bytes))))) return;
    if (await store.swapNamed(key, there?.tag ?? null, text)) return;
  }
}
