// What is kept of a completion has no secrets in it: neither in what was asked nor in what was answered; nor has what is kept of a context
// operation. Upstream and client see everything as it was; only the record is another.
import { hash } from 'node:crypto';
import type { ContextOperation, TurnSession } from '../../contracts/session.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import type { TurnRequest } from '../../contracts/turn.ts';
import { RULES, type Rule } from './rules.ts';
import { maySecret } from './scan.ts';

/** Stands in the place of a secret. */
export const mark = (kind: string): string => `[redacted:${kind}]`;

/** Why it does not train any more: token ids spell the secret, and a text without it has others. */
export const INEXACT = 'secrets were taken out of it';

interface Found {
  secrets: number;
  readonly kinds: Set<string>;
}

/** Shorter words would be found where they mean nothing. */
const SHORTEST = 8;

export interface Redactor {
  completion(record: CompletionRecord): CompletionRecord;
  operation(record: ContextOperation): ContextOperation;
  /** Any text, and how many secrets were in it. */
  text(text: string): { readonly text: string; readonly secrets: number };
}

/** @param words the gateway's own secrets, wherever they stand */
export function createRedactor(words: readonly string[]): Redactor {
  const own: Rule[] = words
    .filter((word) => word.length >= SHORTEST)
    .map((word) => ({ kind: 'own', hints: [word], pattern: new RegExp(escaped(word), 'g') }));
  const rules = [...own, ...RULES];
  const suspicious = (text: string): boolean =>
    text.length >= SHORTEST && (maySecret(text) || own.some(({ hints }) => text.includes(hints[0]!)));

  function clean(text: string, found: Found): string {
    if (!suspicious(text)) return text;
    let kept = text;
    for (const { kind, hints: needed, pattern, check } of rules) {
      if (!needed.some((hint) => kept.includes(hint))) continue;
      kept = kept.replace(pattern, (whole: string, ...rest: unknown[]) => {
        const groups = rest.at(-1);
        const secret =
          typeof groups === 'object' && groups !== null ? (groups as { secret?: string }).secret : undefined;
        if (check?.(secret ?? whole) === false) return whole;
        found.secrets += 1;
        found.kinds.add(kind);
        if (secret === undefined) return mark(kind);
        // The last one: what stands before it may say the same.
        const at = whole.lastIndexOf(secret);
        return whole.slice(0, at) + mark(kind) + whole.slice(at + secret.length);
      });
    }
    return kept;
  }

  /** Names of members too: those of a tool's schema are the client's. */
  function walk(value: unknown, found: Found): unknown {
    if (typeof value === 'string') return clean(value, found);
    if (Array.isArray(value)) return value.map((one) => walk(one, found));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [clean(name, found), walk(one, found)]));
  }

  /** A name that stays one, and another's stays another: it tells records apart, and no mark may stand in it. */
  function cleanName<N extends string>(name: N, found: Found): N {
    return clean(name, found) === name ? name : (`redacted-${hash('sha256', name).slice(0, 16)}` as N);
  }

  function cleanSession(session: TurnSession, found: Found): TurnSession {
    return session.agent === undefined ? session : { ...session, agent: cleanName(session.agent, found) };
  }

  return {
    text(text) {
      const found: Found = { secrets: 0, kinds: new Set() };
      const kept = clean(text, found);
      return { text: kept, secrets: found.secrets };
    },
    completion(record) {
      const { text, error = '', messages, turn } = record;
      if (![text, error, messages, turn].some((one) => some(one, suspicious))) return record;
      const found: Found = { secrets: 0, kinds: new Set() };
      const { session, ...said } = turn ?? {};
      const kept = walk(
        {
          ...{ text, messages },
          ...(record.error === undefined ? {} : { error }),
          ...(turn === undefined ? {} : { turn: said }),
        },
        found,
      ) as Partial<CompletionRecord>;
      const named = session && kept.turn && { turn: { ...kept.turn, session: cleanSession(session, found) } };
      return found.secrets === 0 ? record : without(record, { ...kept, ...named }, found);
    },
    operation(record) {
      const { key, child, note, session } = record;
      if (![key, child, note, session].some((one) => some(one, suspicious))) return record;
      const found: Found = { secrets: 0, kinds: new Set() };
      const kept = {
        ...record,
        ...{ key: cleanName(key, found), session: cleanSession(session, found) },
        ...(child === undefined ? {} : { child: cleanName(child, found) }),
        ...(note === undefined ? {} : { note: clean(note, found) }),
      };
      const { secrets, kinds } = found;
      return secrets === 0 ? record : { ...kept, redacted: { secrets, kinds: [...kinds].sort() } };
    },
  };
}

function without(
  record: CompletionRecord,
  kept: Partial<CompletionRecord>,
  { secrets, kinds }: Found,
): CompletionRecord {
  const { turn } = kept;
  // Which experts each token went through says something of the tokens.
  const { routing: _, ...whole } = record;
  return {
    ...whole,
    ...kept,
    ...(turn === undefined
      ? {}
      : { turn: { ...turn, request: withoutIds(turn.request), inexact: [...(turn.inexact ?? []), INEXACT] } }),
    ...{ fidelity: 'text-only', promptIds: [], completionIds: [], logprobs: [] },
    redacted: { secrets, kinds: [...kinds].sort(), completionTokens: record.completionIds.length },
  };
}

/** A prompt may have come as token ids. */
const withoutIds = (request: TurnRequest): TurnRequest =>
  request.prompt !== undefined && 'ids' in request.prompt ? { ...request, prompt: { ids: [] } } : request;

/** Whether any string in it is such a one, names of members included; numbers, of which there may be very many, are not looked at. */
function some(value: unknown, is: (text: string) => boolean): boolean {
  if (typeof value === 'string') return is(value);
  if (Array.isArray(value)) return typeof value[0] !== 'number' && value.some((one) => some(one, is));
  if (typeof value !== 'object' || value === null) return false;
  for (const name in value) if (is(name) || some((value as Record<string, unknown>)[name], is)) return true;
  return false;
}

const escaped = (word: string): string => word.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
