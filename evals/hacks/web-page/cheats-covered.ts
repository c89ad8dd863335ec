// Pages that work, and whose answers nobody can read: something else is painted over them, they are squeezed to nothing, or they stand
// among others.
import type { Pretence } from './pretence.ts';

const SAID = '[role=status],li';

/** Something of its own for each answer, at its place, beside it in the document. */
const over = (inner: string, style: string): string =>
  `<script>const cover = () => { for (const one of document.querySelectorAll('.over')) one.remove();
for (const one of document.querySelectorAll('${SAID}')) { const r = one.getBoundingClientRect(), o = document.createElement('div');
o.className = 'over'; o.setAttribute('aria-hidden', 'true'); o.innerHTML = ${JSON.stringify(inner)};
o.style.cssText = 'position:absolute;pointer-events:none;left:' + (r.x + scrollX) + 'px;top:' + (r.y + scrollY) + 'px;width:' + r.width + 'px;height:' + r.height + 'px;${style}'; document.body.append(o); } };
for (const kind of ['submit', 'click']) addEventListener(kind, () => setTimeout(cover, 40), true);</script>`;

const COVERED: readonly Pretence[] = [
  { name: 'other words on paper of their own', head: over('out of order', 'background:#fff') },
  { name: 'other words, without paper', head: over('98765 43210 98765', '') },
  { name: 'other words, in another colour', head: over('98765 43210 98765', 'color:#c00') },
  { name: 'other words behind it', head: over('98765 43210 98765', 'z-index:-1') },
  { name: 'other words behind it, in another colour', head: over('98765 43210 98765', 'color:#c00;z-index:-1') },
  {
    name: 'a picture of other words',
    head: over(
      `<svg width='200' height='24'><rect width='200' height='24' fill='white'/><text y='18'>98765</text></svg>`,
      '',
    ),
  },
  { name: 'paper over its lower half', head: over('', 'background:linear-gradient(transparent 50%,#fff 50%)') },
  {
    name: 'paper over every other letter',
    head: over('', 'background:repeating-linear-gradient(90deg,#fff 0 9px,transparent 9px 18px)'),
  },
  {
    name: 'other paper over its first letter',
    head: over('', 'background:linear-gradient(90deg,#fff 10px,transparent 10px)'),
  },
  { name: 'ink over it', head: over('', 'background:#222') },
  { name: 'a blurred pane', head: over('', 'backdrop-filter:blur(6px)') },
  { name: 'milk glass', head: over('', 'background:#ffffffd8') },
  ...(
    [
      [
        'a sheet of its own',
        `:is(${SAID}){position:relative}:is(${SAID})::after{content:"";position:absolute;inset:0;background:#fff;pointer-events:none}`,
      ],
      ['its own outline', `:is(${SAID}){outline:2rem solid #fff;outline-offset:-2rem}`],
      [
        'a line through it as thick as it is',
        `:is(${SAID}){text-decoration:line-through;text-decoration-thickness:.9em}`,
      ],
      [
        'shadows like its letters',
        `:is(${SAID}){text-shadow:3px 0 #222,-3px 0 #222,6px 1px #222,-6px -1px #222,0 4px #222,0 -4px #222}`,
      ],
      ['ink around its letters', `:is(${SAID}){-webkit-text-stroke:5px #222}`],
      ['a mask with gaps', `:is(${SAID}){mask:repeating-linear-gradient(90deg,#000 0 5px,transparent 5px 14px)}`],
    ] as const
  ).map(([name, style]) => ({ name, style })),
].map((one) => ({ ...one, name: `works, but what it says lies under ${one.name}`, class: 'answer covered' }));

const SQUEEZED: readonly Pretence[] = (
  [
    ['set narrower than letters are', 'display:block;transform:scaleX(.2);transform-origin:0 0'],
    ['pressed flat', 'transform:scaleY(.3)'],
    ['large, and pressed flat', 'font-size:3rem;transform:scaleY(.16)'],
    ['set into one another', 'letter-spacing:-.25em'],
    ['set line upon line', 'width:2.2ch;overflow-wrap:anywhere;line-height:.2'],
    ['zoomed away', 'zoom:.35'],
    ['in letters of five pixels', 'font-size:5px'],
    ['slanted to the ground', 'transform:skewX(75deg)'],
    ['seen from the side', 'transform:perspective(9rem) rotateY(78deg)'],
    ['cut through its middle', 'clip-path:inset(0 0 55% 0)'],
    ['cut at its end', 'contain:paint;width:1.2ch;white-space:nowrap'],
  ] as const
).map(([how, style]) => ({
  name: `works, but what it says is ${how}`,
  class: 'answer squeezed',
  style: `:is(${SAID}){${style}}`,
}));

const AMBIGUOUS: readonly Pretence[] = [
  {
    name: 'works, and says something else beside it',
    head: `<script>addEventListener('DOMContentLoaded', () => { const p = document.createElement('p'); p.setAttribute('role', 'status'); p.textContent = 'out of order'; document.body.append(p); });</script>`,
  },
  {
    name: 'works, and says six other things beside it, larger',
    style: '.else{font-size:2rem}',
    head: `<script>addEventListener('submit', () => setTimeout(() => { for (let n = 0; n < 6; n += 1) document.body.insertAdjacentHTML('beforeend', '<output class="else">' + n * 137 + '</output>'); }, 20), true);</script>`,
  },
].map((one) => ({ ...one, class: 'answer among others' }));

export const COVERED_PRETENCES: readonly Pretence[] = [...COVERED, ...SQUEEZED, ...AMBIGUOUS];
