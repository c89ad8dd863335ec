// A conversation that must not grow for ever: old results are cut first, then the beginning gives way to the model's own summary. Pure.
import type { ChatMessage } from '../../contracts/agent-ports.ts';

/** What is never touched: the system prompt and the task. */
const HEAD = 2;
/** Messages at the end that stay as they are. */
const TAIL = 4;
/** Of a result that is cut. */
const KEPT = 160;
const CUT = '[… cut to save room …]';

export const sizeOf = (messages: readonly ChatMessage[]): number =>
  messages.reduce((sum, one) => sum + one.content.length + ('calls' in one ? JSON.stringify(one.calls).length : 0), 0);

/** Results of tools, which with text calls are messages of the user. The same array where nothing could be cut. */
export function withoutOldResults(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const end = messages.length - TAIL;
  let cut = false;
  const after = messages.map((one, index): ChatMessage => {
    const isResult = one.role === 'tool' || one.role === 'user';
    if (index < HEAD || index >= end || !isResult || one.content.length <= KEPT + CUT.length + 1) return one;
    cut = true;
    return { ...one, content: `${one.content.slice(0, KEPT)}\n${CUT}` };
  });
  return cut ? after : messages;
}

/** Where the part that a summary replaces ends: never between a call and its result. Undefined where there is too little to replace. */
export function summarisable(messages: readonly ChatMessage[]): number | undefined {
  let end = messages.length - TAIL;
  while (end > HEAD && messages[end]?.role !== 'assistant') end -= 1;
  return end > HEAD + 1 ? end : undefined;
}

export function withSummary(
  messages: readonly ChatMessage[],
  end: number,
  summary: string,
  notes: readonly string[],
): ChatMessage[] {
  const kept = notes.length === 0 ? '' : `\n\nYour notes:\n${notes.map((note) => `- ${note}`).join('\n')}`;
  const [system, task] = messages;
  const first =
    task === undefined ? [] : [{ ...task, content: `${task.content}\n\nWhat was done so far:\n${summary}${kept}` }];
  return [...(system === undefined ? [] : [system]), ...(first as ChatMessage[]), ...messages.slice(end)];
}

export const ASK_FOR_SUMMARY =
  'The conversation has become long. Say in a few sentences what was done, what was found, and what is left to do. Call no tool.';
