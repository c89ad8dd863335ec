// How letters stand on the page: what transformations do to them, and in which order they are set. Pure.
import type { Axes } from '../../contracts/browser.ts';
import type { Style } from './snapshot.ts';

export const UPRIGHT: Axes = { x: [1, 0], y: [0, 1] };

type Styled = Readonly<Record<Style, string>>;

/** Of an element inside another: the order is that of CSS Transforms 2. */
export const axesOf = (style: Styled, outer: Axes): Axes =>
  [rotated(style.rotate), scaled(style.scale), matrixOf(style.transform)].reduce<Axes>(
    (around, next) => (next === undefined ? around : within(around, next)),
    outer,
  );

/** Undefined where letters can be read as they are: a heading on its side can. */
export function turnedOf({ x, y }: Axes, style: Styled): string | undefined {
  if (style['offset-path'] !== '' && style['offset-path'] !== 'none') return 'set along a path';
  const area = x[0] * y[1] - x[1] * y[0];
  if (area <= 0) return 'mirrored';
  return x[0] < -MOST_LEAN * Math.hypot(...x) ? 'upside down' : undefined;
}

/** Beyond a right angle, as far as rounding goes. */
const MOST_LEAN = 0.2;

/** Of a line in an element: one that runs downwards has its letters on their side. */
export const lineAxes = (axes: Axes, style: Styled): Axes => {
  const mode = style['writing-mode'];
  if (mode.startsWith('vertical')) return within(axes, { x: [0, 1], y: [-1, 0] });
  return mode.startsWith('sideways') ? within(axes, { x: [0, -1], y: [1, 0] }) : axes;
};

/** CSS writes the letters of such an element from its other end, whatever they are. */
export const isBackwards = (style: Styled): boolean =>
  style['unicode-bidi'].includes('override') && style.direction === 'rtl';

/** An element that has a say of its own in which way its letters run. */
export const isOnItsOwn = (style: Styled): boolean => /isolate|plaintext/.test(style['unicode-bidi']);

/** Characters that do the same to what comes after them. */
export const OVERRIDES = /[\u202d\u202e]/;

/** Axes of what lies inside, as they point outside. */
const within = (outer: Axes, inner: Axes): Axes => {
  const along = ([right, down]: readonly [number, number]): [number, number] => [
    right * outer.x[0] + down * outer.y[0],
    right * outer.x[1] + down * outer.y[1],
  ];
  return { x: along(inner.x), y: along(inner.y) };
};

/** As engines compute it: `matrix(a, b, c, d, e, f)` or sixteen numbers; depth is left out. */
function matrixOf(transform: string): Axes | undefined {
  const [, kind, list = ''] = /^(matrix|matrix3d)\((.*)\)$/.exec(transform) ?? [];
  const numbers = list.split(',').map(Number);
  const [a = 1, b = 0, c = 0, d = 1] = kind === 'matrix3d' ? [numbers[0], numbers[1], numbers[4], numbers[5]] : numbers;
  return kind === undefined ? undefined : { x: [a, b], y: [c, d] };
}

function scaled(scale: string): Axes | undefined {
  if (scale === '' || scale === 'none') return undefined;
  const [wide = 1, high = wide] = scale.split(' ').map(Number);
  return { x: [wide, 0], y: [0, high] };
}

/** `180deg`, `y 180deg`, or about an axis of three numbers. */
function rotated(rotate: string): Axes | undefined {
  const angle = /(-?[\d.]+)deg$/.exec(rotate);
  if (angle === null) return undefined;
  const turn = (Number(angle[1]) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const about = rotate.slice(0, angle.index).trim();
  const axis = { '': [0, 0, 1], x: [1, 0, 0], y: [0, 1, 0], z: [0, 0, 1] }[about] ?? about.split(' ').map(Number);
  const length = Math.hypot(...axis) || 1;
  const [u = 0, v = 0, w = 0] = axis.map((one) => one / length);
  // Rodrigues' formula, the rows and columns of the plane.
  return {
    x: [cos + u * u * (1 - cos), u * v * (1 - cos) + w * sin],
    y: [u * v * (1 - cos) - w * sin, cos + v * v * (1 - cos)],
  };
}
