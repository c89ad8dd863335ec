// An answer as events, and events as an answer.
import type { AnnealError } from '../../contracts/errors.ts';
import type { AnswerPart, Finish, TokenLogprob, TurnAnswer, TurnEvent, Usage } from './turn.ts';

/** For clients that stream where the upstream did not. */
export function* eventsOf(answer: TurnAnswer): Generator<TurnEvent> {
  const { id, model, created, usage, finish, stopSequence, logprobs } = answer;
  yield { type: 'start', id, model, created, ...(usage === undefined ? {} : { inputTokens: usage.input }) };
  const lastText = answer.content.findLastIndex((part) => part.type === 'text');
  let index = 0;
  for (const [place, part] of answer.content.entries()) {
    if (part.type === 'text') {
      yield { type: 'text', text: part.text, ...(place === lastText && logprobs !== undefined ? { logprobs } : {}) };
    } else if (part.type === 'reasoning') {
      yield {
        type: 'reasoning',
        text: part.text,
        ...(part.signature === undefined ? {} : { signature: part.signature }),
      };
    } else {
      yield { type: 'call', index, id: part.id, name: part.name };
      if (part.arguments !== '') yield { type: 'arguments', index, text: part.arguments };
      yield { type: 'call_end', index };
      index += 1;
    }
  }
  yield { type: 'finish', finish, ...(stopSequence === undefined ? {} : { stopSequence }) };
  if (usage !== undefined) yield { type: 'usage', usage };
}

export interface Collector {
  push(event: TurnEvent): void;
  /** What has come so far; without a finish if the stream broke off. */
  answer(): Omit<TurnAnswer, 'finish'> & { readonly finish?: Finish };
  readonly failure: AnnealError | undefined;
}

/** Puts a streamed answer together for the record, broken off or not. */
export function createCollector(): Collector {
  let head = { id: '', model: '', created: 0 };
  const content: AnswerPart[] = [];
  const logprobs: TokenLogprob[] = [];
  let [usage, failure]: [Usage | undefined, AnnealError | undefined] = [undefined, undefined];
  let ending: { finish?: Finish; stopSequence?: string } = {};

  function grow(type: 'text' | 'reasoning', text: string): Extract<AnswerPart, { type: 'text' | 'reasoning' }> {
    const last = content.at(-1);
    if (last?.type === type) {
      last.text += text;
      return last;
    }
    const part = { type, text };
    content.push(part);
    return part;
  }

  return {
    push(event) {
      if (event.type === 'start') head = { id: event.id, model: event.model, created: event.created };
      else if (event.type === 'text') {
        if (event.text !== '') grow('text', event.text);
        logprobs.push(...(event.logprobs ?? []));
      } else if (event.type === 'reasoning') {
        const part = grow('reasoning', event.text);
        if (event.signature !== undefined && part.type === 'reasoning') part.signature = event.signature;
      } else if (event.type === 'call') {
        content.push({ type: 'tool_call', id: event.id, name: event.name, arguments: '' });
      } else if (event.type === 'arguments') {
        const last = content.at(-1);
        if (last?.type === 'tool_call') last.arguments += event.text;
      } else if (event.type === 'finish') {
        const { finish, stopSequence } = event;
        ending = { finish, ...(stopSequence === undefined ? {} : { stopSequence }) };
      } else if (event.type === 'usage') usage = event.usage;
      else if (event.type === 'error') failure = event.error;
    },
    answer: () => ({
      ...head,
      content,
      ...ending,
      ...(usage === undefined ? {} : { usage }),
      ...(logprobs.length === 0 ? {} : { logprobs }),
    }),
    get failure() {
      return failure;
    },
  };
}
