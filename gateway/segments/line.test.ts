import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countRecords, encodeLine, scanSegment } from './line.ts';

const written = (...values: unknown[]): Buffer =>
  Buffer.concat(values.map((value) => encodeLine(JSON.stringify(value)).bytes));
const values = (bytes: Buffer): unknown[] =>
  scanSegment(bytes).records.map(({ offset, length }) => JSON.parse(bytes.toString('utf8', offset, offset + length)));

describe('a segment', () => {
  test('is text with checksum, length and JSON', () => {
    expect(written({ a: 1 }).toString()).toMatch(/^[0-9a-f]{8} 7 \{"a":1\}\n$/);
    // CRC-32 of "123456789" is 0xcbf43926, the check value that every catalogue of CRCs gives.
    expect(encodeLine('123456789').bytes.toString()).toBe('cbf43926 9 123456789\n');
  });

  test('gives back what was written', () => {
    fc.assert(
      fc.property(fc.array(fc.json()), (texts) => {
        const bytes = Buffer.concat(texts.map((text) => encodeLine(text).bytes));
        expect(scanSegment(bytes).tail).toBe('none');
        expect(values(bytes)).toEqual(texts.map((text) => JSON.parse(text)));
      }),
    );
  });

  test('is counted in pieces as in one, whatever the lines are long', async () => {
    const bytes = written(...[1, 700_000, 3_000_000, 5, 1_048_560, 20].map((length) => 'x'.repeat(length)));
    expect(await countRecords(bytes)).toEqual({ records: 6, good: bytes.length });
    const cut = bytes.subarray(0, -3);
    expect(await countRecords(cut)).toEqual({ records: 5, good: scanSegment(cut).good });
  });

  test('cut at any byte keeps every whole record and calls the rest torn', () => {
    const [first, second, third] = [{ text: 'é — ü' }, { n: [1, 2, 3] }, { text: '12345678 4 null' }];
    const bytes = written(first, second, third);
    const ends = [0, written(first).length, written(first, second).length, bytes.length];
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      for (const zeros of [0, 1, 700]) {
        const scan = scanSegment(Buffer.concat([bytes.subarray(0, cut), Buffer.alloc(zeros)]));
        const whole = ends.findLastIndex((end) => end <= cut);
        expect(scan.good).toBe(ends[whole]);
        expect(scan.records.length).toBe(whole);
        const boundary = ends.includes(cut);
        const unterminated = ends.includes(cut + 1);
        expect(scan.tail, `cut at ${cut}, ${zeros} zeros`).toBe(
          unterminated ? 'unterminated' : boundary && zeros === 0 ? 'none' : 'torn',
        );
      }
    }
  });

  test('with any single byte changed is never taken for a torn one', () => {
    const bytes = written({ a: 'first' }, { b: 'second' }, { c: 'last' });
    for (let at = 0; at < bytes.length; at += 1) {
      for (let flip = 1; flip < 256; flip += 1) {
        const damaged = Buffer.from(bytes);
        damaged[at] = damaged[at]! ^ flip;
        const scan = scanSegment(damaged);
        // The last line break alone carries nothing: the record before it is whole.
        const expected = at === bytes.length - 1 && flip === bytes[at] ? 'unterminated' : 'corrupt';
        if (scan.tail !== expected) expect.fail(`byte ${at} ^ ${flip}: ${scan.tail} instead of ${expected}`);
      }
    }
  });

  test('a last record that is changed and lacks its line break is damage too', () => {
    const bytes = written({ a: 'first' }, { c: 'last' }).subarray(0, -1);
    bytes[bytes.length - 3] = 0x78;
    expect(scanSegment(bytes).tail).toBe('corrupt');
  });
});
