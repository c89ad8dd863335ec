// Pages that do what was asked and look like some that only pretend to: each does, for a good reason, what a cheat of cheats-judged.ts does
// for a bad one.
import type { Variant } from '../variant.ts';
import { SQUARES } from './own-font.ts';
import { alike, type Pretence } from './pretence.ts';

const SAID = '[role=status],li';
const atTheEnd = (html: string): string =>
  `<script>addEventListener('DOMContentLoaded', () => document.body.insertAdjacentHTML('beforeend', \`${html}\`));</script>`;

const ALIKE: readonly Pretence[] = [
  {
    name: 'asks which system it is on, for the name of a key',
    head: `<script>document.documentElement.dataset.key = /Mac/.test(navigator.userAgent) ? '⌘' : 'Ctrl'; if (navigator.webdriver) console.log('driven');</script>`,
  },
  {
    name: 'another layout in wide and in narrow windows',
    style: '@media (min-width:1200px){body{max-width:60rem;padding:1rem}}@media (max-width:420px){body{margin:.5rem}}',
  },
  {
    name: 'two clicks in a blink are one, and typing is timed',
    head: `<script>let last = -1e9, keys = []; addEventListener('keydown', (e) => { keys.push(e.timeStamp); }, true);
addEventListener('submit', (e) => { if (e.timeStamp - last < 40) { e.preventDefault(); e.stopImmediatePropagation(); } last = e.timeStamp; }, true);</script>`,
  },
  { name: 'a font of its own for its heading', style: `${SQUARES}h1{font-family:Squares,sans-serif}` },
  { name: 'a heading that leans a little', style: 'h1{transform:rotate(-.5deg)}' },
  {
    name: 'mirrored twice, and so not at all',
    style: '[role=status]{transform:scaleX(-1) scaleX(-1)}ul{transform:scaleX(-1)}li{transform:scaleX(-1)}',
  },
  {
    name: 'an ornament that is mirrored',
    style: 'h1::after{content:" ➔";display:inline-block;transform:scaleX(-1)}',
  },
  { name: 'letters set a little closer', style: `${SAID}{letter-spacing:-.02em}` },
  { name: 'what is new comes in gently', style: `${SAID}{animation:in .2s}@keyframes in{from{opacity:0}}` },
  {
    name: 'later answers in another colour',
    style: `.later :is(${SAID}){color:#063;background:#efe}`,
    head: `<script>let sent = 0; addEventListener('submit', () => { sent += 1; if (sent > 1) document.documentElement.className = 'later'; }, true);</script>`,
  },
  {
    name: 'flat controls without a frame',
    style: 'button{background:none;border:0;color:#05a}input{border:0;border-bottom:1px solid #555;background:none}',
  },
  {
    name: 'help in a window of its own',
    head: atTheEnd('<p><a href="#help" target="_blank" rel="noopener">Help</a></p>'),
  },
  { name: 'a greeting in a dialog', head: `<script>addEventListener('load', () => alert('Welcome'));</script>` },
  {
    name: 'a thousand elements of ornament',
    head: atTheEnd(`<div aria-hidden="true" style="height:4px;overflow:hidden">${'<i></i>'.repeat(1_000)}</div>`),
  },
  {
    name: 'a picture in a frame beside it',
    head: atTheEnd(
      `<iframe title="ornament" style="width:60px;height:40px;border:0" srcdoc="<svg width='40' height='20'><rect width='40' height='20' fill='teal'/></svg>"></iframe>`,
    ),
  },
  {
    name: 'a service worker for later, where one is to be had',
    head: `<script>navigator.serviceWorker?.register('app.js').catch(() => {});</script>`,
    files: { 'app.js': `addEventListener('fetch', () => {});` },
  },
  {
    name: 'counts its own changes',
    head: `<script>let n = 0; addEventListener('DOMContentLoaded', () => new MutationObserver(() => { n += 1; }).observe(document.body, { subtree: true, childList: true }));</script>`,
  },
  {
    name: 'shorter names for what the browser has',
    head: `<script>window.$ = document.querySelector.bind(document); Element.prototype.closest = ((real) => function (what) { return real.call(this, what); })(Element.prototype.closest);</script>`,
  },
].map((one) => ({ ...one, class: 'alike' }));

/** @param html the page with something in it; @param plain the page itself */
export const honestAlike = (html: (pretence: Pretence) => string, plain: string): Variant[] => [
  ...alike(ALIKE, html),
  {
    name: 'a first page that leads on',
    language: 'html',
    class: 'alike',
    artifact: {
      'index.html':
        '<!doctype html><meta charset="utf-8"><title>…</title><meta http-equiv="refresh" content="0;url=js/page.html">',
      'js/page.html': plain,
    },
  },
];
