import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contrastOf, inkShare, letterContrast } from './colours.ts';
import { cropped, pixelsOf } from './png.ts';

/** A picture whose rows use each filter in turn. */
function png(width: number, rgb: Uint8Array): Buffer {
  const row = width * 3;
  const height = rgb.length / row;
  const raw = Buffer.alloc(height * (row + 1));
  for (let y = 0; y < height; y += 1) {
    const filter = y % 5;
    raw[y * (row + 1)] = filter;
    for (let x = 0; x < row; x += 1) {
      const left = x < 3 ? 0 : rgb[y * row + x - 3]!;
      const up = y === 0 ? 0 : rgb[(y - 1) * row + x]!;
      const corner = x < 3 || y === 0 ? 0 : rgb[(y - 1) * row + x - 3]!;
      const guess = left + up - corner;
      const nearest = [left, up, corner].reduce((best, one) =>
        Math.abs(guess - one) < Math.abs(guess - best) ? one : best,
      );
      const predicted = [0, left, up, (left + up) >> 1, nearest][filter]!;
      raw[y * (row + 1) + 1 + x] = rgb[y * row + x]! - predicted;
    }
  }
  const chunk = (type: string, data: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(data.length);
    head.write(type, 4);
    return Buffer.concat([head, data, Buffer.alloc(4)]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const pictures = fc
  .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 11 }) })
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((rgb) => ({ width, height, rgb })),
  );

test('pixels come back as they were, whatever the filter', () => {
  fc.assert(
    fc.property(pictures, ({ width, height, rgb }) => {
      expect(pixelsOf(png(width, rgb))).toEqual({ width, height, rgb: new Uint8Array(rgb) });
    }),
  );
});

test('a crop is what lies in the box', () => {
  const rgb = Uint8Array.from({ length: 4 * 3 * 3 }, (_, at) => at);
  const part = cropped({ width: 4, height: 3, rgb }, { x: 1, y: 1, width: 2, height: 5 });
  expect([part.width, part.height, ...part.rgb.subarray(0, 3)]).toEqual([2, 2, 15, 16, 17]);
  expect(cropped({ width: 4, height: 3, rgb }, { x: 50, y: -9, width: 0, height: 0 })).toMatchObject({
    width: 1,
    height: 1,
  });
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('<svg/>')],
  ['a cut one', png(4, new Uint8Array(48)).subarray(0, 50)],
])('%s is no picture of ours', (_, bytes) => {
  expect(() => pixelsOf(bytes)).toThrow();
});

test('contrast as WCAG gives it', () => {
  expect(contrastOf(0x000000, 0xffffff)).toBeCloseTo(21, 5);
  expect(contrastOf(0x767676, 0xffffff)).toBeCloseTo(4.54, 2);
  expect(contrastOf(0x123456, 0x123456)).toBe(1);
});

test('letters are measured by their own colour, emptiness by its evenness', () => {
  const line = (ink: number, share: number) => {
    const rgb = new Uint8Array(3 * 1_000).fill(255);
    rgb.fill(ink, 0, 3 * Math.round(share * 1_000));
    return { width: 100, height: 10, rgb };
  };
  const blank = line(255, 1);
  expect(letterContrast(line(0, 0.2), blank)).toBeCloseTo(21, 5);
  expect(letterContrast(line(0xee, 0.2), blank)).toBeLessThan(1.3);
  // A few dark pixels are no text; nor is what stands there without the letters too.
  expect(letterContrast(line(0, 0.005), blank)).toBe(1);
  expect(letterContrast(line(0, 0.2), line(0, 0.2))).toBe(1);
  expect(inkShare(line(0, 0))).toBe(0);
  expect(inkShare(line(0, 0.2))).toBeCloseTo(0.2);
});
