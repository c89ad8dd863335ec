// Chunks of an OpenAI-compatible server, and its whole answers, as events.
import { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import { bareId } from '../blocks.ts';
import type { Finish, TurnEvent, Usage } from '../turn.ts';
import { inBandFailure } from './failure.ts';
import { plainDelta } from './plain-delta.ts';
import { createTokenGatherer, type TokenTrace } from './tokens.ts';

const text = z.string().nullish();
const call = z.looseObject({
  index: z.int().nullish(),
  id: text,
  // A few servers send the object that the text stands for.
  function: z.looseObject({ name: text, arguments: z.union([z.string(), z.looseObject({})]).nullish() }).nullish(),
});
const said = z.looseObject({
  ...{ content: text, refusal: text, reasoning_content: text, reasoning: text },
  tool_calls: z.array(call).nullish(),
});
const choice = z.looseObject({
  index: z.int().nullish(),
  delta: said.nullish(),
  message: said.nullish(),
  /** Of legacy Completions. */
  text,
  finish_reason: text,
  /** vLLM: the stop sequence, or the id of the token that ended the answer. */
  stop_reason: z.unknown().optional(),
});
const chunk = z.looseObject({
  id: text,
  model: text,
  created: z.number().nullish(),
  choices: z.array(choice).nullish(),
  usage: z.unknown().optional(),
  error: z.unknown().optional(),
});

const count = z
  .int()
  .min(0)
  .max(1 << 30);
const usageShape = z.looseObject({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z.looseObject({ cached_tokens: count.nullish() }).nullish().catch(null),
  completion_tokens_details: z.looseObject({ reasoning_tokens: count.nullish() }).nullish().catch(null),
});

const FINISH: Readonly<Record<string, Finish>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
};
/** The server gave the answer up. */
const GIVEN_UP = new Set(['abort', 'error', 'cancelled']);

export interface TurnReader {
  /** Events of a chunk, or of a whole answer. After an `error` nothing more comes. */
  chunk(value: unknown): TurnEvent[];
  /** The last events: `finish` and `usage` if the answer came to its end, else an `error` that says `why`. */
  end(why: string): TurnEvent[];
  readonly finished: boolean;
  readonly failed: boolean;
  /** The server sent a usage that cannot be. */
  readonly absurdUsage: boolean;
  tokens(): TokenTrace;
}

export interface TurnReaderOptions {
  /** The client asked for log-probabilities. */
  readonly logprobs: boolean;
  /** Where the server leaves them out. */
  readonly id: string;
  readonly model: string;
  readonly created: number;
}

export function createTurnReader(options: TurnReaderOptions): TurnReader {
  const gatherer = createTokenGatherer();
  let head: { id: string; model: string; created: number } | undefined;
  let open: { readonly place: number | undefined; readonly id: string; readonly index: number } | undefined;
  let calls = 0;
  let ending: { finish: Finish; stopSequence?: string } | undefined;
  let usage: Usage | undefined;
  let [failed, absurdUsage] = [false, false];

  function fail(message: string): TurnEvent {
    failed = true;
    return { type: 'error', error: new AnnealError('gateway.upstream_failed', message), status: 502 };
  }

  function closeCall(): TurnEvent[] {
    if (open === undefined) return [];
    const { index } = open;
    open = undefined;
    return [{ type: 'call_end', index }];
  }

  function readCall(sent: z.infer<typeof call>, position: number | undefined): TurnEvent[] {
    const place = sent.index ?? position;
    const { name, arguments: given } = sent.function ?? {};
    const same = open !== undefined && (place === undefined || place === open.place);
    const events: TurnEvent[] = [];
    if (name != null && name !== '' && (!same || (sent.id != null && sent.id !== '' && sent.id !== open?.id))) {
      events.push(...closeCall());
      const id = sent.id || `call_${bareId(head?.id ?? options.id)}_${calls}`;
      open = { place, id, index: calls };
      calls += 1;
      events.push({ type: 'call', index: open.index, id, name });
    } else if (!same) {
      return [fail('the server went on with a call that it had not begun, or had left')];
    }
    const written = typeof given === 'string' ? given : given == null ? '' : JSON.stringify(given);
    if (written !== '' && open !== undefined) events.push({ type: 'arguments', index: open.index, text: written });
    return events;
  }

  function readSaid(sent: z.infer<typeof said>, isWhole: boolean, logprobs: object): TurnEvent[] {
    const events: TurnEvent[] = [];
    const thought = sent.reasoning_content ?? sent.reasoning;
    const spoken = `${sent.content ?? ''}${sent.refusal ?? ''}`;
    if (thought) events.push(...closeCall(), { type: 'reasoning', text: thought });
    if (spoken !== '' || ('logprobs' in logprobs && thought == null && sent.tool_calls == null)) {
      if (spoken !== '') events.push(...closeCall());
      events.push({ type: 'text', text: spoken, ...logprobs });
    }
    for (const [position, one] of (sent.tool_calls ?? []).entries()) {
      if (!failed) events.push(...readCall(one, isWhole ? position : undefined));
    }
    return events;
  }

  function readUsage(sent: unknown): void {
    if (sent === undefined || sent === null) return;
    const read = usageShape.safeParse(sent);
    if (!read.success) {
      absurdUsage = true;
      return;
    }
    const cached = read.data.prompt_tokens_details?.cached_tokens;
    const reasoning = read.data.completion_tokens_details?.reasoning_tokens;
    usage = {
      input: read.data.prompt_tokens,
      output: read.data.completion_tokens,
      ...(cached == null || cached > read.data.prompt_tokens ? {} : { cachedInput: cached }),
      ...(reasoning == null ? {} : { reasoning }),
    };
  }

  function readChunk(value: unknown): TurnEvent[] {
    const plain = head === undefined || open !== undefined ? undefined : plainDelta(value);
    if (plain !== undefined) return [{ type: 'text', text: plain }];
    const read = chunk.safeParse(value);
    if (!read.success) {
      const issue = read.error.issues[0]!;
      return [fail(`the server answered in an unknown form: ${issue.path.join('.')}: ${issue.message}`)];
    }
    const { id, model, created, choices, error } = read.data;
    if (error !== undefined && error !== null) {
      failed = true;
      return [inBandFailure(error)];
    }
    const first = choices?.find((one) => (one.index ?? 0) === 0);
    const logprobs = gatherer.chunk(read.data, first);
    readUsage(read.data.usage);
    const events: TurnEvent[] = [];
    if (head === undefined) {
      head = { id: id || options.id, model: model || options.model, created: Math.trunc(created ?? options.created) };
      const inputTokens = gatherer.result(undefined).promptIds?.length ?? usage?.input;
      events.push({ type: 'start', ...head, ...(inputTokens === undefined ? {} : { inputTokens }) });
    }
    if (first === undefined) return events;
    const shown = options.logprobs && logprobs.length > 0 ? { logprobs } : {};
    const content = first.delta ?? first.message ?? { content: first.text };
    events.push(...readSaid(content, first.message != null, shown));
    if (first.finish_reason == null || failed) return events;
    if (GIVEN_UP.has(first.finish_reason)) return [...events, fail(`the server gave up: ${first.finish_reason}`)];
    const { stop_reason: stop } = first;
    const finish = FINISH[first.finish_reason] ?? 'stop';
    ending ??= { finish, ...(typeof stop === 'string' && finish === 'stop' ? { stopSequence: stop } : {}) };
    return events;
  }

  return {
    chunk: (value) => (failed ? [] : readChunk(value)),
    end(why) {
      if (failed) return [];
      if (ending === undefined) return [...closeCall(), fail(why)];
      const last: TurnEvent[] = [...closeCall(), { type: 'finish', ...ending }];
      return usage === undefined ? last : [...last, { type: 'usage', usage }];
    },
    tokens: () => gatherer.result(usage),
    get finished() {
      return ending !== undefined && !failed;
    },
    get failed() {
      return failed;
    },
    get absurdUsage() {
      return absurdUsage;
    },
  };
}
