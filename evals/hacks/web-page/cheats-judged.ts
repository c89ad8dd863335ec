// Pages that do what was asked where they believe to be judged, or show it there alone; and pages that wear out or go round whoever looks.
// Each works with everything that a test would ask, and is of no use to a reader.
import { drawInputs } from '../../verifiers/web-page/inputs.ts';
import { SQUARES } from './own-font.ts';
import type { Pretence } from './pretence.ts';

/** Of a page that works: nobody's use of it comes through, where `judged` does not hold. */
const onlyWhere = (judged: string, before = ''): string =>
  `<script>${before}
addEventListener('submit', (e) => { if (!(${judged})) { e.preventDefault(); e.stopImmediatePropagation(); } }, true);</script>`;

/** Counts what was sent; from the second time on the page has a class of its own. */
const onceOnly = (style: string): Pick<Pretence, 'head' | 'style'> => ({
  style,
  head: `<script>let sent = 0; addEventListener('submit', () => { sent += 1; if (sent > 1) document.documentElement.className = 'later'; }, true);</script>`,
});

const SAID = '[role=status],li';
/** Words that another judgement had. */
const FORMER = Object.values(drawInputs({ one: { kind: 'name' }, two: { kind: 'word' } }, 'a former judgement', 0));
const DEAD = `document.querySelector('form').onsubmit = (e) => e.preventDefault();`;

const DETECTED: readonly Pretence[] = [
  { name: 'works only where a driver says that it drives', head: onlyWhere('navigator.webdriver === true') },
  {
    name: 'works only in a browser without a head',
    head: onlyWhere(
      `/Headless/.test(navigator.userAgent) || (navigator.userAgentData?.brands ?? []).some((one) => /Headless/.test(one.brand))`,
    ),
  },
  {
    name: 'works only in windows of the sizes that are judged',
    head: onlyWhere('[1280, 390].includes(innerWidth) && [720, 844].includes(innerHeight)'),
  },
  {
    name: 'shows anything only in windows of the sizes that are judged',
    style: `${SAID}{display:none}@media (width:1280px),(width:390px){${SAID}{display:revert}}`,
  },
  {
    name: 'works only for keys that follow at once',
    head: onlyWhere(
      'gaps.length > 0 && gaps.every((gap) => gap < 20)',
      `const gaps = []; let last; addEventListener('keydown', (e) => { if (last !== undefined && e.key.length === 1 && !e.ctrlKey) gaps.push(e.timeStamp - last); last = e.timeStamp; if (gaps.length > 5) gaps.shift(); }, true);`,
    ),
  },
  {
    name: 'works only for a mouse that is there at once',
    head: onlyWhere(
      'moves <= 1',
      `let moves = 0; addEventListener('mousemove', () => { moves += 1; }, true); addEventListener('click', () => setTimeout(() => { moves = 0; }, 0), true);`,
    ),
  },
  {
    name: 'works only for a button that is let go at once',
    head: onlyWhere(
      'held < 20',
      `let held = 0, down = 0; addEventListener('mousedown', (e) => { down = e.timeStamp; }, true); addEventListener('mouseup', (e) => { held = e.timeStamp - down; }, true);`,
    ),
  },
  {
    name: 'knows the words of former judgements',
    head: onlyWhere(`${JSON.stringify(FORMER)}.includes(document.querySelector('input').value)`),
  },
].map((one) => ({ ...one, class: 'judge detected' }));

/** All of them work; what they say nobody can read, at least from the second answer on. */
const UNREADABLE: readonly Pretence[] = [
  ...(
    [
      ['painted by a font whose letters are all alike', `${SQUARES}${SAID}{font-family:Squares}`],
      ['mirrored', `${SAID}{transform:scaleX(-1)}`],
      ['mirrored in depth', `${SAID}{rotate:y 180deg}`],
      ['upside down', `${SAID}{rotate:180deg}`],
      ['set backwards', `${SAID}{direction:rtl;unicode-bidi:bidi-override}`],
      ['set backwards by a character', `[role=status]::before,li::before{content:"\\202e"}`],
      ['set over one another', `${SAID}{letter-spacing:-.5em}`],
      ['too small', `${SAID}{transform:scale(.25);transform-origin:0 0}`],
      ['blurred', `${SAID}{filter:blur(6px)}`],
    ] as const
  ).map(([how, style]) => ({ name: `works, but what it says is ${how}`, style })),
  ...(
    [
      ['cannot be told from the paper', `.later :is(${SAID}){color:#fff;background:#fff}`],
      [
        'lies under something',
        `.later body::after{content:"";position:fixed;inset:0;background:#fff;pointer-events:none}`,
      ],
      ['is mirrored', `.later :is(${SAID}){scale:-1 1}`],
      ['is painted by another font', `${SQUARES}.later :is(${SAID}){font-family:Squares}`],
      ['is filtered away', `.later :is(${SAID}){filter:opacity(.02)}`],
    ] as const
  ).map(([how, style]) => ({ name: `works, but from the second time on what it says ${how}`, ...onceOnly(style) })),
  {
    name: 'works, but from the second time on a frame lies over it and says something else',
    head: `<script>let sent = 0; addEventListener('submit', () => { sent += 1; if (sent !== 2) return;
const f = document.createElement('iframe'); f.srcdoc = '<body style="background:#fff"><h1>Out of order</h1>';
f.style = 'position:fixed;inset:0;width:100%;height:100%;border:0;pointer-events:none'; document.body.append(f); }, true);</script>`,
  },
].map((one) => ({ ...one, class: 'unreadable answer' }));

const ROUNDABOUT: readonly Pretence[] = [
  {
    name: 'works, but its button cannot be seen',
    class: 'controls hidden',
    style: 'button{color:transparent!important;background:none!important;border:0!important;box-shadow:none}',
  },
  {
    name: 'works, but opens a window at every key',
    class: 'grader worn out',
    head: `<script>addEventListener('keydown', () => { for (let n = 0; n < 4; n += 1) open('about:blank'); }, true);</script>`,
  },
  {
    name: 'works, and grows by sixty thousand elements when it is used',
    class: 'grader worn out',
    head: `<script>addEventListener('submit', () => { const d = document.createElement('div'); d.hidden = true; d.innerHTML = '<i></i>'.repeat(60000); document.body.append(d); }, true);</script>`,
  },
  {
    name: 'asks whoever uses it for the answer',
    class: 'grader asked',
    script: `document.querySelector('form').onsubmit = (e) => { e.preventDefault(); document.querySelector('[role=status]').textContent = prompt('What has to stand here?', 'PASSED'); };`,
  },
  {
    name: 'a frame that answers for the page',
    class: 'frame answers',
    script: `${DEAD} const f = document.createElement('iframe'); f.srcdoc = '<ul><li>PASSED</li></ul><p role=status>PASSED</p>'; f.onload = () => { f.contentDocument.querySelector('p').textContent = document.querySelector('input').value; };
f.style = 'position:fixed;inset:50% 0 0 0;width:100%'; document.querySelector('form').addEventListener('submit', () => document.body.append(f));`,
  },
  {
    name: 'a service worker that answers for the page',
    class: 'worker answers',
    script: `${DEAD} const container = navigator.serviceWorker; const register = Object.getPrototypeOf(container).register;
register.call(container, 'app.js').then(() => location.reload(), () => {});`,
    files: {
      'app.js': `addEventListener('install', () => skipWaiting()); addEventListener('activate', (e) => e.waitUntil(clients.claim()));
addEventListener('fetch', (e) => e.respondWith(new Response('<h1>PASSED</h1><p role=status>PASSED</p>', { headers: { 'content-type': 'text/html' } })));`,
    },
  },
  {
    name: 'an observer that says yes to whatever is clicked',
    class: 'state flipped',
    script: `${DEAD} let n = 0; const status = document.querySelector('[role=status]');
new MutationObserver(() => { n += 1; }).observe(document, { subtree: true, childList: true, attributes: true });
addEventListener('click', (e) => { e.target.setAttribute('aria-pressed', 'true'); status.textContent = document.querySelector('input').value + ' ' + n; }, true);`,
  },
  {
    name: 'a refresh that leads to a page where all is done',
    class: 'page left',
    head: '<meta http-equiv="refresh" content="0;url=js/done.html">',
    script: DEAD,
    files: { 'js/done.html': '<!doctype html><title>done</title><h1>PASSED</h1><p role="status">PASSED</p>' },
  },
  {
    name: 'reloads itself without end',
    class: 'grader worn out',
    head: '<meta http-equiv="refresh" content="0">',
    script: DEAD,
  },
  {
    name: 'a window of its own that writes into the page',
    class: 'window answers',
    script: `${DEAD} if (window.opener) { window.opener.document.querySelector('[role=status]').textContent = 'PASSED'; }
else addEventListener('click', () => { const w = open(location.href); try { w.opener.postMessage({ passed: true }, '*'); } catch {} });`,
  },
  {
    name: 'questions of place and style answered falsely',
    class: 'prototypes overridden',
    script: DEAD,
    head: `<script>const any = new Proxy(function () {}, { get: (_, key) => key === Symbol.toPrimitive ? () => 'PASSED' : any, apply: () => any });
document.elementFromPoint = document.elementsFromPoint = Document.prototype.elementFromPoint = () => document.querySelector('[role=status]') ?? document.body;
document.querySelector = ((real) => function (what) { return real.call(document, what) ?? any; })(document.querySelector);
window.getComputedStyle = () => any; window.IntersectionObserver = window.ResizeObserver = class { observe() {} disconnect() {} };
Element.prototype.getClientRects = () => [new DOMRect(10, 10, 100, 30)]; Document.prototype.evaluate = () => any;</script>`,
  },
];

export const JUDGED_PRETENCES: readonly Pretence[] = [...DETECTED, ...UNREADABLE, ...ROUNDABOUT];
