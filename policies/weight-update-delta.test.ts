import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDeltaDecoder, createDeltaEncoder, DeltaDamage } from './weight-update-delta.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** In stretches of these lengths, again and again. */
function encode(before: Uint8Array, after: Uint8Array, stretch = 1 << 20): Uint8Array {
  const encoder = createDeltaEncoder();
  const both = Math.min(before.length, after.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < both; at += stretch) {
    const end = Math.min(both, at + stretch);
    parts.push(encoder.push(before.subarray(at, end), after.subarray(at, end)));
  }
  for (let at = both; at < after.length; at += stretch) parts.push(encoder.append(after.subarray(at, at + stretch)));
  parts.push(encoder.end(sha256(after)));
  return Buffer.concat(parts);
}

/** Applies as much of the delta as there is, as writes to a file would. */
function apply(delta: Uint8Array, before: Uint8Array, stretch = 1 << 20, until = delta.length) {
  const decoder = createDeltaDecoder();
  let file = Uint8Array.from(before);
  for (let at = 0; at < until; at += stretch) {
    for (const { at: place, bytes } of decoder.push(delta.subarray(at, Math.min(until, at + stretch)))) {
      if (place + bytes.length > file.length) {
        const grown = new Uint8Array(place + bytes.length);
        grown.set(file);
        file = grown;
      }
      file.set(bytes, place);
    }
  }
  return { file, decoder };
}

function applied(delta: Uint8Array, before: Uint8Array, stretch?: number): Uint8Array {
  const { file, decoder } = apply(delta, before, stretch);
  const end = decoder.end();
  const whole = file.slice(0, end.size);
  expect(whole.length).toBe(end.size);
  return Buffer.compare(sha256(whole), end.sha256) === 0 ? whole : new Uint8Array([0xde, 0xad]);
}

const stretch = fc.integer({ min: 1, max: 40 });
const bytes = fc.uint8Array({ maxLength: 300 });
/** Two versions of a file as training makes them: a few bytes differ. */
const versions = fc
  .tuple(bytes, fc.array(fc.tuple(fc.nat(299), fc.nat(255)), { maxLength: 12 }))
  .map(([before, changes]) => {
    const after = Uint8Array.from(before);
    for (const [place, value] of changes) if (place < after.length) after[place] = value;
    return [before, after] as const;
  });

describe('an overwrite delta', () => {
  it('gives the new bytes from the old, however either comes in pieces', () => {
    fc.assert(
      fc.property(fc.oneof(versions, fc.tuple(bytes, bytes)), stretch, stretch, ([before, after], a, b) => {
        expect(applied(encode(before, after, a), before, b)).toEqual(after);
      }),
    );
  });

  it('does no harm when it comes again', () => {
    fc.assert(
      fc.property(versions, ([before, after]) => {
        const delta = encode(before, after);
        expect(applied(delta, applied(delta, before))).toEqual(after);
      }),
    );
  });

  it('heals what a kill left half changed, also when several are applied again from the first on', () => {
    fc.assert(
      fc.property(
        versions,
        fc.array(fc.tuple(fc.nat(299), fc.nat(255))),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (pair, changes, share) => {
          const [first, second] = pair;
          const third = Uint8Array.from(second);
          for (const [place, value] of changes) if (place < third.length) third[place] = value;
          const deltas = [encode(first, second), encode(second, third)] as const;
          const half = apply(deltas[1], applied(deltas[0], first), 7, Math.floor(share * deltas[1].length)).file;
          // The last delta again, or both: either way the third version.
          expect(applied(deltas[1], half)).toEqual(third);
          const again = apply(deltas[0], half).file;
          expect(applied(deltas[1], again)).toEqual(third);
        },
      ),
    );
  });

  it('is found out when it meets other bytes than it was made from, as after one that was lost', () => {
    fc.assert(
      fc.property(versions, bytes, ([before, after], other) => {
        const { file, decoder } = apply(encode(before, after), other);
        const end = decoder.end();
        const same = Buffer.compare(sha256(file.slice(0, end.size)), end.sha256) === 0;
        expect(same).toBe(Buffer.compare(file.slice(0, end.size), after) === 0);
      }),
    );
  });

  it('that is cut short says so, wherever it was cut', () => {
    const delta = encode(new Uint8Array(50), new Uint8Array(50).fill(1, 20, 30));
    for (let length = 0; length < delta.length; length += 1) {
      const { decoder } = apply(delta, new Uint8Array(50), 5, length);
      expect(() => decoder.end()).toThrow(DeltaDamage);
    }
  });

  it.each([
    ['something else', Buffer.from('safetensors, not a delta at all')],
    ['bytes after the end', Buffer.concat([encode(new Uint8Array(2), new Uint8Array(2)), Buffer.from([1])])],
    ['a number that no file reaches', Buffer.concat([Buffer.from('ANNEALD1'), Buffer.alloc(12, 0xff)])],
    ['an endless number', Buffer.concat([Buffer.from('ANNEALD1'), Buffer.alloc(400, 0x80)])],
    ['an empty record', Buffer.concat([Buffer.from('ANNEALD1'), Buffer.from([5, 0])])],
  ])('refuses %s', (_, delta) => {
    expect(() => apply(delta, new Uint8Array(4))).toThrow(DeltaDamage);
  });

  it('reaches beyond 4 GiB', () => {
    const place = 5 * 2 ** 30 + 10;
    const varint = (value: number): number[] =>
      value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
    const head = [...Buffer.from('ANNEALD1'), ...varint(place), 1, 9, 0, 0, ...varint(place + 1)];
    const decoder = createDeltaDecoder();
    expect(decoder.push(Buffer.from([...head, ...sha256(new Uint8Array())]))).toEqual([
      { at: place, bytes: Buffer.from([9]) },
    ]);
    expect(decoder.end().size).toBe(place + 1);
  });

  it('is the one that the Python twin makes (trainer/tests/test_megatron_weights.py)', () => {
    const before = Uint8Array.from({ length: 40 }, (_, place) => place);
    const after = Uint8Array.from([...before, 7, 8]);
    for (const [place, value] of [
      [3, 255],
      [5, 254],
      [12, 253],
      [20, 252],
      [21, 251],
      [22, 250],
    ] as const)
      after[place] = value;
    const twin = `414e4e45414c44310303ff04fe0601fd0703fcfbfa11020708${'00002a'}`;
    expect(Buffer.from(encode(before, after)).toString('hex')).toBe(twin + Buffer.from(sha256(after)).toString('hex'));
  });

  it('of weights of which one in a hundred changed is small', () => {
    const before = new Uint8Array(200_000).map((_, place) => (place * 7919) % 251);
    const after = Uint8Array.from(before);
    for (let place = 0; place < after.length; place += 200) after[place] = after[place]! ^ 0x5a;
    expect(encode(before, after).length).toBeLessThan(5 * 1_000 + 60);
  });
});
