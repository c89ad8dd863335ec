// What one agent's model sees, and what is done to it: everything said goes into the transcript, and every operation on the context to the
// gateway before the next request, which it explains.
import type { ChatMessage, ToldOperation } from '../../contracts/agent-ports.ts';
import type { ContextAction, EpisodeTurn } from '../../contracts/episode.ts';
import type { CompletionId } from '../../contracts/ids.ts';
import { ASK_FOR_SUMMARY, sizeOf, summarisable, withoutOldResults, withSummary } from './context.ts';
import { type Agent, lineOf, type Purse, type Shared } from './rollout.ts';
import { shortened } from './use.ts';

/** Of the bound: where cutting results leaves more, the beginning is summarised besides. */
const ROOM = 0.8;
const DETAIL = 2_000;
/** Of what the gateway takes. */
const NOTE = 4_000;

export interface Conversation {
  readonly messages: readonly ChatMessage[];
  /** Into the transcript alone. */
  tell(turn: Omit<EpisodeTurn, 'agent'>): void;
  /** To the model alone. */
  say(message: ChatMessage): void;
  /** From the user, to both. */
  hear(content: string): void;
  /** What the model wrote down: it outlives summaries. */
  note(text: string, turn: number): Promise<void>;
  /** The tokens that the last answer and its prompt had. */
  had(tokens: number): void;
  /** Where it has grown too long. */
  fit(turn: number): Promise<void>;
  /** @returns whether anything became shorter */
  shorten(turn: number, why: string): Promise<boolean>;
  /** Puts an operation on record: the harness's own in the episode, and at the gateway what it changes for the model. */
  act(action: Done, operations?: readonly string[]): void;
  /** @returns the operation's id at the gateway */
  register(operation: Pick<ToldOperation, 'kind' | 'child' | 'note'>): Promise<string>;
  /** The last completion of this agent. */
  said(completion: CompletionId): void;
}

type Done = Pick<ContextAction, 'kind' | 'turn' | 'why'> & { readonly before?: number; readonly detail?: string };

export function openConversation(shared: Shared, agent: Agent, purse: Purse, system: string): Conversation {
  const { harness } = shared.task;
  const notes: string[] = [];
  let messages: readonly ChatMessage[] = [
    { role: 'system', content: system },
    { role: 'user', content: agent.task },
  ];
  let prompt = 0;
  let last: CompletionId | undefined;

  const conversation: Conversation = {
    get messages() {
      return messages;
    },
    tell: (turn) => void shared.turns.push({ agent: agent.name, ...turn }),
    say(message) {
      messages = [...messages, message];
    },
    hear(content) {
      conversation.tell({ role: 'user', content });
      conversation.say({ role: 'user', content });
    },
    async note(text, turn) {
      notes.push(text);
      const why = 'the agent wrote something down';
      const id = await conversation.register({ kind: 'note', note: text });
      conversation.act({ kind: 'note', turn, why, detail: text }, [id]);
    },
    had(tokens) {
      prompt = tokens;
    },
    said(completion) {
      last = completion;
    },
    async fit(turn) {
      if (prompt + sizeOf(messages.slice(-1)) / 4 > harness.contextTokens)
        await conversation.shorten(turn, `the last prompt had ${prompt} tokens`);
    },
    async shorten(turn, why) {
      const before = sizeOf(messages);
      const cut = withoutOldResults(messages);
      if (cut !== messages) {
        messages = cut;
        await changed({ kind: 'truncate', turn, why, before });
        const left = (prompt * sizeOf(cut)) / before;
        prompt = 0;
        if (left <= ROOM * harness.contextTokens) return true;
      }
      return (await summarise(turn, why)) || sizeOf(messages) < before;
    },
    act({ before = sizeOf(messages), detail, ...done }, operations = []) {
      shared.actions.push({
        ...{ ...done, agent: agent.name, before, after: sizeOf(messages) },
        ...(detail === undefined ? {} : { detail: shortened(detail, DETAIL) }),
        ...(operations.length === 0 ? {} : { operations: [...operations] }),
      });
    },
    register: ({ note, ...operation }) =>
      shared.ports.chat.tell(
        {
          ...{ ...operation, agent: lineOf(agent), note: note.slice(0, NOTE) },
          completions: last === undefined ? [] : [last],
        },
        shared.signal,
      ),
  };
  for (const { role, content } of messages) conversation.tell({ role: role as 'system' | 'user', content });
  return conversation;

  /** The messages are others now. */
  async function changed(done: Done & { kind: 'truncate' | 'summarise'; before: number }): Promise<void> {
    const { kind, why, before, detail } = done;
    const shorter = `${why}; ${before} bytes became ${sizeOf(messages)}`;
    const note = detail === undefined || detail === '' ? shorter : `${shorter}\n${detail}`;
    conversation.act(done, [await conversation.register({ kind, note })]);
  }

  async function summarise(turn: number, why: string): Promise<boolean> {
    const before = sizeOf(messages);
    const end = summarisable(messages);
    if (end === undefined) return false;
    const about = [...messages.slice(0, end), { role: 'user' as const, content: ASK_FOR_SUMMARY }];
    const asked = await purse.ask({ messages: about, tools: [], steps: [] });
    const summary = asked.how === 'answered' ? asked.answer.text.trim() : '';
    if (asked.how === 'answered') {
      const { text, completion, milliseconds } = asked.answer;
      last = completion;
      conversation.tell({ role: 'user', content: ASK_FOR_SUMMARY });
      conversation.tell({ role: 'assistant', content: text, completion, seconds: milliseconds / 1_000 });
    }
    messages = withSummary(messages, end, summary || '(the beginning was left out)', notes);
    prompt = 0;
    await changed({ kind: summary === '' ? 'truncate' : 'summarise', turn, why, before, detail: summary });
    return true;
  }
}
