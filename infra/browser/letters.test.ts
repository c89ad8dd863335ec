// In a real Chromium: which letters are told apart, and that those drawn anew are those that a plain page has.
import { expect, test, vi } from 'vitest';
import type { Box, BrowserPage, Glimpse, PageLook, PageLost, SeenText } from '../../contracts/browser.ts';
import { BROWSER_LIMITS, createChromiumBrowser } from './chromium.ts';

vi.setConfig({ testTimeout: 120_000 });

const browser = createChromiumBrowser({ concurrency: 1 });

const on = <Seen>(html: string, look: (page: BrowserPage, first: PageLook) => Promise<Seen>) =>
  browser.visit({ files: new Map([['index.html', Buffer.from(html)]]), limits: BROWSER_LIMITS }, async (open) => {
    const page = there(await open('index.html', { width: 600, height: 800 }));
    return look(page, there(await page.look()));
  });

function there<T extends object>(value: T | PageLost): T {
  if ('lost' in value) throw new Error(`lost: ${value.lost}`);
  return value as T;
}

const lineOf = (look: PageLook, text: string): { node: number; line: SeenText } => {
  const line = look.texts.find((one) => one.text.includes(text));
  if (line === undefined) throw new Error(`nothing says ${text}`);
  return { node: look.nodes[line.node]!.id, line };
};
const same = (one: Glimpse, other: Glimpse): boolean => Buffer.from(one.png).equals(Buffer.from(other.png));

test('letters are painted in other colours where they can be seen, and in none where something hides them', async () => {
  const styles = {
    plain: '',
    important: 'color:#777!important',
    gradient: 'background:linear-gradient(red,blue);background-clip:text;-webkit-text-fill-color:transparent',
    moving: 'transition:all 3s',
  };
  const hidden = { clipped: 'clip-path:inset(100%)', masked: 'mask:linear-gradient(transparent,transparent)' };
  const told = await on(
    `<style>p{margin:70px;font:20px sans-serif}</style>${Object.entries({ ...styles, ...hidden })
      .map(([name, style]) => `<p style="${style}">${name} letters</p>`)
      .join('')}<b>others</b>`,
    async (page, look) => {
      const names = [...Object.keys(styles), ...Object.keys(hidden)].map((name) => {
        const node = look.nodes.find((one) => one.tag === 'p' && one.text.startsWith(name));
        return [name, node!.id] as const;
      });
      const found: Record<string, boolean[]> = {};
      for (const [name, node] of names) {
        const { whole, black, white, without, unlettered } = there(await page.lettered([node]));
        found[name] = [!same(black, white), !same(black, without), !same(without, unlettered)];
        expect(same(whole, there(await page.glimpse())), name).toBe(true);
      }
      return found;
    },
  );
  for (const name of Object.keys(styles)) expect(told, name).toHaveProperty([name], [true, true, true]);
  for (const name of Object.keys(hidden)) expect(told, name).toHaveProperty([name], [false, false, true]);
});

test('letters drawn anew stand where the engine has them; how they are squeezed is told', async () => {
  const drawings = await on(
    `<style>p{margin:5px;font:20px/1.5 serif;width:max-content;transform-origin:0 0}</style><p>plain</p><p style="transform:scaleX(.25)">narrow</p>
     <p style="letter-spacing:-.2em">close</p><p style="zoom:2">twofold</p><p style="rotate:90deg;translate:300px">aside</p>`,
    async (page, look) => {
      const lines = ['plain', 'narrow', 'close', 'twofold', 'aside'].map((text) => lineOf(look, text));
      const all = there(await page.drawn(lines));
      return all.map((drawing, at) => ({ ...drawing!, box: lines[at]!.line.stands.bounds }));
    },
  );
  const [plain, narrow, close, twofold, aside] = drawings;
  for (const { x, y, width, height, ink, box } of drawings) {
    expect({ x, y }).toEqual({ x: Math.floor(box.x), y: Math.floor(box.y) });
    expect(ink).toHaveLength(width * height);
    expect(Math.max(...ink)).toBeGreaterThan(150);
  }
  expect(plain).toMatchObject({ wide: expect.closeTo(20, 0), high: expect.closeTo(20, 0), apart: 1 });
  expect(narrow!.wide / narrow!.high).toBeCloseTo(0.25, 1);
  expect(close!.apart).toBeLessThan(0.75);
  expect(twofold!.high).toBeGreaterThan(36);
  expect(aside!.box.height).toBeGreaterThan(aside!.box.width);
});

test('what is far down is shown in the middle of the window, and the page does not notice a glimpse', async () => {
  const [box, glimpse, text] = await on(
    `<body style="margin:0"><p id="n">0</p><div style="height:3000px"></div><h1>far</h1><div style="height:3000px"></div><script>
      let n = 0; const more = () => { document.querySelector('#n').textContent = String(n += 1); };
      new MutationObserver(more).observe(document.documentElement, { attributes: true, subtree: true }); onresize = more;</script>`,
    async (page, look): Promise<[Box, Glimpse, string]> => {
      const heading = look.nodes.find(({ tag }) => tag === 'h1')!;
      expect(await page.act({ do: 'show', node: heading.id, part: heading.box! })).toBeUndefined();
      const seen = there(await page.glimpse());
      return [heading.box!, seen, there(await page.look()).nodes.find(({ tag }) => tag === 'p')!.text];
    },
  );
  expect(box.y - glimpse.y).toBeGreaterThan(300);
  expect(box.y - glimpse.y).toBeLessThan(500);
  expect(text).toBe('0');
});
