// One question to a model that has no tools: two tries at most, an answer of a fixed form or none, and what it cost.
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { AgentChat, ChatMessage } from '../../contracts/agent-ports.ts';
import type { Spent } from '../../contracts/research.ts';
import { aboutData, visible } from '../coder/material.ts';
import { jsonAnswer } from '../diagnosis/quarantine/json-answer.ts';

export const MOST_TRIES = 2;

export interface Piece {
  readonly title: string;
  /** Made visible before. */
  readonly text: string;
}

export interface Asking<S extends z.ZodType> {
  readonly chat: Pick<AgentChat, 'ask'>;
  /** A line of its own in the records. */
  readonly agent: string;
  readonly rules: string;
  /** The operator's own words. */
  readonly ask: string;
  /** What strangers wrote. */
  readonly data: readonly Piece[];
  readonly schema: S;
  readonly maxTokens: number;
  readonly signal: AbortSignal;
}

export type Answered<T> = { readonly spent: Spent } & ({ readonly value: T } | { readonly failed: string });

/** The share of a budget, to the turn: the gateway lets a session ask more often, since other agents sum up what they said. */
export function atMost(turns: number, chat: Pick<AgentChat, 'ask'>): Pick<AgentChat, 'ask'> {
  let left = turns;
  return {
    async ask(request, signal) {
      if (left <= 0) return { how: 'exhausted' };
      left -= 1;
      return chat.ask(request, signal);
    },
  };
}

/** @throws as AgentChat */
export async function askForForm<S extends z.ZodType>(of: Asking<S>): Promise<Answered<z.infer<S>>> {
  const { chat, agent, rules, ask, data, schema, maxTokens, signal } = of;
  const nonce = randomBytes(8).toString('hex');
  let messages: readonly ChatMessage[] = [
    { role: 'system', content: `${rules}\n\n${aboutData(nonce)}` },
    {
      role: 'user',
      content: [
        ...data.map(
          ({ title, text }) =>
            `[data ${nonce}: ${visible(title).replace(/\s+/g, ' ').slice(0, 300)}]\n${text}\n[end of data ${nonce}]`,
        ),
        ask,
      ].join('\n\n'),
    },
  ];
  let spent: Spent = { turns: 0, tokens: 0 };
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const asked = await chat.ask({ agent, messages, tools: [], maxTokens, steps: [] }, signal);
    // Nobody was asked.
    if (asked.how !== 'exhausted') spent = { ...spent, turns: spent.turns + 1 };
    if (asked.how !== 'answered') return { spent, failed: FAILED[asked.how] };
    const { text, tokens, calls } = asked.answer;
    spent = { ...spent, tokens: spent.tokens + tokens.completion };
    if (calls.length > 0) return { spent, failed: 'it asked for a tool; it has none' };
    const read = schema.safeParse(jsonAnswer(text)).data;
    if (read !== undefined) return { spent, value: read };
    messages = [
      ...messages,
      { role: 'assistant', content: text.slice(0, 2_000) },
      { role: 'user', content: 'That is not the one JSON object that was asked for. Answer with it and nothing else.' },
    ];
  }
  return { spent, failed: 'it did not answer in the form that was asked for' };
}

const FAILED = {
  exhausted: 'its budget is spent',
  late: 'its time is over',
  looping: 'it went round in circles',
  too_long: 'the question was too long for it',
} as const;
