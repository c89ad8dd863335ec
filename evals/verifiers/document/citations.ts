// Who is cited: only what the policy was given. A source that nobody can look up is worse than none.
import { type Artifact, textOf } from '../artifact.ts';
import type { ContentSpec } from './spec.ts';

const KEYS = /\[(@[^[\]\n]{1,200})\]/g;
/** Ways to cite that need no key. Each has to stand in a given file in the same words. */
const FREE: readonly RegExp[] = [
  /\bhttps?:\/\/[^\s<>()"\]]+/g,
  /\bwww\.[^\s<>()"\]]+/gi,
  /(?<![\w.-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.(?:org|com|net|edu|gov|info|io)\b[^\s<>()"\]]*/gi,
  /\b(?:doi:\s*|10\.\d{4,9}\/)[^\s<>()"\]]+/gi,
  /\barXiv:\s*\d{4}\.\d{4,5}/gi,
  /\b\p{Lu}[\p{L}-]{1,60} (?:et al\.|and \p{Lu}[\p{L}-]{1,60}),? ?\(?(?:19|20)\d{2}[a-z]?\)?/gu,
  /\(\p{Lu}[\p{L}-]+,? (?:19|20)\d{2}[a-z]?\)/gu,
  /\(\p{Lu}[^()\n,]{1,60}, (?:19|20)\d{2}[a-z]?\)/gu,
];
/** A number in brackets is a reference to a list; here references are keys. */
const NUMBERED = /\[\d{1,3}(?:\s*[,–-]\s*\d{1,3})*\]/;

export function citationProblem(text: string, spec: ContentSpec['citations'], given: Artifact): string | undefined {
  const cited = [...text.matchAll(KEYS)].flatMap(([, keys]) =>
    keys!.split(';').map((key) => key.trim().replace(/^@/, '').split(/[\s,]/)[0]!),
  );
  const unknown = cited.find((key) => spec === null || !Object.hasOwn(spec.sources, key));
  if (unknown !== undefined) return `[@${unknown}] is no source that was given`;
  const missing = new Set(cited).size < (spec?.atLeast ?? 0);
  if (missing) return `${new Set(cited).size} sources are cited, fewer than ${spec?.atLeast}`;
  const sources = [...given.values()].map((bytes) => textOf(bytes) ?? '');
  const free = FREE.flatMap((pattern) => text.match(pattern) ?? []).map((one) => one.replace(/[.,;:]+$/, ''));
  const invented = free.find((one) => !sources.some((source) => source.includes(one)));
  if (invented !== undefined) return `“${invented.slice(0, 100)}” stands in no file that was given`;
  const numbered = NUMBERED.exec(text)?.[0];
  return numbered === undefined ? undefined : `${numbered} refers to nothing that was given`;
}
