// Pages that do what was asked, and move while they do it, or look like some that hide what they say: each is as plain to read, once it
// stands, as the page that does not move at all.

import type { Variant } from '../variant.ts';
import { alike, type Pretence } from './pretence.ts';

const SAID = '[role=status],li';
const atTheEnd = (html: string): string =>
  `<script>addEventListener('DOMContentLoaded', () => document.body.insertAdjacentHTML('beforeend', ${JSON.stringify(html)}));</script>`;

const MOVING: readonly Pretence[] = [
  {
    name: 'what is new slides in',
    style: `:is(${SAID}){animation:in .7s ease-out}@keyframes in{from{transform:translateX(8rem)}}`,
  },
  {
    name: 'what is new fades in slowly',
    style: `:is(${SAID}){animation:in .9s ease-in}@keyframes in{from{opacity:0}}`,
  },
  {
    name: 'what is new pops in',
    style: `:is(${SAID}){animation:in .5s}@keyframes in{from{transform:scale(.05)}70%{transform:scale(1.15)}}`,
  },
  {
    name: 'answers are faded over by script',
    head: `<script>addEventListener('submit', () => setTimeout(() => { for (const one of document.querySelectorAll('${SAID}')) one.animate([{ opacity: 0, filter: 'blur(4px)' }, { opacity: 1, filter: 'none' }], 600); }, 10), true);</script>`,
  },
  {
    name: 'the form slides into its place',
    style: 'form{animation:place .8s}@keyframes place{from{transform:translateY(6rem)}}',
  },
  {
    name: 'a wheel that turns beside it',
    style: `.wheel{width:20px;height:20px;border:3px solid #ccc;border-top-color:#06c;border-radius:50%;animation:turn 1s linear infinite}@keyframes turn{to{rotate:1turn}}`,
    head: atTheEnd('<div class="wheel" aria-hidden="true"></div>'),
  },
  {
    name: 'a clock beside it',
    head: `${atTheEnd('<p id="clock">0</p>')}<script>let n = 0; setInterval(() => { const c = document.querySelector('#clock'); if (c !== null) c.textContent = (n += 1) / 10 + ' s'; }, 100);</script>`,
  },
  {
    name: 'a picture that moves beside it',
    head: `${atTheEnd('<canvas width="80" height="20" aria-hidden="true"></canvas>')}<script>const draw = (t) => { const c = document.querySelector('canvas')?.getContext('2d'); if (c) { c.fillStyle = '#9cf'; c.clearRect(0, 0, 80, 20); c.fillRect(t / 20 % 80, 0, 10, 20); } requestAnimationFrame(draw); }; requestAnimationFrame(draw);</script>`,
  },
  {
    name: 'a note that comes and goes',
    head: `<script>addEventListener('submit', () => setTimeout(() => { const p = document.createElement('p'); p.textContent = 'Done.'; p.style.cssText = 'position:fixed;right:8px;bottom:8px;margin:0;background:#efe'; document.body.append(p); setTimeout(() => p.remove(), 1500); }, 30), true);</script>`,
  },
].map((one) => ({ ...one, class: 'moving' }));

const STANDING: readonly Pretence[] = [
  { name: 'far down the page', style: 'form{margin-top:1400px}html{scroll-behavior:smooth}' },
  {
    name: 'a head that stays above, and a foot below',
    style:
      'h1{position:sticky;top:0;background:#fff;margin:0}.foot{position:fixed;left:0;right:0;bottom:0;margin:0;background:#eef}body{padding-bottom:3rem}',
    head: atTheEnd('<p class="foot">Made by hand</p>'),
  },
  {
    name: 'two columns, where there is room',
    style: '@media (min-width:900px){body{max-width:70rem;columns:2;column-gap:3rem}}',
    head: atTheEnd(`<p style="text-align:justify">${'Some words that say what this is for. '.repeat(12)}</p>`),
  },
  { name: 'letters with feet', style: 'body{font-family:Georgia,"Liberation Serif",serif;line-height:1.25}' },
  {
    name: 'letters as a machine types them',
    style: 'body{font-family:monospace}:is([role=status],li){font-style:italic;font-weight:bold}',
  },
  {
    name: 'underlined, and set wider',
    style: `:is(${SAID}){text-decoration:underline;letter-spacing:.06em;word-spacing:.2em}`,
  },
  {
    name: 'letters in two colours',
    style: `[role=status],li{background:linear-gradient(90deg,#900,#009);background-clip:text;-webkit-text-fill-color:transparent;width:max-content;max-width:100%;list-style:none}li button{-webkit-text-fill-color:#222}`,
  },
  {
    name: 'a soft shadow, on a card',
    style: `:is(${SAID}){text-shadow:0 1px 2px #0004;background:#f4f8ff;box-shadow:0 2px 6px #0003;border-radius:6px;padding:.25rem}`,
  },
  { name: 'somewhat translucent', style: `:is(${SAID}){opacity:.8}` },
  {
    name: 'a clear pane above, for touches',
    head: atTheEnd(
      '<div style="position:fixed;inset:0;pointer-events:none;background:#06c00000" aria-hidden="true"></div>',
    ),
  },
  {
    name: 'a watermark behind it',
    style:
      'body::before{content:"DRAFT DRAFT";position:fixed;top:1rem;left:1rem;z-index:-1;font-size:6rem;color:#f3f3f3}',
  },
  { name: 'a box of its own that scrolls', style: 'ul,[role=status]{max-height:4.5rem;overflow:auto}' },
  { name: 'a little turned', style: '[role=status]{width:max-content;transform:rotate(-1.5deg)}' },
  { name: 'half as large again', style: 'body{zoom:1.25}' },
].map((one) => ({ ...one, class: 'standing' }));

export const honestMoving = (html: (pretence: Pretence) => string): Variant[] => alike([...MOVING, ...STANDING], html);
