// What a session did, call by call: of the white-box loop from its transcript, of somebody else's agent from the requests that the gateway
// recorded. Bounded: calls and results have rooms of their own, so that long results hide no call.
import type { EpisodeTranscript } from '../../contracts/episode.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import type { TurnRequest } from '../../contracts/turn.ts';

export interface ToolStep {
  /** Empty: something was shown that nobody called for, as the output of an agent. */
  readonly tool: string;
  /** As the model wrote them: JSON, or the text of a tool without a form. */
  readonly arguments: string;
  /** Undefined: nobody saw one. */
  readonly result: string | undefined;
}

export interface Trail {
  readonly steps: readonly ToolStep[];
  /** What the model said besides; what it thought is not looked at. */
  readonly said: readonly string[];
  /** Characters that are beyond the bounds, and were not taken. */
  readonly left: number;
}

const MOST_OF_ONE = 128 * 1_024;
const MOST = 4 * 2 ** 20;
const MOST_STEPS = 4_000;
/** A command in the text of a reply, as agents without tools write it. */
const FENCED = /```(?:bash|sh|shell|console|zsh|[\w-]{0,30}bash[\w-]{0,30})[ \t]*\n([\s\S]*?)(?:\n```|$)/g;

interface Draft {
  readonly tool: string;
  readonly arguments: string;
  result: string | undefined;
}

/** Of each kind of text so much, the beginning and the end of one that is long. */
function createRoom(): { take(text: string): string; readonly left: number } {
  let [free, left] = [MOST, 0];
  return {
    take(text) {
      const most = Math.min(MOST_OF_ONE, free);
      if (text.length <= most) {
        free -= text.length;
        return text;
      }
      const half = Math.floor(most / 2);
      left += text.length - 2 * half;
      free -= 2 * half;
      return half === 0 ? '' : `${text.slice(0, half)}\n${text.slice(-half)}`;
    },
    get left() {
      return left;
    },
  };
}

function bounded(steps: readonly Draft[], said: readonly string[]): Trail {
  const [calls, results, words] = [createRoom(), createRoom(), createRoom()];
  const kept = steps.slice(0, MOST_STEPS).map((step) => ({
    tool: step.tool.slice(0, 200),
    arguments: calls.take(step.arguments),
    result: step.result === undefined ? undefined : results.take(step.result),
  }));
  const spoken = said.map((text) => words.take(text)).filter((text) => text !== '');
  const beyond = steps.slice(MOST_STEPS).reduce((sum, step) => sum + step.arguments.length, 0);
  return { steps: kept, said: spoken, left: calls.left + results.left + words.left + beyond };
}

/** Results follow their calls in their order, one agent's between another's. */
export function trailOfTranscript({ turns }: Pick<EpisodeTranscript, 'turns'>): Trail {
  const steps: Draft[] = [];
  const said: string[] = [];
  const waiting = new Map<string, Draft[]>();
  for (const { agent, role, content, calls } of turns) {
    if (role === 'assistant') {
      said.push(content);
      const made = (calls ?? []).map(
        (call): Draft => ({ tool: call.name, arguments: call.arguments, result: undefined }),
      );
      steps.push(...made);
      waiting.set(agent, made);
    }
    if (role !== 'tool') continue;
    const step = waiting.get(agent)?.shift();
    if (step === undefined) steps.push({ tool: '', arguments: '', result: content });
    else step.result = content;
  }
  return bounded(steps, said);
}

/**
 * Each request repeats what went before: a call counts once, whether it is seen in an answer or in a later request (an agent may write
 * its own history anew), and its result where the first one is seen.
 */
export const trailOfCompletions = (records: readonly CompletionRecord[]): Trail => readRecords(records, []);

/** Of a process: its requests, and what it printed. */
export const trailOfAgent = (
  { turns }: Pick<EpisodeTranscript, 'turns'>,
  records: readonly CompletionRecord[],
): Trail =>
  readRecords(
    records,
    turns.flatMap(({ role, content }) => (role === 'tool' ? [content] : [])),
  );

function readRecords(records: readonly CompletionRecord[], printed: readonly string[]): Trail {
  const steps: Draft[] = [];
  const said = new Set<string>();
  const known = new Map<string, Draft>();
  const fenced = new Map<string, Draft>();
  const call = (part: { id: string; name: string; arguments: string }): Draft => {
    // Some agents number the calls of each turn anew.
    const key = `${part.id}\0${part.name}\0${part.arguments}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const step: Draft = { tool: part.name, arguments: part.arguments, result: undefined };
    known.set(key, step);
    steps.push(step);
    return step;
  };
  const written = (text: string): Draft | undefined => {
    const before = fenced.get(text);
    if (before !== undefined || !text.includes('```')) return before;
    const commands = [...text.matchAll(FENCED)].map((match) => match[1]!);
    if (commands.length === 0) return undefined;
    const step: Draft = { tool: 'shell', arguments: commands.join('\n'), result: undefined };
    fenced.set(text, step);
    steps.push(step);
    return step;
  };
  const answered = (content: readonly AnswerLike[]): Draft | undefined => {
    const text = textsOf(content);
    if (text !== '') said.add(text);
    const calls = content.flatMap((part) => (part.type === 'tool_call' ? [part] : []));
    for (const one of calls) call(one);
    return calls.length === 0 ? written(text) : undefined;
  };
  for (const { turn } of [...records].sort((a, b) => a.index - b.index)) {
    if (turn === undefined) continue;
    readHistory(turn.request.messages, { call, answered });
    answered(turn.answer.content);
  }
  for (const result of printed) steps.push({ tool: '', arguments: '', result });
  return bounded(steps, [...said]);
}

type Message = TurnRequest['messages'][number];
type AnswerLike = Extract<Message, { role: 'assistant' }>['content'][number];

function readHistory(
  messages: readonly Message[],
  to: {
    call(part: Extract<AnswerLike, { type: 'tool_call' }>): Draft;
    answered(content: readonly AnswerLike[]): Draft | undefined;
  },
): void {
  const open = new Map<string, Draft>();
  let asked: Draft | undefined;
  for (const message of messages) {
    if (message.role === 'assistant') {
      asked = to.answered(message.content);
      for (const part of message.content) if (part.type === 'tool_call') open.set(part.id, to.call(part));
    }
    if (message.role === 'tool') {
      const step = open.get(message.callId);
      if (step !== undefined) step.result ??= textsOf(message.content);
    }
    if (message.role === 'user' && asked !== undefined) {
      asked.result ??= textsOf(message.content);
      asked = undefined;
    }
  }
}

const textsOf = (parts: readonly { readonly type: string }[]): string =>
  parts.flatMap((part) => (part.type === 'text' && 'text' in part ? [String(part.text)] : [])).join('\n');
