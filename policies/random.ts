// Seeded pseudo-random numbers for policies: pure, so that a workflow that replays draws the same values.
// Generator: xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c).
// Seeding: FNV-1a over the parts, expanded by splitmix32. Not for secrets.

export interface Random {
  /** The next 32 random bits, as an unsigned integer. */
  bits(): number;
  /** Uniform in [0, 1), 53 bits. */
  unit(): number;
  /** Uniform integer in [0, limit), without modulo bias. @throws RangeError unless 1 ≤ limit ≤ 2^32 */
  below(limit: number): number;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

/** A generator for these parts; the same parts always give the same stream, and different parts unrelated ones. */
export function createRandom(...parts: readonly (string | number)[]): Random {
  // JSON keeps ['a', 'b'] and ['ab'] apart, and 1 apart from '1'.
  const expand = splitmix32(fnv1a(JSON.stringify(parts)));
  return fromState([expand(), expand(), expand(), expand()]);
}

/** A generator from raw state, for comparison with the reference implementation. The state must not be all zero. */
export function fromState(seed: readonly [number, number, number, number]): Random {
  let [a, b, c, d] = seed;
  if ((a | b | c | d) === 0) a = 1;

  function bits(): number {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  }

  function below(limit: number): number {
    if (!Number.isInteger(limit) || limit < 1 || limit > 2 ** 32)
      throw new RangeError(`below(${limit}): not an integer in [1, 2^32]`);
    // Values at or above the largest multiple of the limit are drawn again; they would favour small results.
    const fair = 2 ** 32 - (2 ** 32 % limit);
    let value = bits();
    while (value >= fair) value = bits();
    return value % limit;
  }

  return {
    bits,
    unit: () => ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53,
    below,
    shuffle<T>(items: readonly T[]): T[] {
      const copy = [...items];
      for (let last = copy.length - 1; last > 0; last -= 1) {
        const other = below(last + 1);
        const held = copy[last] as T;
        copy[last] = copy[other] as T;
        copy[other] = held;
      }
      return copy;
    },
  };
}

function rotateLeft(value: number, count: number): number {
  return (value << count) | (value >>> (32 - count));
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

function splitmix32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}
