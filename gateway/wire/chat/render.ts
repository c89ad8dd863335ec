// OpenAI's Chat Completions, written: requests as a client would send them, answers as OpenAI would give them.
import type {
  AnswerPart,
  ImagePart,
  Message,
  TextPart,
  TokenLogprob,
  TurnAnswer,
  TurnRequest,
  Usage,
} from '../turn.ts';
import { imageUrl } from './request.ts';

export function renderRequest(request: TurnRequest): Record<string, unknown> {
  const { toolChoice: choice, format, logprobs } = request;
  return {
    model: request.model,
    messages: request.messages.map(writeMessage),
    ...writeSampling(request),
    tools: request.tools?.map((tool) => ({ type: 'function', function: { ...tool } })),
    tool_choice: typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice,
    parallel_tool_calls: request.parallelToolCalls,
    reasoning_effort: request.reasoning?.effort,
    response_format: format === undefined ? undefined : writeFormat(format),
    ...(logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs.top }),
    metadata: request.metadata,
  };
}

/** Shared with legacy Completions. */
export function writeSampling({ sampling, stream, streamOptions, user }: TurnRequest): Record<string, unknown> {
  return {
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    max_tokens: sampling.maxTokens,
    stop: sampling.stop,
    seed: sampling.seed,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    stream,
    stream_options: streamOptions === undefined ? undefined : { include_usage: streamOptions.includeUsage },
    user,
  };
}

function writeFormat(format: NonNullable<TurnRequest['format']>): object {
  if (format.type !== 'json_schema') return { type: format.type };
  const { name = 'answer', description, schema, strict } = format;
  return { type: 'json_schema', json_schema: { name, description, schema, strict } };
}

function writeMessage(message: Message): object {
  switch (message.role) {
    case 'tool':
      return { role: 'tool', tool_call_id: message.callId, content: writeSeen(message.content) };
    case 'assistant':
      return { role: 'assistant', ...writeSaid(message.content), name: message.name };
    default:
      return { role: message.role, content: writeSeen(message.content), name: message.name };
  }
}

function writeSeen(content: readonly (TextPart | ImagePart)[]): string | object[] {
  const [first] = content;
  if (content.length === 1 && first?.type === 'text') return first.text;
  return content.map((part) =>
    part.type === 'text'
      ? { type: 'text', text: part.text }
      : { type: 'image_url', image_url: { url: imageUrl(part.source), detail: part.detail } },
  );
}

function writeSaid(content: readonly AnswerPart[]): object {
  const texts = content.filter((part) => part.type === 'text');
  const calls = content.filter((part) => part.type === 'tool_call');
  return {
    content: texts.length === 0 ? null : writeSeen(texts),
    ...writeThought(content),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeCall) }),
  };
}

function writeCall({ id, name, arguments: text }: Extract<AnswerPart, { type: 'tool_call' }>): object {
  return { id, type: 'function', function: { name, arguments: text } };
}

function writeThought(content: readonly AnswerPart[]): object {
  const thoughts = content.filter((part) => part.type === 'reasoning' && part.redacted !== true);
  return thoughts.length === 0 ? {} : { reasoning_content: textOf(thoughts) };
}

export function textOf(parts: readonly AnswerPart[]): string {
  return parts.map((part) => (part.type === 'tool_call' ? '' : part.text)).join('');
}

export function renderAnswer(answer: TurnAnswer): object {
  const texts = answer.content.filter((part) => part.type === 'text');
  const calls = answer.content.filter((part) => part.type === 'tool_call');
  const message = {
    role: 'assistant',
    content: texts.length === 0 ? null : textOf(texts),
    refusal: null,
    ...writeThought(answer.content),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeCall) }),
  };
  const logprobs = answer.logprobs === undefined ? null : { content: answer.logprobs.map(writeLogprob), refusal: null };
  return {
    id: answer.id,
    object: 'chat.completion',
    created: answer.created,
    model: answer.model,
    choices: [{ index: 0, message, logprobs, finish_reason: answer.finish }],
    usage: answer.usage === undefined ? undefined : writeUsage(answer.usage),
  };
}

export function writeLogprob({ token, logprob, bytes, top }: TokenLogprob): object {
  return {
    ...{ token, logprob, bytes: bytes ?? null },
    top_logprobs: top.map((one) => ({ token: one.token, logprob: one.logprob, bytes: one.bytes ?? null })),
  };
}

export function writeUsage({ input, output, cachedInput, reasoning }: Usage): object {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: cachedInput === undefined ? undefined : { cached_tokens: cachedInput },
    completion_tokens_details: reasoning === undefined ? undefined : { reasoning_tokens: reasoning },
  };
}
