// Anthropic's Messages, written: requests as a client would send them, answers as Anthropic would give them.
import { bareId } from '../blocks.ts';
import { argumentsObject } from '../shape.ts';
import type { AnswerPart, ImagePart, Message, MessageOf, TextPart, TurnAnswer, TurnRequest, Usage } from '../turn.ts';
import { NO_SIGNATURE } from './request.ts';

/** Anthropic's clients must name a bound; other dialects' need not. */
const MAX_TOKENS = 4096;

export function renderRequest(request: TurnRequest): Record<string, unknown> {
  const { sampling, reasoning, format, messages } = request;
  const [first] = messages;
  const effort = reasoning?.effort === 'none' ? undefined : reasoning?.effort;
  const output = {
    effort,
    format: format?.type === 'json_schema' ? { type: format.type, schema: format.schema } : undefined,
  };
  return {
    model: request.model,
    max_tokens: sampling.maxTokens ?? MAX_TOKENS,
    system: first?.role === 'system' ? writeBlocks(first.content) : undefined,
    messages: writeMessages(first?.role === 'system' ? messages.slice(1) : messages),
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    stop_sequences: sampling.stop,
    tools: request.tools?.map(({ name, description, parameters, strict }) => ({
      ...{ name, description, input_schema: parameters ?? { type: 'object' }, strict },
    })),
    tool_choice: writeChoice(request),
    thinking: writeThinking(reasoning),
    output_config: output.effort === undefined && output.format === undefined ? undefined : output,
    stream: request.stream,
    metadata: request.user === undefined ? undefined : { user_id: request.user },
  };
}

function writeThinking(reasoning: TurnRequest['reasoning']): object | undefined {
  if (reasoning?.effort === 'none') return { type: 'disabled' };
  return reasoning?.budgetTokens === undefined ? undefined : { type: 'enabled', budget_tokens: reasoning.budgetTokens };
}

function writeChoice({ toolChoice: choice, parallelToolCalls: several }: TurnRequest): object | undefined {
  const parallel = several === undefined ? {} : { disable_parallel_tool_use: !several };
  if (choice === undefined) return several === undefined ? undefined : { type: 'auto', ...parallel };
  if (typeof choice === 'object') return { type: 'tool', name: choice.name, ...parallel };
  return { type: choice === 'required' ? 'any' : choice, ...parallel };
}

/** What tools answered and what the user then says is one message of the user's. */
function writeMessages(messages: readonly Message[]): object[] {
  const written: { role: string; content: string | object[] }[] = [];
  let open: object[] | undefined;
  for (const message of messages) {
    if (message.role === 'tool') {
      if (open === undefined) {
        open = [];
        written.push({ role: 'user', content: open });
      }
      open.push(writeResult(message));
      continue;
    }
    if (message.role === 'user' && open !== undefined) open.push(...writeBlocks(message.content));
    else written.push(writeMessage(message));
    open = undefined;
  }
  return written;
}

function writeMessage(message: Exclude<Message, { role: 'tool' }>): { role: string; content: string | object[] } {
  if (message.role === 'assistant') return { role: 'assistant', content: message.content.map(writeSaid) };
  const [first] = message.content;
  const plain = message.content.length === 1 && first?.type === 'text';
  return { role: message.role, content: plain ? first.text : writeBlocks(message.content) };
}

function writeResult({ callId, content, failed }: MessageOf<'tool'>): object {
  return { type: 'tool_result', tool_use_id: callId, content: writeBlocks(content), is_error: failed };
}

function writeBlocks(content: readonly (TextPart | ImagePart)[]): object[] {
  return content.map((part) => {
    if (part.type === 'text') return { type: 'text', text: part.text };
    const { source } = part;
    if ('url' in source) return { type: 'image', source: { type: 'url', url: source.url } };
    return { type: 'image', source: { type: 'base64', media_type: source.mediaType, data: source.data } };
  });
}

function writeSaid(part: AnswerPart): object {
  if (part.type === 'text') return { type: 'text', text: part.text };
  if (part.type === 'tool_call') return useBlock(part.id, part.name, argumentsObject(part.arguments));
  if (part.redacted === true) return { type: 'redacted_thinking', data: part.signature ?? '' };
  return { type: 'thinking', thinking: part.text, signature: part.signature ?? NO_SIGNATURE };
}

export function useBlock(id: string, name: string, input: object): object {
  return { type: 'tool_use', id, name, input };
}

export function messageHead(id: string, model: string): object {
  return { id: `msg_${bareId(id)}`, type: 'message', role: 'assistant', model };
}

export function renderAnswer(answer: TurnAnswer): object {
  const called = answer.content.some((part) => part.type === 'tool_call');
  return {
    ...messageHead(answer.id, answer.model),
    content: answer.content.map((part) => ({
      ...writeSaid(part),
      ...(part.type === 'text' ? { citations: null } : {}),
    })),
    ...stopped(answer.finish, answer.stopSequence, called),
    usage: writeUsage(answer.usage ?? { input: 0, output: 0 }),
  };
}

/** Why the answer ended. Some servers say `stop` where a tool was called because it had to be. */
export function stopped(finish: TurnAnswer['finish'], stopSequence: string | undefined, called: boolean): object {
  return { stop_reason: reasonOf(finish, stopSequence, called), stop_sequence: stopSequence ?? null };
}

function reasonOf(finish: TurnAnswer['finish'], stopSequence: string | undefined, called: boolean): string {
  if (finish === 'length') return 'max_tokens';
  if (finish === 'content_filter') return 'refusal';
  if (called) return 'tool_use';
  return stopSequence === undefined ? 'end_turn' : 'stop_sequence';
}

/** Anthropic counts what came from a cache apart from the input. */
export function writeUsage({ input, output, cachedInput = 0 }: Usage): object {
  return {
    input_tokens: Math.max(0, input - cachedInput),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedInput,
    output_tokens: output,
  };
}

/** `POST /v1/messages/count_tokens` */
export function renderCount(tokens: number): object {
  return { input_tokens: tokens };
}
