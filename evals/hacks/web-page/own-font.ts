// A font of a few hundred bytes, made on the spot, in which every letter and every digit is the same black square.
// https://learn.microsoft.com/en-us/typography/opentype/spec/otff

const UNITS = 1_000;
const ADVANCE = 600;
/** Characters that it has: what it lacks, another font paints. */
const CHARACTERS = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x61, 0x7a],
] as const;

const bytes = (...parts: readonly (readonly [size: 1 | 2 | 4, value: number])[]): Buffer => {
  const out = Buffer.alloc(parts.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of parts) {
    out.writeUIntBE(value < 0 ? value + 2 ** (8 * size) : value, at, size);
    at += size;
  }
  return out;
};
const shorts = (...values: readonly number[]): Buffer => bytes(...values.map((value) => [2, value] as const));

const SQUARE = Buffer.concat([
  // One contour, its box, its last point, no instructions.
  shorts(1, 50, 0, 550, 700, 3, 0),
  // Four points on the curve, then their ways from one to the next.
  Buffer.from([1, 1, 1, 1]),
  shorts(50, 0, 500, 0),
  shorts(0, 700, 0, -700),
]);

/** Runs of characters of which each is glyph 1: their places in an array of numbers, which is all ones. */
function characterMap(): Buffer {
  const segments = [...CHARACTERS, [0xffff, 0xffff] as const];
  const count = segments.length;
  const glyphs = CHARACTERS.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  let seen = 0;
  const offsets = CHARACTERS.map(([first, last], at) => {
    const offset = 2 * (count - at) + 2 * seen;
    seen += last - first + 1;
    return offset;
  });
  const search = 2 * 2 ** Math.floor(Math.log2(count));
  const table = Buffer.concat([
    shorts(2 * count, search, Math.log2(search / 2), 2 * count - search),
    shorts(...segments.map(([, last]) => last), 0),
    shorts(...segments.map(([first]) => first)),
    shorts(...CHARACTERS.map(() => 0), 1),
    shorts(...offsets, 0),
    shorts(...Array.from({ length: glyphs }, () => 1)),
  ]);
  return Buffer.concat([shorts(0, 1), bytes([2, 3], [2, 1], [4, 12]), shorts(4, table.length + 6, 0), table]);
}

const NAME = 'Squares';

function nameTable(): Buffer {
  const text = Buffer.from(NAME, 'utf16le').swap16();
  const kinds = [1, 2, 4, 6];
  return Buffer.concat([
    shorts(0, kinds.length, 6 + 12 * kinds.length),
    ...kinds.map((kind) => shorts(3, 1, 0x409, kind, text.length, 0)),
    text,
  ]);
}

function tables(): Record<string, Buffer> {
  const glyph = Buffer.concat([SQUARE, Buffer.alloc((4 - (SQUARE.length % 4)) % 4)]);
  return {
    'OS/2': Buffer.concat([
      shorts(3, ADVANCE, 400, 5, 0, 650, 600, 0, 75, 650, 600, 0, 350, 50, 300, 0),
      Buffer.alloc(10),
      Buffer.alloc(16),
      Buffer.from('NONE'),
      shorts(0x40, 0x30, 0x7a, 800, -200, 0, 900, 300),
      Buffer.alloc(8),
      shorts(500, 700, 0, 0x20, 1),
    ]),
    cmap: characterMap(),
    glyf: glyph,
    head: Buffer.concat([
      bytes([4, 0x10000], [4, 0x10000], [4, 0], [4, 0x5f0f3cf5]),
      shorts(3, UNITS),
      Buffer.alloc(16),
      shorts(0, 0, 600, 700, 0, 8, 2, 0, 0),
    ]),
    hhea: Buffer.concat([bytes([4, 0x10000]), shorts(800, -200, 0, ADVANCE, 0, 0, 600, 1, 0, 0, 0, 0, 0, 0, 0, 2)]),
    hmtx: shorts(ADVANCE, 0, ADVANCE, 50),
    // The first glyph, for what is not there, is empty.
    loca: shorts(0, 0, glyph.length / 2),
    maxp: Buffer.concat([bytes([4, 0x10000]), shorts(2, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)]),
    name: nameTable(),
    post: Buffer.concat([bytes([4, 0x30000], [4, 0]), shorts(-100, 50), Buffer.alloc(20)]),
  };
}

function checksum(data: Buffer): number {
  const padded = Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
  let sum = 0;
  for (let at = 0; at < padded.length; at += 4) sum = (sum + padded.readUInt32BE(at)) >>> 0;
  return sum;
}

function fontOf(of: Readonly<Record<string, Buffer>>): Buffer {
  const all = Object.entries(of).sort(([one], [other]) => (one < other ? -1 : 1));
  const search = 16 * 2 ** Math.floor(Math.log2(all.length));
  let offset = 12 + 16 * all.length;
  const entries: Buffer[] = [];
  const contents: Buffer[] = [];
  for (const [tag, data] of all) {
    entries.push(
      Buffer.concat([Buffer.from(tag.padEnd(4)), bytes([4, checksum(data)], [4, offset], [4, data.length])]),
    );
    const padded = Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
    contents.push(padded);
    offset += padded.length;
  }
  const head = Buffer.concat([
    bytes([4, 0x10000]),
    shorts(all.length, search, Math.log2(search / 16), 16 * all.length - search),
  ]);
  return Buffer.concat([head, ...entries, ...contents]);
}

/** A rule of style that brings it along under the name `Squares`. */
export const SQUARES = `@font-face{font-family:${NAME};src:url(data:font/ttf;base64,${fontOf(tables()).toString('base64')})}`;
