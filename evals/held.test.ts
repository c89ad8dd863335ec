import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ArtifactRef, artifactRef, HELD_BYTES, held } from '../contracts/artifact.ts';
import { hold, textOf } from './held.ts';

/** A store in memory that counts what it was given. */
function counting() {
  const objects: Uint8Array[] = [];
  return {
    objects,
    async put(content: Uint8Array | string): Promise<ArtifactRef> {
      objects.push(typeof content === 'string' ? new TextEncoder().encode(content) : content);
      const digits = `${objects.length - 1}`.padStart(64, '0');
      return artifactRef.parse({
        uri: `store:objects/00/${digits}`,
        sha256: digits,
        bytes: objects.at(-1)!.byteLength,
      });
    },
    get: async (ref: ArtifactRef) => objects[Number(ref.sha256)]!,
  };
}

it('gives back any text, and passes the contract', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 3 * HELD_BYTES, unit: 'grapheme' }), async (text) => {
      const store = counting();
      const kept = await hold(store, text);
      expect(held.parse(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
      expect(await textOf(store, kept)).toBe(text);
      expect(store.objects.length).toBe(Buffer.byteLength(text) > HELD_BYTES ? 1 : 0);
    }),
  );
});

it('counts bytes, not letters', async () => {
  const store = counting();
  await hold(store, 'é'.repeat(HELD_BYTES / 2));
  expect(store.objects).toHaveLength(0);
  await hold(store, 'é'.repeat(HELD_BYTES / 2 + 1));
  expect(store.objects).toHaveLength(1);
});

it('leaves to the store what has no UTF-8 form, which replaces it', async () => {
  const store = counting();
  const kept = await hold(store, 'half of a pair: \ud83d');
  expect(await textOf(store, kept)).toBe('half of a pair: \ufffd');
});

it('refuses a text that was changed', async () => {
  const kept = await hold(counting(), 'solved');
  await expect(textOf(counting(), { ...kept, text: 'Solved' } as typeof kept)).rejects.toMatchObject({
    code: 'store.corrupt_object',
  });
});
