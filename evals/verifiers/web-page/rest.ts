// Waiting for what a scenario found to come to rest: an answer that slides in is judged where it comes to stand, one that only flashes up
// does not count as shown. What moves elsewhere, a clock or a wheel that turns, may go on.
import type { BrowserPage, Glimpse, PageLook, PageLost, SeenText } from '../../../contracts/browser.ts';
import { cropped, pixelsOf } from '../rendered/png.ts';

/** Looks of a page that is waited for are this far apart, milliseconds, or this part of how long it has to stay. */
const PAUSE_MS = 120;
const PAUSE_SHARE = 0.25;
/** A page that is looked at on a busy machine gets as many looks as elsewhere. */
const LEAST_LOOKS = 10;
/** Of a line's pixels, those that may differ from one picture to the next, and by how much. */
const MOST_CHANGED = 0.005;
const LEAST_CHANGE = 12;

/** What matters of a page at one moment. */
export interface Sight {
  readonly look: PageLook;
  readonly lines: readonly SeenText[];
  readonly glimpse: Glimpse;
}

export interface Waiting {
  /** How long it has to stay as it is. */
  readonly dwellMs: number;
  readonly patienceMs: number;
  readonly linesOf: (look: PageLook) => readonly SeenText[];
  /** What has to hold of it where it rests; why it does not, in words. */
  readonly missing: (look: PageLook) => Promise<string | undefined | PageLost>;
}

/** @returns what stands there at rest, or why nothing does */
export async function atRest(
  page: BrowserPage,
  of: Waiting,
): Promise<Sight | { readonly restless: string } | PageLost> {
  const end = performance.now() + of.dwellMs + of.patienceMs;
  const pause = Math.max(PAUSE_MS, PAUSE_SHARE * of.dwellMs);
  let last: Sight | undefined;
  let since = 0;
  let why = 'it does not come to rest';
  for (let looks = 1; ; looks += 1) {
    const now = await seen(page, of.linesOf);
    if ('lost' in now) return now;
    const resting = last !== undefined && alike(last, now);
    if (!resting) since = performance.now();
    last = now;
    if (resting && performance.now() - since >= of.dwellMs) {
      const missing = await of.missing(now.look);
      if (typeof missing === 'object') return missing;
      if (missing === undefined) return now;
      why = `it did not stay: ${missing}`;
    }
    if (performance.now() >= end && looks >= LEAST_LOOKS) return { restless: why };
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

export async function seen(page: BrowserPage, linesOf: Waiting['linesOf']): Promise<Sight | PageLost> {
  const look = await page.look();
  if ('lost' in look) return look;
  const glimpse = await page.glimpse();
  return 'lost' in glimpse ? glimpse : { look, lines: linesOf(look), glimpse };
}

/** The same lines at the same places, painted the same. */
export function alike(one: Sight, other: Sight): boolean {
  const told = ({ lines }: Sight): string =>
    JSON.stringify(lines.map(({ text, box, garbled }) => [text, box, garbled ?? '']));
  if (told(one) !== told(other)) return false;
  if (one.glimpse.x !== other.glimpse.x || one.glimpse.y !== other.glimpse.y) return false;
  if (Buffer.from(one.glimpse.png).equals(Buffer.from(other.glimpse.png))) return true;
  const [former, latter] = [pixelsOf(one.glimpse.png), pixelsOf(other.glimpse.png)];
  if (former.width !== latter.width || former.height !== latter.height) return false;
  return one.lines.every(({ box }) => {
    const place = { ...box, x: box.x - one.glimpse.x, y: box.y - one.glimpse.y };
    const inside =
      place.x < former.width && place.y < former.height && place.x + box.width > 0 && place.y + box.height > 0;
    return !inside || changed(cropped(former, place).rgb, cropped(latter, place).rgb) <= MOST_CHANGED;
  });
}

function changed(one: Uint8Array, other: Uint8Array): number {
  const count = one.reduce((sum, value, at) => sum + (Math.abs(value - other[at]!) > LEAST_CHANGE ? 1 : 0), 0);
  return count / one.length;
}
