// OpenAI's Chat Completions, as clients send them. What changes what the model says is carried or refused; what concerns the vendor's
// own service (storage, caching, tiers) is left out and named.
import { z } from 'zod';
import { createDropped, type Dropped, type Parsed, present, readShape } from '../shape.ts';
import type { AnswerPart, ImagePart, Message, TextPart, ToolSpec, TurnRequest } from '../turn.ts';
import { EFFORTS } from '../turn.ts';

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const refusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });
const imagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({ url: z.string(), detail: z.enum(['auto', 'low', 'high', 'original']).nullish() }),
});
const texts = z.union([z.string(), z.array(textPart)]);
const seen = z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, imagePart]))]);
const name = z.string().nullish();

const call = z.object({
  id: z.string(),
  type: z.literal('function', 'only calls of functions').nullish(),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const message = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: texts, name }),
  z.object({ role: z.literal('user'), content: seen, name }),
  z.object({
    role: z.literal('assistant'),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, refusalPart]))]).nullish(),
    refusal: z.string().nullish(),
    annotations: z.array(z.unknown()).nullish(),
    // Not OpenAI's: how servers of open models call it, so that reasoning can come back with the history.
    reasoning_content: z.string().nullish(),
    reasoning: z.string().nullish(),
    tool_calls: z.array(call).nullish(),
    function_call: z.null('call tools instead').optional(),
    name,
  }),
  z.object({ role: z.literal('tool'), tool_call_id: z.string(), content: seen }),
]);

const functionTool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().min(1),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
});
const functionTools = z.object({ tools: z.array(functionTool) });
const tokens = z
  .int()
  .min(1)
  .max(1 << 24);

/** Shared with legacy Completions. */
export const samplingShape = {
  model: z.string().min(1),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  // Not OpenAI's: servers of open models know it, -1 and 0 for none.
  top_k: z.int().min(-1).nullish(),
  max_tokens: tokens.nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(64)]).nullish(),
  seed: z.int().nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z
    .record(z.string(), z.number())
    .refine((of) => Object.keys(of).length === 0, 'no logit_bias')
    .nullish(),
  n: z.literal(1, 'only n = 1: send one request for each sample').nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  user: z.string().nullish(),
};

const format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string(),
      description: z.string().nullish(),
      schema: z.record(z.string(), z.unknown()).nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

const chatRequest = z.object({
  ...samplingShape,
  messages: z.array(message).min(1),
  max_completion_tokens: tokens.nullish(),
  tools: z.array(z.looseObject({ type: z.string() })).nullish(),
  tool_choice: z
    .union([
      z.enum(['auto', 'none', 'required']),
      z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning_effort: z.enum(EFFORTS).nullish(),
  response_format: format.nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  modalities: z.array(z.literal('text', 'only text is answered')).nullish(),
  audio: z.null('only text is answered').optional(),
  functions: z.null('send tools instead').optional(),
  function_call: z.null('send tool_choice instead').optional(),
  web_search_options: z.null('the gateway searches nothing').optional(),
});

/** Tools of functions, and the rest by name: no server of an open model runs a vendor's own tools. */
function readTools(tools: readonly { readonly type: string }[], dropped: Dropped): Parsed<ToolSpec[]> {
  const functions: unknown[] = [];
  for (const [index, tool] of tools.entries()) {
    if (tool.type === 'function') functions.push(tool);
    else dropped.add(`tools.${index} (${tool.type})`);
  }
  const read = readShape(functionTools, { tools: functions }, dropped);
  if (!read.ok) return read;
  return {
    ok: true,
    value: read.value.tools.map(({ function: { name, description, parameters, strict } }) =>
      present<ToolSpec>({ name, description, parameters, strict }),
    ),
  };
}

export function parseRequest(body: unknown): Parsed<TurnRequest> {
  const dropped = createDropped();
  const read = readShape(chatRequest, body, dropped);
  if (!read.ok) return read;
  const sent = read.value;
  const tools = readTools(sent.tools ?? [], dropped);
  if (!tools.ok) return tools;
  const { tool_choice: choice, response_format: wanted } = sent;
  const request = present<TurnRequest>({
    model: sent.model,
    messages: sent.messages.map(readMessage),
    prompt: undefined,
    tools: tools.value.length === 0 ? undefined : tools.value,
    toolChoice: typeof choice === 'object' && choice !== null ? { name: choice.function.name } : choice,
    parallelToolCalls: sent.parallel_tool_calls,
    sampling: readSampling({ ...sent, max_tokens: sent.max_completion_tokens ?? sent.max_tokens }),
    reasoning: sent.reasoning_effort == null ? undefined : { effort: sent.reasoning_effort },
    format: wanted == null ? undefined : readFormat(wanted),
    logprobs: sent.logprobs === true ? { top: sent.top_logprobs ?? 0 } : undefined,
    stream: sent.stream ?? false,
    streamOptions: readStreamOptions(sent.stream_options),
    user: sent.user,
    metadata: sent.metadata,
    sealedReasoning: undefined,
    dropped: dropped.names,
  });
  return { ok: true, value: request };
}

export function readStreamOptions(sent: { include_usage?: boolean | null | undefined } | null | undefined) {
  return sent == null ? undefined : { includeUsage: sent.include_usage ?? false };
}

export function readSampling(sent: z.infer<z.ZodObject<typeof samplingShape>>): TurnRequest['sampling'] {
  return present<TurnRequest['sampling']>({
    temperature: sent.temperature,
    topP: sent.top_p,
    topK: sent.top_k,
    maxTokens: sent.max_tokens,
    stop: typeof sent.stop === 'string' ? [sent.stop] : sent.stop,
    seed: sent.seed,
    presencePenalty: sent.presence_penalty,
    frequencyPenalty: sent.frequency_penalty,
  });
}

function readFormat(wanted: z.infer<typeof format>): TurnRequest['format'] {
  if (wanted.type !== 'json_schema') return { type: wanted.type };
  const { name, description, schema, strict } = wanted.json_schema;
  return present<Extract<TurnRequest['format'], { type: 'json_schema' }>>({
    ...{ type: 'json_schema', name, description, schema: schema ?? {}, strict },
  });
}

function readMessage(sent: z.infer<typeof message>): Message {
  switch (sent.role) {
    case 'system':
    case 'developer':
      return present<Message>({ role: 'system', content: readTexts(sent.content), name: sent.name });
    case 'user':
      return present<Message>({ role: 'user', content: readSeen(sent.content), name: sent.name });
    case 'tool':
      return { role: 'tool', callId: sent.tool_call_id, content: readSeen(sent.content) };
    case 'assistant': {
      const thought = sent.reasoning_content ?? sent.reasoning;
      const content: AnswerPart[] = [
        ...(thought == null ? [] : [{ type: 'reasoning' as const, text: thought }]),
        ...(sent.content == null ? [] : readTexts(sent.content)),
        ...(sent.refusal == null ? [] : [{ type: 'text' as const, text: sent.refusal }]),
        ...(sent.tool_calls ?? []).map(({ id, function: { name, arguments: text } }) => {
          return { type: 'tool_call' as const, id, name, arguments: text };
        }),
      ];
      return present<Message>({ role: 'assistant', content, name: sent.name });
    }
  }
}

function readTexts(content: string | readonly z.infer<typeof textPart | typeof refusalPart>[]): TextPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return content.map((part) => ({ type: 'text', text: part.type === 'text' ? part.text : part.refusal }));
}

function readSeen(content: z.infer<typeof seen>): (TextPart | ImagePart)[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return content.map((part) =>
    part.type === 'text'
      ? { type: 'text', text: part.text }
      : present<ImagePart>({ type: 'image', source: readImage(part.image_url.url), detail: part.image_url.detail }),
  );
}

const DATA_URL = /^data:([^;,]{1,100});base64,/;

/** OpenAI's dialects write bytes as a data address. */
export function readImage(url: string): ImagePart['source'] {
  const head = DATA_URL.exec(url);
  return head === null ? { url } : { mediaType: head[1]!, data: url.slice(head[0].length) };
}

export function imageUrl(source: ImagePart['source']): string {
  return 'url' in source ? source.url : `data:${source.mediaType};base64,${source.data}`;
}
