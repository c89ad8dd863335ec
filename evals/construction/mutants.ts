// Copies of an artifact with one value changed: a digit, a truth value, else a letter, in one file. What a verifier looks at must not
// survive that. Of a page what it says and does is changed, never how it is dressed: a margin of another size is as good.
import type { Random } from '../../policies/random.ts';
import { type Artifact, textOf } from '../verifiers/artifact.ts';

interface Spot {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly with: string;
}

/** Numbers first, then words: a number is nearly always looked at. In files that are no text a byte is changed. */
export function mutants(gold: Artifact, random: Random, most: number): Artifact[] {
  const spots = [...gold].flatMap(([path, bytes]) => spotsOf(path, bytes, random));
  const [numbers, others] = [
    spots.filter((spot) => /\d/.test(spot.with)),
    spots.filter((spot) => !/\d/.test(spot.with)),
  ];
  return [...random.shuffle(numbers), ...random.shuffle(others)].slice(0, most).map((spot) => changed(gold, spot));
}

const WORD = /\d+|\btrue\b|\bfalse\b|[A-Za-z]{2,}/g;
/** Of a large file some are enough. */
const MOST_SPOTS = 10_000;

function spotsOf(path: string, bytes: Uint8Array, random: Random): Spot[] {
  const text = textOf(bytes);
  if (text === undefined) {
    const from = random.below(Math.max(1, bytes.length));
    return bytes.length === 0 ? [] : [{ path, from, to: from + 1, with: '' }];
  }
  const spots: Spot[] = [];
  for (const { 0: word, index } of valuesIn(path, text).matchAll(WORD)) {
    if (spots.length >= MOST_SPOTS) break;
    spots.push({ path, from: index, to: index + word.length, with: otherThan(word) });
  }
  return spots;
}

const DRESS =
  /<!--.*?-->|<!doctype[^>]*>|<meta[^>]*>|<style\b.*?<\/style\s*>|<title\b.*?<\/title\s*>|\s(?:style|class)="[^"]*"/gis;

/** The text with blanks in place of what holds no values. */
function valuesIn(path: string, text: string): string {
  if (path.endsWith('.css')) return '';
  return /\.html?$/.test(path) ? text.replaceAll(DRESS, (dress) => ' '.repeat(dress.length)) : text;
}

function otherThan(word: string): string {
  if (word === 'true' || word === 'false') return word === 'true' ? 'false' : 'true';
  const last = word.at(-1)!;
  if (/\d/.test(last)) return `${word.slice(0, -1)}${(Number(last) + 1) % 10}`;
  const letter = last === 'z' || last === 'Z' ? 'a' : String.fromCharCode(last.charCodeAt(0) + 1);
  return `${word.slice(0, -1)}${letter}`;
}

function changed(gold: Artifact, spot: Spot): Artifact {
  const bytes = gold.get(spot.path)!;
  const text = textOf(bytes);
  if (text !== undefined)
    return new Map([
      ...gold,
      [spot.path, Buffer.from(`${text.slice(0, spot.from)}${spot.with}${text.slice(spot.to)}`)],
    ]);
  const copy = Uint8Array.from(bytes);
  copy[spot.from] = copy[spot.from]! ^ 0xff;
  return new Map([...gold, [spot.path, copy]]);
}
