// The planner: divides a question into a few that a search can find passages for. It sees the question and the names of no document's content, so
// that nothing that strangers wrote leads what is searched.
import { z } from 'zod';
import type { AgentChat } from '../../contracts/agent-ports.ts';
import type { Spent } from '../../contracts/research.ts';
import { bare } from '../diagnosis/quarantine/visible.ts';
import { askForForm } from './asking.ts';

export const MOST_QUESTIONS = 4;

const RULES = `You plan how a question is looked up in a folder of documents. Passages are found by their words, so use the words that documents would use. You have no tools.

Answer with one JSON object and nothing else:
{"questions": ["…"]}
One to ${MOST_QUESTIONS} questions, each whole in itself, at most 200 characters. Where the question is simple, one is enough.`;

const form = z.object({ questions: z.array(z.string()).min(1) });

export interface Planned {
  readonly questions: string[];
  readonly spent: Spent;
  readonly failed?: string;
}

/** The question itself is always the first: a planner that errs costs a search, not the answer. */
export async function planQuestions(
  question: string,
  chat: Pick<AgentChat, 'ask'>,
  signal: AbortSignal,
): Promise<Planned> {
  const asked = await askForForm({
    ...{ chat, agent: 'planner', rules: RULES, ask: `The question: ${question}`, data: [], schema: form },
    ...{ maxTokens: 1_000, signal },
  });
  if ('failed' in asked) return { questions: [question], spent: asked.spent, failed: `the planner: ${asked.failed}` };
  const parts = asked.value.questions
    .map((one) => bare(one.replaceAll(/\s+/g, ' ')).trim())
    .filter((one) => one.length >= 3 && one.length <= 300 && one !== question);
  return { questions: [question, ...new Set(parts)].slice(0, MOST_QUESTIONS), spent: asked.spent };
}
