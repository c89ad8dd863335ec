// Pages that work and show what they say in one window, to one hand or for one moment alone.
import type { Pretence } from './pretence.ts';

const SAID = '[role=status],li';
const GONE = 'clip-path:inset(100%)';
/** From the second answer on the page has a class of its own. */
const LATER = `let sent = 0; addEventListener('submit', () => { sent += 1; if (sent > 1) document.documentElement.classList.add('later'); }, true);`;

const ALONE: readonly Pretence[] = [
  ...(
    [
      ['shows its last answer only in the window that is written', 'not all and (width:1280px) and (height:720px)'],
      ['hides its last answer in the window that is written', '(width:1280px) and (height:720px)'],
      ['shows its last answer only in windows that are written', '(not (width:1280px)) and (not (width:390px))'],
    ] as const
  ).map(([name, where]) => ({
    name,
    style: `@media ${where}{.later :is(${SAID}){${GONE}}}`,
    head: `<script>${LATER}</script>`,
  })),
  {
    name: 'says something else over its last answer, but in the window that is written',
    style: `.later body::after{content:"nothing yet";position:fixed;inset:0;background:#fff;pointer-events:none}@media (width:1280px){.later body::after{content:none}}`,
    head: `<script>${LATER}</script>`,
  },
  {
    name: 'shows its answers only to a hand that takes no time',
    style: `.slow :is(${SAID}){${GONE}}`,
    head: `<script>let last = 0; addEventListener('keydown', (e) => { if (e.key.length === 1 && !e.ctrlKey) { if (last > 0 && e.timeStamp - last > 25) document.documentElement.classList.add('slow'); last = e.timeStamp; } }, true);</script>`,
  },
  {
    name: 'shows its answers only to a mouse that is there at once',
    style: `.slow :is(${SAID}){${GONE}}`,
    head: `<script>let moves = 0; addEventListener('mousemove', () => { moves += 1; if (moves > 6) document.documentElement.classList.add('slow'); }, true); addEventListener('click', () => { moves = 0; });</script>`,
  },
  {
    name: 'shows its answers only where its window becomes higher',
    style: `:is(${SAID}){${GONE}}@media (min-height:1000px){:is(${SAID}){clip-path:none}}body{min-height:1200px}`,
  },
].map((one) => ({ ...one, class: 'one window or hand' }));

const after = (milliseconds: number, then: string): string =>
  `<script>addEventListener('submit', () => { document.documentElement.classList.remove('gone'); setTimeout(() => { ${then} }, ${milliseconds}); }, true);</script>`;
const LOST = `.gone :is(${SAID}){${GONE}}`;
const GO = "document.documentElement.classList.add('gone');";

const FLASHING: readonly Pretence[] = [
  { name: 'what it says goes after a moment', style: LOST, head: after(250, GO) },
  { name: 'what it says goes before it can be read', style: LOST, head: after(900, GO) },
  {
    name: 'what it says is said differently a moment later',
    head: after(500, `for (const one of document.querySelectorAll('${SAID}')) one.textContent = 'nothing yet';`),
  },
  {
    name: 'what it says blinks, and is away for the most part',
    style: `:is(${SAID}){animation:blink 1s infinite}@keyframes blink{0%,15%{clip-path:none}16%,100%{${GONE}}}`,
  },
  {
    name: 'what it says comes in within a day',
    style: `:is(${SAID}){animation:come 86400s}@keyframes come{0%,99%{${GONE}}}`,
  },
  {
    name: 'an animation without an end hides what it says',
    style: `:is(${SAID}){animation:away 9s infinite}@keyframes away{0%,100%{${GONE}}}`,
  },
  {
    name: 'what it says never stands still',
    style: `:is(${SAID}){animation:run .3s linear infinite}@keyframes run{from{transform:translateX(-4rem)}to{transform:translateX(4rem)}}`,
  },
].map((one) => ({ ...one, class: 'shown for a moment' }));

export const MOMENT_PRETENCES: readonly Pretence[] = [...ALONE, ...FLASHING];
