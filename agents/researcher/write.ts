// The writer: chooses among claims that stand, and orders them. It names them by their ids; no word of its own reaches the report.
import { z } from 'zod';
import type { AgentChat } from '../../contracts/agent-ports.ts';
import type { Citation, Claim, Spent } from '../../contracts/research.ts';
import { folded } from '../../policies/claims.ts';
import type { Found } from '../../policies/passages.ts';
import { askForForm } from './asking.ts';
import type { Library } from './documents.ts';

const RULES = `You put a report together from claims that were checked. You choose and order; you write nothing. You have no tools.

Answer with one JSON object and nothing else:
{"claims": ["c3", "c1"]}
The ids of those claims that answer the question, the most important first, and none that only repeats another. Where none answers it: {"claims": []}`;

const form = z.object({ claims: z.array(z.string().max(20)).max(500) });

export interface Written {
  /** Ids, in order; undefined: the writer gave nothing that counts, and all stand as they were found. */
  readonly chosen: readonly string[] | undefined;
  readonly spent: Spent;
  readonly failed?: string;
}

export async function chooseClaims(
  question: string,
  claims: readonly Claim[],
  chat: Pick<AgentChat, 'ask'>,
  signal: AbortSignal,
): Promise<Written> {
  const asked = await askForForm({
    ...{
      chat,
      agent: 'writer',
      rules: RULES,
      ask: `The question: ${question}`,
      schema: form,
      maxTokens: 1_000,
      signal,
    },
    data: [{ title: 'claims', text: claims.map(({ id, text }) => `${id}: ${text}`).join('\n') }],
  });
  if ('failed' in asked) return { chosen: undefined, spent: asked.spent, failed: `the writer: ${asked.failed}` };
  const known = new Set(claims.map(({ id }) => id));
  return { chosen: [...new Set(asked.value.claims)].filter((id) => known.has(id)), spent: asked.spent };
}

const MOST_QUOTE = 1_600;

/** Passages as citations: what a report without a model is made of. */
export const extracts = (found: readonly Found[], { documents }: Library): Citation[] =>
  found.map(({ passage: { document, from, to, text } }) => ({
    ...{ document: documents[document]!.path, from, to },
    quote: folded(text).slice(0, MOST_QUOTE),
  }));
