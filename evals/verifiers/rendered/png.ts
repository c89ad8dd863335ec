// Pixels of a picture that our own browser took: PNG with 8 bits a channel, RGB or RGBA, not interlaced. Anything else is no such picture.
// https://www.w3.org/TR/png-3/
import { inflateSync } from 'node:zlib';
import type { Box, Pictures } from '../../../contracts/browser.ts';
import { AnnealError } from '../../../contracts/errors.ts';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue of each pixel, row by row; what is transparent lies on white. */
  readonly rgb: Uint8Array;
}

/** Both pictures of a page; see `Pictures`. */
export type Pictured = Readonly<Record<keyof Pictures, Pixels>>;

/** @throws AnnealError `verifier.failed` */
export const pictured = ({ whole, unlettered }: Pictures): Pictured => ({
  whole: pixelsOf(whole),
  unlettered: pixelsOf(unlettered),
});

const SIGNATURE = '89504e470d0a1a0a';
const MOST_PIXELS = 40_000_000;

/** @throws AnnealError `verifier.failed` */
export function pixelsOf(png: Uint8Array): Pixels {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  if (bytes.subarray(0, 8).toString('hex') !== SIGNATURE) throw unreadable('no PNG');
  const parts: Buffer[] = [];
  let header: Buffer | undefined;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const data = bytes.subarray(at + 8, at + 8 + length);
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'IHDR') header = data;
    if (type === 'IDAT') parts.push(data);
    at += 12 + length;
  }
  if (header === undefined) throw unreadable('no header');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = header[9] === 2 ? 3 : header[9] === 6 ? 4 : 0;
  if (header[8] !== 8 || channels === 0 || header[12] !== 0 || width * height > MOST_PIXELS)
    throw unreadable('another kind of PNG');
  const raw = inflateSync(Buffer.concat(parts), { maxOutputLength: height * (1 + width * channels) });
  return { width, height, rgb: opaque(unfiltered(raw, width, height, channels), channels) };
}

/** The part of it that lies in a box, whole pixels; at least one. */
export function cropped({ width, height, rgb }: Pixels, box: Box): Pixels {
  const x = clamp(Math.floor(box.x), 0, width - 1);
  const y = clamp(Math.floor(box.y), 0, height - 1);
  const wide = clamp(Math.ceil(box.x + box.width) - x, 1, width - x);
  const high = clamp(Math.ceil(box.y + box.height) - y, 1, height - y);
  const part = new Uint8Array(wide * high * 3);
  for (let row = 0; row < high; row += 1) {
    const from = ((y + row) * width + x) * 3;
    part.set(rgb.subarray(from, from + wide * 3), row * wide * 3);
  }
  return { width: wide, height: high, rgb: part };
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), Math.max(low, high));

/** Each row begins with the number of the filter by which it refers to its neighbours. */
function unfiltered(raw: Buffer, width: number, height: number, channels: number): Uint8Array {
  const row = width * channels;
  const out = new Uint8Array(row * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (row + 1)];
    const from = y * (row + 1) + 1;
    const to = y * row;
    for (let x = 0; x < row; x += 1) {
      const left = x < channels ? 0 : out[to + x - channels]!;
      const up = y === 0 ? 0 : out[to + x - row]!;
      const corner = x < channels || y === 0 ? 0 : out[to + x - row - channels]!;
      out[to + x] = raw[from + x]! + predicted(filter, left, up, corner);
    }
  }
  return out;
}

function predicted(filter: number | undefined, left: number, up: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const [toLeft, toUp, toCorner] = [
        Math.abs(up - corner),
        Math.abs(left - corner),
        Math.abs(left + up - 2 * corner),
      ];
      if (toLeft <= toUp && toLeft <= toCorner) return left;
      return toUp <= toCorner ? up : corner;
    }
    default:
      throw unreadable('an unknown filter');
  }
}

function opaque(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  const rgb = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const alpha = data[from + 3]! / 255;
    for (let channel = 0; channel < 3; channel += 1)
      rgb[to + channel] = data[from + channel]! * alpha + 255 * (1 - alpha);
  }
  return rgb;
}

const unreadable = (why: string): AnnealError =>
  new AnnealError('verifier.failed', `the browser's picture is unreadable: ${why}`);
