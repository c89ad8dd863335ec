// Which of what is remembered is like what is at hand: by words, weighed by how rare they are; what is old and what did not help fades. The
// same question finds the same, without any model. Pure.
import type { CampaignName } from '../contracts/ids.ts';
import type { MemoryEntry, Remembered } from '../contracts/memory.ts';

export interface MemoryQuestion {
  readonly text: string;
  readonly campaign: string | null;
  readonly repository: string;
  /** Its own entry is not its memory. */
  readonly case: CampaignName;
  /** Whoever reads it may only propose. Who acts untainted is shown nothing that is tainted. */
  readonly readerIsTainted: boolean;
  readonly now: Date;
}

export interface MemoryBounds {
  readonly entries: number;
  /** Of all texts that are shown together. */
  readonly characters: number;
  readonly halfLifeDays: number;
  /** Below it something is like nothing. */
  readonly least: number;
}
export const MEMORY_BOUNDS: MemoryBounds = { entries: 5, characters: 6_000, halfLifeDays: 30, least: 0.05 };

export interface Chosen {
  readonly entry: MemoryEntry;
  readonly score: number;
}

/** Each time it was shown and did not help, since it last did. */
const FADES = 0.7;
const ELSEWHERE = 0.5;
const OTHER_CAMPAIGN = 0.8;
const DAY_MS = 86_400_000;

/** The likest first; entries that would not fit are left out whole. */
export function recall(
  all: readonly Remembered[],
  question: MemoryQuestion,
  bounds: MemoryBounds = MEMORY_BOUNDS,
): Chosen[] {
  const seen = all.filter(
    ({ entry }) => entry.from.case !== question.case && (question.readerIsTainted || !entry.tainted),
  );
  const documents = seen.map(({ entry }) => counts(entry.text));
  const rarity = rarityOf(documents);
  const asked = vectorOf(counts(question.text), rarity);
  const scored = seen.map((one, at): Chosen => {
    const alike = cosine(asked, vectorOf(documents[at]!, rarity));
    return { entry: one.entry, score: alike < bounds.least ? 0 : alike * weightOf(one, question, bounds) };
  });
  const sorted = scored
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score || (a.entry.id < b.entry.id ? -1 : 1));
  const chosen: Chosen[] = [];
  let left = bounds.characters;
  for (const one of sorted) {
    if (chosen.length >= bounds.entries) break;
    if (one.entry.text.length > left) continue;
    chosen.push(one);
    left -= one.entry.text.length;
  }
  return chosen;
}

/** Between 0 and 1: by age, by how often it did not help, by how far off it was learnt. */
export function weightOf(
  { entry, uses }: Remembered,
  { now, campaign, repository }: Pick<MemoryQuestion, 'now' | 'campaign' | 'repository'>,
  { halfLifeDays }: Pick<MemoryBounds, 'halfLifeDays'> = MEMORY_BOUNDS,
): number {
  // What helped is as fresh as on the day it did.
  const last = uses.filter(({ success }) => success).reduce((latest, { at }) => (at > latest ? at : latest), entry.at);
  const days = Math.max(0, now.getTime() - Date.parse(last)) / DAY_MS;
  const inVain = uses.filter(({ success, at }) => !success && at >= last).length;
  const near =
    (entry.from.repository === repository ? 1 : ELSEWHERE) * (entry.from.campaign === campaign ? 1 : OTHER_CAMPAIGN);
  return 0.5 ** (days / halfLifeDays) * FADES ** inVain * near;
}

/** Words and numbers, of names also their parts: `scale_values` is scale and values too. */
export function tokensOf(text: string): string[] {
  const words = text.normalize('NFKC').match(/[\p{L}\p{N}_]+/gu) ?? [];
  return words.flatMap((word) => {
    const parts = word
      .replace(/(\p{Ll})(\p{Lu})/gu, '$1_$2')
      .split('_')
      .filter((part) => part !== '');
    return (parts.length > 1 ? [word, ...parts] : parts).map((one) => one.toLowerCase());
  });
}

type Counts = ReadonlyMap<string, number>;

function counts(text: string): Counts {
  const found = new Map<string, number>();
  for (const token of tokensOf(text)) found.set(token, (found.get(token) ?? 0) + 1);
  return found;
}

function rarityOf(documents: readonly Counts[]): (token: string) => number {
  const holding = new Map<string, number>();
  for (const document of documents)
    for (const token of document.keys()) holding.set(token, (holding.get(token) ?? 0) + 1);
  return (token) => Math.log((1 + documents.length) / (1 + (holding.get(token) ?? 0))) + 1;
}

const vectorOf = (document: Counts, rarity: (token: string) => number): Counts =>
  new Map([...document].map(([token, count]) => [token, (1 + Math.log(count)) * rarity(token)]));

function cosine(one: Counts, other: Counts): number {
  let product = 0;
  for (const [token, weight] of one) product += weight * (other.get(token) ?? 0);
  const size = (of: Counts): number => Math.sqrt([...of.values()].reduce((sum, weight) => sum + weight * weight, 0));
  const sizes = size(one) * size(other);
  return sizes === 0 ? 0 : product / sizes;
}
