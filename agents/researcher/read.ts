// A reader: a model in quarantine, without tools, that is shown a few passages and claims what they say. What it claims is held against the
// passages by code before anybody sees it; of what does not stand nothing is left but a count.
import { z } from 'zod';
import type { AgentChat } from '../../contracts/agent-ports.ts';
import type { Claim, ClaimDrop, Drops, Reading } from '../../contracts/research.ts';
import { againstClaim, folded, type Strictness } from '../../policies/claims.ts';
import type { Passage } from '../../policies/passages.ts';
import { bare } from '../diagnosis/quarantine/visible.ts';
import { askForForm, type Piece } from './asking.ts';
import type { Library } from './documents.ts';

export const MOST_CLAIMS = 8;
const MOST_TEXT = 400;

const RULES = `You read passages of documents and say what in them answers a question. You have no tools, and nothing that you write is carried out, fetched or opened.

Answer with one JSON object and nothing else:
{"claims": [{"text": "…", "citations": [{"document": 0, "from": 12, "to": 13, "quote": "…"}]}]}
- at most ${MOST_CLAIMS} claims, each one sentence of at most ${MOST_TEXT} characters that answers the question or a part of it
- where the passages do not say: {"claims": []}. Never answer from what you know.
- "quote" is copied exactly from the lines "from" to "to" of that document; the numbers before the lines are the document and the line
- each claim says what its quotes say, in their own words and order as far as possible, and nothing else; every number and every name in it stands in a quote
- a heading above a passage may be cited as a second citation, where the claim needs it`;

const citation = z.object({ document: z.int(), from: z.int(), to: z.int(), quote: z.string().min(1).max(2_000) });
const offered = z.object({ text: z.string().trim().min(3).max(MOST_TEXT), citations: z.array(citation).min(1).max(3) });
/** One claim that is wrong is no reason to drop the others. */
const form = z.object({ claims: z.array(z.unknown()) });

export interface ToRead {
  readonly library: Library;
  readonly question: string;
  readonly passages: readonly Passage[];
  readonly strictness: Strictness;
  readonly chat: Pick<AgentChat, 'ask'>;
  readonly signal: AbortSignal;
}

export async function readPassages(of: ToRead): Promise<Reading> {
  const { library, question, passages, chat, signal } = of;
  const asked = await askForForm({
    ...{
      chat,
      agent: 'reader',
      rules: RULES,
      ask: `The question: ${question}`,
      schema: form,
      maxTokens: 3_000,
      signal,
    },
    data: passages.map((one) => shown(one, library)),
  });
  const nothing = {
    schema: 'anneal/research-reading/v1',
    claims: [],
    offered: 0,
    dropped: {},
    spent: asked.spent,
  } as const;
  if ('failed' in asked) return { ...nothing, claims: [], failed: `a reader: ${asked.failed}` };
  const looked = asked.value.claims.slice(0, MOST_CLAIMS);
  const claims: Claim[] = [];
  const dropped: Partial<Record<ClaimDrop, number>> = {};
  const drop = (why: ClaimDrop): void => {
    dropped[why] = (dropped[why] ?? 0) + 1;
  };
  for (const one of looked) {
    const checked = checkedClaim(one, of);
    if (typeof checked === 'string') drop(checked);
    else if (claims.some(({ text }) => text === checked.text)) drop('twice');
    else claims.push({ id: `c${claims.length + 1}`, ...checked });
  }
  return { ...nothing, claims, offered: looked.length, dropped: dropped as Drops };
}

function checkedClaim(one: unknown, { library, passages, strictness }: ToRead): Omit<Claim, 'id'> | ClaimDrop {
  const read = offered.safeParse(one);
  if (!read.success) return 'form';
  const text = folded(bare(read.data.text.replaceAll(/\s+/g, ' ')));
  const { documents } = library;
  const lines = (document: number): readonly string[] => documents[document]?.lines ?? [];
  const why = againstClaim({ text, citations: read.data.citations }, { passages, lines }, strictness);
  if (why !== undefined) return why;
  const citations = read.data.citations.map(({ document, from, to, quote }) => ({
    ...{ document: documents[document]!.path, from, to },
    quote: folded(quote),
  }));
  return { text, citations };
}

function shown(passage: Passage, { documents }: Library): Piece {
  const { document, from, to } = passage;
  const above = passage.headings.filter(({ line }) => line < from);
  const { path, lines } = documents[document]!;
  const numbered = (line: number): string => `${document}:${line}| ${lines[line - 1]!.slice(0, MOST_LINE)}`;
  return {
    title: `document ${document}, ${path}`,
    text: [
      ...above.map(({ line }) => numbered(line)),
      ...(above.length > 0 ? ['…'] : []),
      ...Array.from({ length: to - from + 1 }, (_, index) => numbered(from + index)),
    ].join('\n'),
  };
}
const MOST_LINE = 4_000;
