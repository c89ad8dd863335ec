// Near-duplicates among many texts, without comparing each with each.
import { createHash } from 'node:crypto';
import { wordsOf } from '../../policies/plain-words.ts';

/** Words of a shingle: short, so that a few changed words leave most of a text's shingles alike. */
const SHINGLE = 5;
const HASHES = 128;
/** 32 bands of 4: pairs above a resemblance of about (1/32)^(1/4) = 0.42 become candidates. */
const BANDS = 32;
const ROWS = HASHES / BANDS;

/** 128 minima; two texts' share of equal ones estimates how alike their sets of shingles are. */
export type Signature = Uint32Array;

/**
 * MinHash (Broder, On the resemblance and containment of documents, 1997): for each of 128 hash functions the smallest value over the
 * text's shingles of five words. One SHA-256 a shingle gives them all, as a + i·b mixed. Signatures
 * are the same on every machine. A text of fewer words is one shingle.
 */
export function signatureOf(text: string): Signature {
  const signature = new Uint32Array(HASHES).fill(0xffff_ffff);
  for (const shingle of shinglesOf(text)) {
    const digest = createHash('sha256').update(shingle).digest();
    const [a, b] = [digest.readUInt32LE(0), digest.readUInt32LE(4) | 1];
    for (let at = 0; at < HASHES; at += 1) {
      const value = mix(a + Math.imul(at + 1, b));
      if (value < signature[at]!) signature[at] = value;
    }
  }
  return signature;
}

/** Estimates the resemblance |A ∩ B| / |A ∪ B| of the texts' shingles; standard error at most 4.4 points. */
export function resemblance(a: Signature, b: Signature): number {
  let equal = 0;
  for (let at = 0; at < HASHES; at += 1) if (a[at] === b[at]) equal += 1;
  return equal / HASHES;
}

/** The resemblance itself. */
export function exactResemblance(a: string, b: string): number {
  const [left, right] = [shinglesOf(a), shinglesOf(b)];
  const common = [...left].filter((shingle) => right.has(shingle)).length;
  return common / (left.size + right.size - common);
}

export interface NearDuplicate {
  readonly a: number;
  readonly b: number;
  readonly resemblance: number;
}

/**
 * Pairs of texts at least `threshold` alike, by index, a < b. Candidates share a band of their signatures (Leskovec, Rajaraman and
 * Ullman, Mining of Massive Datasets, §3.4); each is then compared exactly, so that no pair is reported that is none. Pairs far above
 * 0.42 are missed with probability (1 − s⁴)³²: 0.6% at s = 0.6, one in a billion at 0.83.
 */
export function nearDuplicates(texts: readonly string[], threshold: number): NearDuplicate[] {
  const buckets = new Map<string, number[]>();
  const candidates = new Set<string>();
  texts.forEach((text, b) => {
    const signature = signatureOf(text);
    for (let band = 0; band < BANDS; band += 1) {
      const key = `${band}:${signature.subarray(band * ROWS, (band + 1) * ROWS).join()}`;
      const bucket = buckets.get(key) ?? [];
      for (const a of bucket) candidates.add(`${a}:${b}`);
      buckets.set(key, [...bucket, b]);
    }
  });
  return [...candidates]
    .map((pair) => pair.split(':').map(Number) as [number, number])
    .map(([a, b]) => ({ a, b, resemblance: exactResemblance(texts[a]!, texts[b]!) }))
    .filter((pair) => pair.resemblance >= threshold)
    .sort((x, y) => x.a - y.a || x.b - y.b);
}

function shinglesOf(text: string): Set<string> {
  const words = wordsOf(text);
  if (words.length <= SHINGLE) return new Set([words.join(' ')]);
  return new Set(
    Array.from({ length: words.length - SHINGLE + 1 }, (_, at) => words.slice(at, at + SHINGLE).join(' ')),
  );
}

/** The finaliser of MurmurHash3, a bijection of 32 bits. */
function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
