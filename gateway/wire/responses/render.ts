// OpenAI's Responses, written: requests as a client would send them, answers as the object that the SDK reads.
import { bareId } from '../blocks.ts';
import { writeLogprob } from '../chat/render.ts';
import { imageUrl } from '../chat/request.ts';
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
import { seal } from './seal.ts';

export function renderRequest(request: TurnRequest): Record<string, unknown> {
  const { sampling, format, logprobs } = request;
  const [first] = request.messages;
  const isOne = first?.role === 'system' && first.content.length === 1 && request.messages.length > 1;
  const instructions = isOne ? first.content[0]!.text : undefined;
  const messages = instructions === undefined ? request.messages : request.messages.slice(1);
  const include = [
    ...(request.sealedReasoning === true ? ['reasoning.encrypted_content'] : []),
    ...(logprobs === undefined ? [] : ['message.output_text.logprobs']),
  ];
  return {
    model: request.model,
    instructions,
    input: messages.flatMap(writeItems),
    temperature: sampling.temperature,
    top_p: sampling.topP,
    max_output_tokens: sampling.maxTokens,
    top_logprobs: logprobs?.top,
    tools: writeTools(request),
    tool_choice: writeChoice(request),
    parallel_tool_calls: request.parallelToolCalls,
    reasoning: request.reasoning?.effort === undefined ? undefined : { effort: request.reasoning.effort },
    text: format === undefined ? undefined : { format },
    include: include.length === 0 ? undefined : include,
    stream: request.stream,
    user: request.user,
    metadata: request.metadata,
  };
}

function writeTools({ tools }: TurnRequest): object[] | undefined {
  return tools?.map(({ name, description, parameters, strict }) => ({
    ...{ type: 'function', name, description, parameters: parameters ?? null, strict: strict ?? null },
  }));
}

function writeChoice({ toolChoice: choice }: TurnRequest): unknown {
  return typeof choice === 'object' ? { type: 'function', name: choice.name } : choice;
}

function writeItems(message: Message): object[] {
  switch (message.role) {
    case 'tool':
      return [{ type: 'function_call_output', call_id: message.callId, output: writeSeen(message.content) }];
    case 'assistant':
      return writeSaid(message.content);
    default:
      return [{ type: 'message', role: message.role, content: writeSeen(message.content) }];
  }
}

function writeSeen(content: readonly (TextPart | ImagePart)[]): string | object[] {
  const [first] = content;
  if (content.length === 1 && first?.type === 'text') return first.text;
  return content.map((part) =>
    part.type === 'text'
      ? { type: 'input_text', text: part.text }
      : { type: 'input_image', image_url: imageUrl(part.source), detail: part.detail },
  );
}

function writeSaid(content: readonly AnswerPart[]): object[] {
  return content.map((part, index) => {
    const id = String(index);
    if (part.type === 'text') {
      return {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: part.text, annotations: [] }],
      };
    }
    if (part.type === 'tool_call') return callItem({ ...part, id, callId: part.id, text: part.arguments });
    const { text, signature = null } = part;
    const shown = text === '' ? [] : [{ type: 'reasoning_text', text }];
    return { id: `rs_${id}`, type: 'reasoning', summary: [], content: shown, encrypted_content: signature };
  });
}

export interface ItemHead {
  /** Of the item, without its prefix. */
  readonly id: string;
  readonly text: string;
  /** Absent in history, where everything is complete. */
  readonly status?: 'in_progress' | 'completed' | 'incomplete';
}

export function textPart(text: string, logprobs: readonly TokenLogprob[]): object {
  return { type: 'output_text', text, annotations: [], logprobs: logprobs.map(writeLogprob) };
}

export function messageItem({ id, status }: ItemHead, content: readonly object[]): object {
  return { id: `msg_${id}`, type: 'message', status, role: 'assistant', content };
}

export function reasoningItem({ id, text, status }: ItemHead, sealed: boolean): object {
  const content = text === '' ? [] : [{ type: 'reasoning_text', text }];
  const encrypted_content = sealed && text !== '' ? seal(text) : null;
  return { id: `rs_${id}`, type: 'reasoning', summary: [], content, encrypted_content, status };
}

export function callItem({ id, text, status, callId, name }: ItemHead & { callId: string; name: string }): object {
  return { id: `fc_${id}`, type: 'function_call', call_id: callId, name, arguments: text, status };
}

export function writeUsage({ input, output, cachedInput = 0, reasoning = 0 }: Usage): object {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cachedInput },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}

export interface ResponseState {
  readonly id: string;
  readonly model: string;
  readonly created: number;
  readonly output: readonly object[];
  readonly finish?: TurnAnswer['finish'] | undefined;
  readonly usage?: Usage | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** What OpenAI calls an answer that was cut short. */
const CUT: Partial<Record<TurnAnswer['finish'], string>> = {
  length: 'max_output_tokens',
  content_filter: 'content_filter',
};

/** The whole response object: it repeats the request's settings. */
export function responseObject(request: TurnRequest, state: ResponseState): object {
  const { sampling, reasoning, format, logprobs } = request;
  const cut = state.finish === undefined ? undefined : CUT[state.finish];
  const ended = cut === undefined ? 'completed' : 'incomplete';
  const status = state.error !== undefined ? 'failed' : state.finish === undefined ? 'in_progress' : ended;
  const [first] = request.messages;
  return {
    id: `resp_${bareId(state.id)}`,
    object: 'response',
    created_at: state.created,
    status,
    background: false,
    error: state.error ?? null,
    incomplete_details: cut === undefined ? null : { reason: cut },
    instructions: first?.role === 'system' ? first.content.map((part) => part.text).join('') : null,
    max_output_tokens: sampling.maxTokens ?? null,
    metadata: request.metadata ?? {},
    model: state.model,
    output: state.output,
    parallel_tool_calls: request.parallelToolCalls ?? true,
    previous_response_id: null,
    reasoning: { effort: reasoning?.effort ?? null, summary: null },
    store: false,
    temperature: sampling.temperature ?? null,
    text: { format: format ?? { type: 'text' } },
    tool_choice: writeChoice(request) ?? 'auto',
    tools: writeTools(request) ?? [],
    top_logprobs: logprobs?.top ?? 0,
    top_p: sampling.topP ?? null,
    truncation: 'disabled',
    usage: state.usage === undefined ? null : writeUsage(state.usage),
    user: request.user ?? null,
  };
}

export function renderAnswer(answer: TurnAnswer, request: TurnRequest): object {
  const bare = bareId(answer.id);
  const lastText = answer.content.findLastIndex((part) => part.type === 'text');
  const output = answer.content.map((part, index) => {
    const cut = index === answer.content.length - 1 && CUT[answer.finish] !== undefined;
    const head = { id: `${bare}_${index}`, status: cut ? ('incomplete' as const) : ('completed' as const) };
    if (part.type === 'tool_call') return callItem({ ...head, text: part.arguments, callId: part.id, name: part.name });
    if (part.type === 'reasoning') return reasoningItem({ ...head, text: part.text }, request.sealedReasoning === true);
    return messageItem({ ...head, text: part.text }, [
      textPart(part.text, index === lastText ? (answer.logprobs ?? []) : []),
    ]);
  });
  return responseObject(request, { ...answer, output });
}

/** `POST /v1/responses/input_tokens` */
export function renderCount(tokens: number): object {
  return { object: 'response.input_tokens', input_tokens: tokens };
}
