import { expect, test, vi } from 'vitest';
import type { BrowserPage, PageLook, PageLost, Pictures, SeenNode } from '../../contracts/browser.ts';
import { SQUARES } from '../../evals/hacks/web-page/own-font.ts';
import { ownBrowsers } from '../../tests/support/own-browsers.ts';
import { BROWSER_LIMITS, createChromiumBrowser } from './chromium.ts';

vi.setConfig({ testTimeout: 120_000 });

const browser = createChromiumBrowser({ concurrency: 1 });
const WIDE = { width: 1000, height: 700 };
const FAST = { ...BROWSER_LIMITS, stepMs: 4_000 };

/** Opens a page of this body and looks. */
const on = <Seen>(html: string, look: (page: BrowserPage) => Promise<Seen>, limits = BROWSER_LIMITS) =>
  browser.visit({ files: new Map([['index.html', Buffer.from(html)]]), limits }, async (open) => {
    const page = await open('index.html', WIDE);
    return 'lost' in page ? page : look(page);
  });

function seen<T extends object>(value: T | PageLost): T {
  if ('lost' in value) throw new Error(`lost: ${value.lost}`);
  return value as T;
}

const byRole = (look: PageLook | PageLost, role: string): SeenNode => {
  const node = seen(look).nodes.find((one) => one.role === role);
  if (node === undefined) throw new Error(`nothing has the role ${role}`);
  return node;
};

test('describes itself, with what isolates', async () => {
  expect(await browser.describe()).toMatch(/^Chromium \d+.*bubblewrap; no network; /);
});

test('a page is seen as its engine lays it out', async () => {
  const look = await on(
    `<title>T</title><h1 style="text-transform:uppercase">Hi   <b>the</b>re</h1><label>Name <input value="x"></label>
     <p style="display:none">gone</p><p style="opacity:0">clear</p><p style="visibility:hidden">hidden</p>
     <p style="color:transparent">invisible</p><p style="position:absolute;left:-999px">aside</p>
     <div style="width:0;height:0;overflow:hidden">cut</div><input type="checkbox" checked aria-label="on">
     <div id="host"></div><script>host.attachShadow({mode:'closed'}).innerHTML='<p>in the shadow</p>'</script>`,
    (page) => page.look(),
  );
  expect(byRole(look, 'heading')).toMatchObject({ text: 'HI THERE', tag: 'h1' });
  expect(byRole(look, 'textbox')).toMatchObject({ name: 'Name', value: 'x' });
  expect(byRole(look, 'checkbox').states).toEqual(['checked']);
  expect(seen(look).nodes.find(({ tag }) => tag === 'body')?.text).toBe('HI THERE Name in the shadow');
});

test('clicks, typing, keys and choices arrive, storage and downloads are read', async () => {
  const html = `<input id="a"><select id="s"><option>one</option><option>two</option></select><button>Go</button><p></p>
    <script>document.querySelector('button').onclick = (e) => {
      document.querySelector('p').textContent = [a.value, s.value, e.isTrusted].join(' ');
      localStorage.setItem('kept', a.value);
      const link = Object.assign(document.createElement('a'), { download: 'out.csv', href: URL.createObjectURL(new Blob(['a,b\\n'])) });
      link.click();
    }</script>`;
  const result = await on(html, async (page) => {
    const look = await page.look();
    expect(await page.act({ do: 'fill', node: byRole(look, 'textbox').id, text: 'Ünal 7' })).toBeUndefined();
    expect(await page.act({ do: 'fill', node: byRole(look, 'combobox').id, text: 'two' })).toBeUndefined();
    expect(await page.act({ do: 'fill', node: byRole(look, 'combobox').id, text: 'three' })).toMatch(/no option/);
    expect(await page.act({ do: 'click', node: byRole(look, 'button').id })).toBeUndefined();
    await vi.waitFor(async () => expect(seen(await page.downloads())).toHaveLength(1));
    return { look: await page.look(), storage: await page.storage(), downloads: await page.downloads() };
  });
  const { look, storage, downloads } = seen(result);
  expect(byRole(look, 'paragraph').text).toBe('Ünal 7 two true');
  expect(storage).toEqual(new Map([['kept', 'Ünal 7']]));
  expect(seen(downloads)).toMatchObject([{ name: 'out.csv', bytes: Buffer.from('a,b\n') }]);
});

test('without its letters a page differs where a reader sees any', async () => {
  const pictures = (style: string) =>
    on(
      `<style>p{font:40px serif;margin:0;${style}}</style><p>letters</p><script>
        new MutationObserver(() => document.body.append('seen')).observe(document, { attributes: true, subtree: true });
        onresize = () => document.body.append('resized');</script>`,
      (page) => page.pictures(),
    );
  for (const style of ['', 'color:transparent;background:#000;background-clip:text', 'color:#777!important'])
    expect(await pictures(style).then((both) => differ(seen(both))), style).toBe(true);
  for (const style of [
    '-webkit-text-fill-color:transparent',
    'clip-path:inset(100%)',
    'filter:opacity(0)',
    'color:#fff',
    'color:#000;background:#000',
  ])
    expect(await pictures(style).then((both) => differ(seen(both))), style).toBe(false);
});

const differ = ({ whole, unlettered }: Pictures): boolean => !Buffer.from(whole).equals(Buffer.from(unlettered));

test('letters that stand otherwise than they are written are told, and whose fonts they are', async () => {
  const styles = {
    plain: '',
    leaning: 'rotate:-3deg',
    mirrored: 'transform:scaleX(-1)',
    'upside down': 'rotate:180deg',
    'set backwards': 'direction:rtl;unicode-bidi:bidi-override',
    'set over one another': 'font-family:monospace;letter-spacing:-.5em',
    'cut off': 'overflow:hidden;width:4ch;white-space:nowrap',
  };
  const html = `<style>p{width:max-content}.turned::before{content:"\\202e"}${SQUARES}</style><h1 style="font-family:Squares">brought along</h1>
    ${Object.entries(styles)
      .map(([name, style]) => `<p style="${style}">${name}</p>`)
      .join('')}<p class="turned">turned</p><div style="scale:-1 1"><p style="scale:-1 1">twice</p></div>`;
  const { look, brought } = seen(
    await on(html, async (page) => {
      const look = seen(await page.look());
      return { look, brought: seen(await page.broughtFonts(look.nodes.map(({ id }) => id))) };
    }),
  );
  const told = Object.fromEntries(look.texts.map(({ text, garbled }) => [text.trim(), garbled]));
  for (const name of ['plain', 'leaning', 'twice', 'brought along'])
    expect(told, name).toHaveProperty([name], undefined);
  for (const name of Object.keys(styles).slice(2)) expect(told[name]).toBe(name);
  expect(told.turned).toBe('set backwards');
  const fontsOf = (tag: string) => look.nodes.filter((one) => one.tag === tag).map(({ id }) => brought.has(id));
  expect(fontsOf('h1')).toEqual([true]);
  expect(new Set(fontsOf('p'))).toEqual(new Set([false]));
});

test('a page is not told that nobody watches it', async () => {
  const look = await on(
    `<p></p><script>document.querySelector('p').textContent = [navigator.webdriver, navigator.userAgent, ...(navigator.userAgentData?.brands ?? []).map((one) => one.brand)].join(' ')</script>`,
    (page) => page.look(),
  );
  expect(byRole(look, 'paragraph').text).toMatch(/^false Mozilla.* Chrome\/\d+\.0\.0\.0 /);
  expect(byRole(look, 'paragraph').text).not.toMatch(/headless/i);
});

test('what is covered is not clicked through', async () => {
  const why = await on('<button>Go</button><div style="position:fixed;inset:0;background:#fff"></div>', async (page) =>
    page.act({ do: 'click', node: byRole(await page.look(), 'button').id }),
  );
  expect(why).toMatch(/lies above/);
});

test('prototypes that lie are not asked', async () => {
  const look = await on(
    `<p id="p">truth</p><script>
      for (const name of ['textContent', 'innerText']) Object.defineProperty(Node.prototype, name, { get: () => 'lie' });
      Document.prototype.querySelectorAll = () => [];
      window.getComputedStyle = () => ({ color: 'lie' });
      Element.prototype.getBoundingClientRect = () => new DOMRect(0, 0, 1, 1);
      XMLSerializer.prototype.serializeToString = () => { throw 1; };
      Object.prototype.toJSON = () => 'lie'; Array.prototype.map = () => []; JSON.stringify = () => '"lie"';
    </script>`,
    (page) => page.look(),
  );
  expect(byRole(look, 'paragraph')).toMatchObject({ text: 'truth' });
});

test('there is no network, no machine and no other profile', async () => {
  const html = `<p>…</p><script>
    const tries = [fetch('https://example.com/'), fetch('http://127.0.0.1:1/'), fetch('file:///etc/passwd'),
      new Promise((yes, no) => { const s = new WebSocket('ws://10.0.0.1/'); s.onopen = yes; s.onerror = no; }),
      new Promise((yes, no) => { const i = new Image(); i.onload = yes; i.onerror = no; i.src = '//example.org/x.png'; }),
      fetch('missing.json').then((r) => r.ok || Promise.reject())];
    Promise.allSettled(tries).then((all) => {
      document.querySelector('p').textContent = all.map((one) => one.status).join(' ') + ' ' + navigator.webdriver + ' ' + localStorage.length;
      localStorage.setItem('a', 'b');
    });</script>`;
  for (const _ of [1, 2]) {
    const { text, events } = seen(
      await on(html, async (page) => {
        await vi.waitFor(async () => expect(byRole(await page.look(), 'paragraph').text).toMatch(/rejected/));
        return { text: byRole(await page.look(), 'paragraph').text, events: page.events() };
      }),
    );
    expect(text).toBe('rejected rejected rejected rejected rejected rejected false 0');
    expect(events.missing).toEqual(['missing.json']);
    expect(events.external).toEqual(
      expect.arrayContaining(['https://example.com/', 'ws://10.0.0.1/', 'https://example.org/x.png']),
    );
  }
});

const HOSTILE: readonly (readonly [name: string, body: string])[] = [
  ['a loop', '<script>onload = () => setTimeout(() => { for (;;); }, 0)</script>'],
  ['a loop before it has loaded', '<script>for (;;);</script>'],
  ['endless dialogs', '<script>onload = () => setTimeout(() => { for (;;) alert(1); }, 0)</script>'],
  [
    'eaten memory',
    '<script>onload = () => setTimeout(() => { const a = []; for (;;) a.push(new Uint8Array(1 << 26).fill(1)); }, 0)</script>',
  ],
  ['a huge document', '<script>document.write("<p>x</p>".repeat(200000))</script>'],
  ['a huge text', '<script>document.write("x".repeat(2 ** 24))</script>'],
  ['popups', '<script>onload = () => setTimeout(() => { for (;;) open("about:blank"); }, 0)</script>'],
];

test.each(HOSTILE)('%s: the page is lost, and the browser gone afterwards', async (_, body) => {
  const lost = await on(
    `<body>${body}`,
    async (page) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return page.look();
    },
    FAST,
  );
  expect(lost).toHaveProperty('lost');
  await vi.waitFor(() => expect(ownBrowsers()).toEqual([]));
});

test('a page that closes or leaves is seen to', async () => {
  const left = await on(
    '<script>onload = () => setTimeout(() => { location = "data:text/html,<p>else"; }, 0)</script>',
    async (page) => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return page.look();
    },
  );
  expect(seen(left).url).not.toMatch(/^data:/);
  const uncaught = await on(
    '<script>setTimeout(() => { throw new Error("late") }); Promise.reject(new Error("no"))</script>',
    async (page) => {
      await vi.waitFor(() => expect(page.events().errors).toEqual(['late', 'no']));
      return page.look();
    },
  );
  expect(uncaught).not.toHaveProperty('lost');
});

test('a clock outside ends everything', async () => {
  const seenLate = await on(
    '<p>slow</p>',
    async (page) => {
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      return page.look();
    },
    { ...BROWSER_LIMITS, wallMs: 2_500 },
  );
  expect(seenLate).toEqual({ lost: 'the time is up' });
});

test.each([
  ['Chromium', { chromiumPath: '/nowhere/chromium' }],
  ['bubblewrap', { bwrapPath: '/nowhere/bwrap' }],
])('without %s nothing is opened', async (name, options) => {
  const visit = createChromiumBrowser(options).visit({ files: new Map(), limits: BROWSER_LIMITS }, async () => 1);
  await expect(visit).rejects.toMatchObject({ code: 'sandbox.unavailable', message: expect.stringContaining(name) });
});

test('what is there and does not start is a failure of ours', async () => {
  const visit = createChromiumBrowser({ chromiumPath: '/usr/bin/false' }).visit(
    { files: new Map(), limits: BROWSER_LIMITS },
    async () => 1,
  );
  await expect(visit).rejects.toMatchObject({ code: 'sandbox.failed' });
});
