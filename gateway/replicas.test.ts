import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRecent, createReplicas } from './replicas.ts';

/** Takes a replica and holds it until `end` is called. */
function hold(replicas: ReturnType<typeof createReplicas>, prompt: string): { url: string; end(): Promise<void> } {
  const gate = Promise.withResolvers<void>();
  let url = '';
  const used = replicas.use(prompt, (chosen) => {
    url = chosen;
    return gate.promise;
  });
  return {
    url,
    async end() {
      gate.resolve();
      await used;
    },
  };
}

test('however prompts repeat, no replica has more than one request beyond another while all last', () => {
  const prompts = fc.array(fc.constantFrom('p', 'q', 'r'), { maxLength: 60 });
  fc.assert(
    fc.property(prompts, fc.integer({ min: 1, max: 4 }), (asked, count) => {
      const urls = Array.from({ length: count }, (_, n) => `http://replica-${n}`);
      const replicas = createReplicas(urls);
      const load = new Map(urls.map((url) => [url, 0]));
      for (const prompt of asked) {
        const { url } = hold(replicas, prompt);
        load.set(url, load.get(url)! + 1);
        expect(Math.max(...load.values()) - Math.min(...load.values())).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test('at equal load a prompt goes back to where it was seen, otherwise to the least busy', async () => {
  const replicas = createReplicas(['a', 'b']);
  const first = hold(replicas, 'p');
  const other = hold(replicas, 'q');
  expect([first.url, other.url]).toEqual(['a', 'b']);
  await first.end();
  expect(hold(replicas, 'q').url).toBe('a');
  await other.end();
  expect(hold(replicas, 'q').url).toBe('b');
  expect(hold(replicas, 'q').url).toBe('b');
});

test('a request that fails is not counted as running', async () => {
  const replicas = createReplicas(['a', 'b']);
  await expect(replicas.use('p', () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  expect([hold(replicas, 'x').url, hold(replicas, 'y').url]).toEqual(['a', 'b']);
});

test('a session sticks to its replica until that has more than its share, and comes back', async () => {
  const replicas = createReplicas(['a', 'b']);
  const stick = (): { url: string; end(): Promise<void> } => {
    const gate = Promise.withResolvers<void>();
    let url = '';
    const used = replicas.stick('session', (chosen) => {
      url = chosen;
      return gate.promise;
    });
    return {
      url,
      end() {
        gate.resolve();
        return used;
      },
    };
  };
  const held = [stick(), stick(), stick()];
  const [own, , other] = held.map(({ url }) => url);
  expect(held[1]!.url).toBe(own);
  expect(other).not.toBe(own);
  for (const one of held) await one.end();
  expect(stick().url).toBe(own);
});

test('the longest unused entry is forgotten first', () => {
  const recent = createRecent<number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  expect(recent.get('a')).toBe(1);
  recent.set('c', 3);
  expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([1, undefined, 3]);
});
