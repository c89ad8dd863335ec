// What a rollout said and did, as far as its manner is judged: pure functions over it give process and speed components. They look at
// form alone. What a policy thinks is not rewarded, lest it learns to think what pleases.
import type { JsonValue } from '../structured-data/parsed.ts';

export interface ToolCall {
  readonly name: string;
  /** As the policy wrote them. */
  readonly arguments: string;
}

export interface Turn {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly calls?: readonly ToolCall[];
  /** Inside the episode, without waiting for a free server or machine; absent where nothing was waited for. */
  readonly seconds?: number;
}

export interface Transcript {
  readonly turns: readonly Turn[];
  /** JSON Schemas of the arguments, by the name of the tool. */
  readonly tools: Readonly<Record<string, JsonValue>>;
}

export const ofPolicy = ({ turns }: Transcript): readonly Turn[] => turns.filter(({ role }) => role === 'assistant');

/** Text without fenced code and code in a line: neither is prose. */
export const prose = (text: string): string => text.replace(/```[\s\S]*?(```|$)|`[^`\n]*`/g, ' ');

/** 1 up to `free`, 0 from `full` on, linear between. */
export const falling = (value: number, free: number, full: number): number =>
  Math.min(1, Math.max(0, (full - value) / (full - free)));
