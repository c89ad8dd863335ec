// A model's line with somebody looking on: what its session spends, and whether it still gets anywhere. One that stands still is asked no more.
import { createHash } from 'node:crypto';
import type { AgentChat, ChatCall, ChatMessage } from '../../contracts/agent-ports.ts';
import { isStalled, type SeenTurn } from '../../policies/ticket.ts';

export interface WatchedChat extends AgentChat {
  spent(): { readonly turns: number; readonly tokens: number };
  /** It was asked no more because it got nowhere. */
  stalled(): boolean;
}

const EDITS: ReadonlySet<string> = new Set(['write_file', 'edit_file']);

/** @param after turns that bring nothing new */
export function watchedChat(chat: AgentChat, after: number): WatchedChat {
  let [turns, tokens, isOver] = [0, 0, false];
  const seen: SeenTurn[] = [];
  let called: readonly ChatCall[] = [];
  return {
    async ask(request, signal) {
      if (called.length > 0) seen.push(turnOf(called, request.messages));
      called = [];
      isOver = isStalled(seen, after);
      if (isOver) return { how: 'looping' };
      turns += 1;
      const asked = await chat.ask(request, signal);
      if (asked.how !== 'answered') return asked;
      tokens += asked.answer.tokens.completion;
      called = asked.answer.calls;
      return asked;
    },
    tell: (of, signal) => chat.tell(of, signal),
    spent: () => ({ turns, tokens }),
    stalled: () => isOver,
  };
}

/** What came back stands behind the calls; what was cut of it since is as good as new. */
function turnOf(calls: readonly ChatCall[], messages: readonly ChatMessage[]): SeenTurn {
  const results = calls.map(({ id }) => messages.findLast((one) => one.role === 'tool' && one.callId === id)?.content);
  return {
    did: hashOf(calls.map(({ name, arguments: text }) => [name, text])),
    saw: hashOf(results),
    edits: calls.some(({ name }) => EDITS.has(name)),
  };
}

const hashOf = (what: unknown): string => createHash('sha256').update(JSON.stringify(what)).digest('hex');
