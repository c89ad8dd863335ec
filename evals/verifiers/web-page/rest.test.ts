// A page that is scripted: each look shows the next of its frames, the last for ever.
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { BrowserPage, PageLook, SeenNode, SeenText } from '../../../contracts/browser.ts';
import { ambiguity } from './assertion.ts';
import { atRest } from './rest.ts';

const SIZE = 40;
/** Even, but for a square at the lower right corner. */
function png(grey: number, corner: number): Uint8Array {
  const rows = Array.from({ length: SIZE }, (_, y) =>
    Buffer.from([0, ...Array.from({ length: 3 * SIZE }, (_, at) => (y > 30 && at > 90 ? corner : grey))]),
  );
  const chunk = (type: string, data: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(data.length);
    head.write(type, 4);
    return Buffer.concat([head, data, Buffer.alloc(4)]);
  };
  const header = Buffer.from([0, 0, 0, SIZE, 0, 0, 0, SIZE, 8, 2, 0, 0, 0]);
  const parts = [
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]);
}

interface Frame {
  readonly text: string;
  readonly x?: number;
  readonly grey?: number;
  readonly corner?: number;
}

function lineOf({ text, x = 5 }: Frame): SeenText {
  const box = { x, y: 5, width: 20, height: 12 };
  const stands = { bounds: box, axes: { x: [1, 0], y: [0, 1] }, made: '' } as const;
  return { node: 0, text, box, fontSize: 12, bold: false, stands };
}

function waitedFor(frames: (look: number) => Frame, dwellMs = 100) {
  let looks = 0;
  const now = (): Frame => frames(looks);
  const page = {
    look: async (): Promise<PageLook> => {
      looks += 1;
      const size = { width: SIZE, height: SIZE };
      return { url: '', title: '', viewport: size, page: size, nodes: [], texts: [lineOf(now())] };
    },
    glimpse: async () => ({ png: png(now().grey ?? 255, now().corner ?? 0), x: 0, y: 0 }),
  } as unknown as BrowserPage;
  return atRest(page, {
    ...{ dwellMs, patienceMs: 600 },
    linesOf: ({ texts }) => texts,
    missing: async ({ texts }) => (texts[0]!.text === '42' ? undefined : `“${texts[0]!.text}”`),
  });
}

test('what slides or fades in is judged where it stands', async () => {
  const slid = await waitedFor((look) => ({
    text: '42',
    x: Math.max(5, 15 - 2 * look),
    grey: Math.min(255, 80 * look),
  }));
  expect(slid).toMatchObject({ lines: [{ box: { x: 5 } }] });
});

test('what moves elsewhere may go on', async () => {
  expect(await waitedFor((look) => ({ text: '42', corner: (look * 37) % 256 }))).toMatchObject({
    lines: [{ text: '42' }],
  });
});

test.each<[string, (look: number) => Frame, string]>([
  ['moves for ever', (look) => ({ text: '42', x: look % 2 }), 'it does not come to rest'],
  ['is painted otherwise each time', (look) => ({ text: '42', grey: (look * 50) % 256 }), 'it does not come to rest'],
  ['was there for a moment', (look) => ({ text: look < 2 ? '42' : '–' }), 'it did not stay: “–”'],
])('what %s is not found', async (_, frames, why) => {
  expect(await waitedFor(frames)).toEqual({ restless: why });
});

test('what is said twice, and not alike, is ambiguous', () => {
  const status = (text: string): SeenNode => ({
    ...{ id: 1, parent: -1, tag: 'p', attributes: {}, role: 'status', name: '', value: null, states: [], text },
    ...{ box: { x: 0, y: 0, width: 9, height: 9 }, overflow: { x: 0, y: 0 } },
  });
  const said = (...texts: string[]): string | undefined => {
    const size = { width: 1, height: 1 };
    const look = { url: '', title: '', viewport: size, page: size, nodes: texts.map(status), texts: [] };
    return ambiguity({ that: 'text', of: { role: 'status' }, is: '{{sum}}' }, look, { sum: '7' });
  };
  expect(said('7')).toBeUndefined();
  expect(said('7', '7')).toBeUndefined();
  expect(said('7', 'out of order')).toMatch(/2 of status, and not the same of each/);
});
