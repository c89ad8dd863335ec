// Letters told from everything else that is painted, whatever lies above or behind them, and the same letters drawn anew on paper of ours.
import type { CDPSession } from 'playwright-core';
import type { Drawing, Lettered, SeenText } from '../../contracts/browser.ts';
import { glimpse } from './glimpse.ts';
import type { Isolated } from './isolated.ts';

/** What was in an element's attribute `style` before; a global of the isolated world, which no page sees. */
const TOOLS = `globalThis.letters ??= (() => {
  const former = new Map();
  const set = (one, name, value) => one.style.setProperty(name, value, 'important');
  const keep = (one) => { if (!former.has(one)) former.set(one, one.getAttribute('style')); };
  const ink = (one, colour) => {
    keep(one);
    if (getComputedStyle(one).backgroundClip.includes('text')) set(one, 'background', 'none');
    set(one, 'text-shadow', 'none');
    set(one, 'text-decoration-color', 'transparent');
    set(one, '-webkit-text-fill-color', colour);
    set(one, '-webkit-text-stroke-color', colour);
    if (one instanceof SVGTextContentElement) {
      set(one, 'fill', colour);
      set(one, 'stroke', colour === 'transparent' ? colour : 'none');
    }
  };
  const each = (root, act) => {
    for (const one of root.querySelectorAll('*')) {
      if (one.shadowRoot !== null) each(one.shadowRoot, act);
      if (one.style !== undefined) act(one);
    }
  };
  // A colour that another one passes on fades as well, and so nothing may fade before any colour is changed.
  const still = () => {
    each(document, (one) => { keep(one); set(one, 'transition', 'none'); });
    getComputedStyle(document.documentElement).color;
  };
  const bare = () => each(document, (one) => ink(one, 'transparent'));
  // Colours come back at once, also where the page would have them fade: only then may it say again what fades.
  const back = () => {
    const restore = (then) => {
      for (const [one, style] of former) { style === null ? one.removeAttribute('style') : one.setAttribute('style', style); then(one); }
      for (const one of former.keys()) getComputedStyle(one).webkitTextFillColor;
    };
    restore((one) => set(one, 'transition', 'none'));
    restore(() => {});
    former.clear();
  };
  return { ink, still, bare, back };
})();`;

/** The page's scripts are stopped first, and stay so. Whatever it makes of what is written into its elements shows beside what it showed. */
export async function takeLettered(cdp: CDPSession, isolated: Isolated, nodes: readonly number[]): Promise<Lettered> {
  await cdp.send('Emulation.setScriptExecutionDisabled', { value: true });
  const whole = await glimpse(cdp);
  await isolated.evaluate(`${TOOLS} letters.still();`);
  const inked = async (colour: string) => {
    for (const node of nodes) await isolated.on(node, 'function (colour) { letters.ink(this, colour); }', colour);
    return glimpse(cdp);
  };
  const [black, white, without] = [await inked('#000'), await inked('#fff'), await inked('transparent')];
  await isolated.evaluate('letters.bare()');
  const unlettered = await glimpse(cdp);
  await isolated.evaluate('letters.back()');
  return { whole, black, white, without, unlettered };
}

/** Pixels of a drawing: a line that is longer is no line to be read. */
const MOST_WIDE = 4_000;
const MOST_HIGH = 1_000;

/**
 * On a canvas of the isolated world, in the font that the element has. Upright letters are fitted to the line's box, by which it is known
 * how they were squeezed; others are turned as their element is, around the middle of it.
 */
const DRAW = `function (asked) {
  const { text, made, bounds, axes } = JSON.parse(asked);
  const style = getComputedStyle(this, made === '' ? null : '::' + made);
  const canvas = new OffscreenCanvas(1, 1);
  const prepared = () => {
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    pen.font = [style.fontStyle, style.fontWeight, style.fontSize, style.fontFamily].join(' ');
    pen.fontKerning = style.fontKerning;
    pen.fontVariantCaps = style.fontVariantCaps;
    pen.textRendering = style.textRendering;
    pen.direction = style.direction;
    pen.textAlign = 'left';
    return pen;
  };
  let pen = prepared();
  const natural = pen.measureText(text);
  const length = (value) => value === 'normal' ? '0px' : value;
  let wordSpacing = length(style.wordSpacing);
  const spaced = () => { pen.letterSpacing = length(style.letterSpacing); pen.wordSpacing = wordSpacing; return pen.measureText(text).width; };
  let advance = spaced();
  const ascent = natural.fontBoundingBoxAscent, descent = natural.fontBoundingBoxDescent;
  const upright = Math.abs(axes.x[1]) < 0.001 && Math.abs(axes.y[0]) < 0.001;
  let high = bounds.height / (ascent + descent);
  const spaces = text.trim().split(' ').length - 1;
  if (upright && spaces > 0 && style.textAlign === 'justify') {
    wordSpacing = parseFloat(wordSpacing) + (bounds.width / high - advance) / spaces + 'px';
    advance = spaced();
  }
  let wide = advance > 0 ? bounds.width / advance : 0;
  if (!upright) { wide = Math.hypot(...axes.x); high = Math.hypot(...axes.y); }
  const size = parseFloat(style.fontSize);
  const left = Math.floor(bounds.x), top = Math.floor(bounds.y);
  canvas.width = Math.max(1, Math.min(${MOST_WIDE}, Math.ceil(bounds.x + bounds.width) - left));
  canvas.height = Math.max(1, Math.min(${MOST_HIGH}, Math.ceil(bounds.y + bounds.height) - top));
  pen = prepared();
  spaced();
  if (upright) {
    pen.setTransform(wide, 0, 0, high, bounds.x - left, Math.round(bounds.y - top + ascent * high));
    pen.fillText(text, 0, 0);
  } else {
    pen.setTransform(axes.x[0], axes.x[1], axes.y[0], axes.y[1], bounds.x - left + bounds.width / 2, bounds.y - top + bounds.height / 2);
    pen.fillText(text, -advance / 2, (ascent - descent) / 2);
  }
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  let ink = '';
  for (let at = 3; at < data.length; at += 4) ink += String.fromCharCode(data[at]);
  return { x: left, y: top, width: canvas.width, height: canvas.height, ink: btoa(ink), wide: size * wide, high: size * high,
    apart: natural.width > 0 ? advance / natural.width : 1 };
}`;

export async function drawn(
  isolated: Isolated,
  lines: readonly { readonly node: number; readonly line: SeenText }[],
): Promise<(Drawing | null)[]> {
  const drawings: (Drawing | null)[] = [];
  for (const { node, line } of lines) {
    const asked = JSON.stringify({ text: line.text.replaceAll(/\s/g, ' '), ...line.stands });
    const drawing = (await isolated.on(node, DRAW, asked)) as (Omit<Drawing, 'ink'> & { ink: string }) | undefined;
    drawings.push(drawing === undefined ? null : { ...drawing, ink: Buffer.from(drawing.ink, 'base64') });
  }
  return drawings;
}
