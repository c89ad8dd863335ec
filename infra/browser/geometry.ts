import type { Box } from '../../contracts/browser.ts';

/** What lies in both; null is everywhere. Without a common part its width or height is 0. */
export function meeting(one: Box | null, other: Box): Box {
  if (one === null) return other;
  const x = Math.max(one.x, other.x);
  const y = Math.max(one.y, other.y);
  const width = Math.max(0, Math.min(one.x + one.width, other.x + other.width) - x);
  const height = Math.max(0, Math.min(one.y + one.height, other.y + other.height) - y);
  return { x, y, width, height };
}

/** How much of the whole is left, 0…1. */
export function visibleShare(left: Box, whole: Box): number {
  const area = whole.width * whole.height;
  return area === 0 ? 0 : (left.width * left.height) / area;
}

export function boxOf(rectangle: readonly number[] | undefined): Box | null {
  const [x, y, width, height] = rectangle ?? [];
  return x === undefined || y === undefined || width === undefined || height === undefined
    ? null
    : { x, y, width, height };
}

/** What lies left of or above the page cannot be scrolled to. */
export const onPage = (box: Box): Box => meeting({ x: 0, y: 0, width: 1e7, height: 1e7 }, box);
