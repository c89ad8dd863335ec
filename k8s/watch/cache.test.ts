import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCache, keyOf, type Watched } from './cache.ts';

const object = (name: string, uid: string, version: number): Watched => ({
  metadata: { name, uid, resourceVersion: `${version}` },
});

describe('what an informer knows', () => {
  it('is what its handlers can reckon from what they are told, whatever comes in', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), name, uid: fc.nat(2), version: fc.nat(5) }),
      fc.record({ kind: fc.constant('remove' as const), name, uid: fc.nat(2) }),
      fc.record({ kind: fc.constant('list' as const), names: fc.uniqueArray(name) }),
    );
    const put = (version: number) => ({ kind: 'put' as const, name: 'a' as const, uid: 0, version });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const told = new Map<string, Watched>();
        const cache = createCache<Watched>(
          {
            added(one) {
              expect(told.has(one.metadata.name)).toBe(false);
              told.set(one.metadata.name, one);
            },
            changed(one, before) {
              expect(told.get(one.metadata.name)).toBe(before);
              expect(one.metadata.uid).toBe(before.metadata.uid);
              expect(one.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);
              told.set(one.metadata.name, one);
            },
            deleted(one) {
              expect(told.get(one.metadata.name)?.metadata.uid).toBe(one.metadata.uid);
              told.delete(one.metadata.name);
            },
          },
          (thrown) => {
            throw thrown;
          },
        );
        for (const one of steps) {
          if (one.kind === 'put') cache.put(object(one.name, `${one.uid}`, one.version));
          if (one.kind === 'remove') cache.remove(object(one.name, `${one.uid}`, 0).metadata);
          if (one.kind === 'list') cache.keepOnly(new Set(one.names.map((of) => keyOf({ name: of }))));
          const versions = (all: Iterable<Watched>) => [...all].map(({ metadata }) => metadata).sort(byName);
          expect(versions(cache.values())).toEqual(versions(told.values()));
        }
      }),
      // Seldom drawn: the same version twice, and then another.
      { numRuns: 1_000, examples: [[[put(1), put(1), put(2)]]] },
    );
  });

  it('goes on when a handler throws', () => {
    const thrown: unknown[] = [];
    const cache = createCache<Watched>(
      {
        added() {
          throw new Error('mine');
        },
      },
      (one) => thrown.push(one),
    );
    cache.put(object('a', '1', 1));
    expect(cache.get('a')).toBeDefined();
    expect(thrown).toHaveLength(1);
  });
});

const byName = (a: Watched['metadata'], b: Watched['metadata']): number => a.name.localeCompare(b.name);
