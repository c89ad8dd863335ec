// OpenAI's legacy Completions: a text, or token ids, continued; no roles, no tools.
import { z } from 'zod';
import { textOf, writeSampling, writeUsage } from './chat/render.ts';
import { readSampling, readStreamOptions, samplingShape } from './chat/request.ts';
import { openaiError } from './failure.ts';
import { createDropped, type Parsed, present, readShape } from './shape.ts';
import { frame } from './sse.ts';
import type { Encoder, TokenLogprob, TurnAnswer, TurnEvent, TurnRequest } from './turn.ts';

const ids = z.array(z.int().min(0)).min(1);
const completionRequest = z.object({
  ...samplingShape,
  prompt: z.union([z.string(), z.tuple([z.string()]), ids, z.tuple([ids])], 'one prompt: a text or token ids'),
  logprobs: z.int().min(0).max(5).nullish(),
  best_of: z.literal(1, 'only best_of = 1').nullish(),
  echo: z.literal(false, 'only echo = false').nullish(),
  suffix: z.literal('', 'no suffix').nullish(),
});

export function parseRequest(body: unknown): Parsed<TurnRequest> {
  const dropped = createDropped();
  const read = readShape(completionRequest, body, dropped);
  if (!read.ok) return read;
  const sent = read.value;
  return {
    ok: true,
    value: present<TurnRequest>({
      model: sent.model,
      messages: [],
      prompt: readPrompt(sent.prompt),
      tools: undefined,
      toolChoice: undefined,
      parallelToolCalls: undefined,
      sampling: readSampling(sent),
      reasoning: undefined,
      format: undefined,
      logprobs: sent.logprobs == null ? undefined : { top: sent.logprobs },
      stream: sent.stream ?? false,
      streamOptions: readStreamOptions(sent.stream_options),
      user: sent.user,
      metadata: undefined,
      sealedReasoning: undefined,
      dropped: dropped.names,
    }),
  };
}

function readPrompt(sent: z.infer<typeof completionRequest>['prompt']): NonNullable<TurnRequest['prompt']> {
  if (typeof sent === 'string') return { text: sent };
  const [first] = sent;
  if (typeof first === 'string') return { text: first };
  return { ids: Array.isArray(first) ? first : (sent as number[]) };
}

export function renderRequest(request: TurnRequest): Record<string, unknown> {
  const { model, prompt } = request;
  return {
    model,
    prompt: prompt === undefined ? '' : 'text' in prompt ? prompt.text : prompt.ids,
    ...writeSampling(request),
    logprobs: request.logprobs?.top,
  };
}

/** A text has no tools: where a server says that one was called, it stopped. */
const finishOf = (finish: TurnAnswer['finish']): string => (finish === 'tool_calls' ? 'stop' : finish);

function writeLogprobs(logprobs: readonly TokenLogprob[], before: number): object {
  let offset = before;
  const offsets = logprobs.map(({ token }) => {
    offset += token.length;
    return offset - token.length;
  });
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) => Object.fromEntries(top.map((one) => [one.token, one.logprob]))),
    text_offset: offsets,
  };
}

const idOf = (id: string): string => id.replace(/^(chatcmpl|resp|msg)[-_]/, 'cmpl-');

export function renderAnswer(answer: TurnAnswer): object {
  const text = textOf(answer.content.filter((part) => part.type === 'text'));
  const logprobs = answer.logprobs === undefined ? null : writeLogprobs(answer.logprobs, 0);
  return {
    id: idOf(answer.id),
    object: 'text_completion',
    created: answer.created,
    model: answer.model,
    choices: [{ index: 0, text, logprobs, finish_reason: finishOf(answer.finish) }],
    usage: answer.usage === undefined ? undefined : writeUsage(answer.usage),
  };
}

export function createEncoder(request: TurnRequest): Encoder {
  const withUsage = request.streamOptions?.includeUsage === true;
  let head: object = {};
  let written = 0;
  let ended: 'finished' | 'failed' | undefined;

  const chunk = (text: string, finish: string | null, logprobs: object | null = null): string =>
    frame({
      ...head,
      choices: [{ index: 0, text, logprobs, finish_reason: finish }],
      ...(withUsage ? { usage: null } : {}),
    });

  function write(event: TurnEvent): string | undefined {
    switch (event.type) {
      case 'start':
        head = { id: idOf(event.id), object: 'text_completion', created: event.created, model: event.model };
        return undefined;
      case 'text': {
        const logprobs = event.logprobs === undefined ? null : writeLogprobs(event.logprobs, written);
        written += event.text.length;
        return chunk(event.text, null, logprobs);
      }
      case 'finish':
        ended = 'finished';
        return chunk('', finishOf(event.finish));
      case 'usage':
        return withUsage ? frame({ ...head, choices: [], usage: writeUsage(event.usage) }) : undefined;
      case 'ping':
        return ': ping\n\n';
      case 'error':
        ended = 'failed';
        return frame(openaiError(event.error, event.status));
      default:
        return undefined;
    }
  }

  return {
    push(event) {
      const text = ended === 'failed' ? undefined : write(event);
      return text === undefined ? [] : [text];
    },
    end: () => (ended === 'finished' ? [frame('[DONE]')] : []),
  };
}
