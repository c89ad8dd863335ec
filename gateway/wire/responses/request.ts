// OpenAI's Responses, as clients send them. The gateway keeps no responses: what refers to a stored one is refused.
import { z } from 'zod';
import { readImage } from '../chat/request.ts';
import { createDropped, type Dropped, type Parsed, present, problem, readShape } from '../shape.ts';
import {
  type AnswerPart,
  EFFORTS,
  type ImagePart,
  type Message,
  type ReasoningPart,
  type TextPart,
  type ToolSpec,
  type TurnRequest,
} from '../turn.ts';
import { unseal } from './seal.ts';

/** What answers hold, and comes back with the history. */
const own = z.unknown().optional();
const inputText = z.object({ type: z.literal('input_text'), text: z.string() });
const outputText = z.object({ type: z.literal('output_text'), text: z.string(), annotations: own, logprobs: own });
const refusal = z.object({ type: z.literal('refusal'), refusal: z.string() });
const inputImage = z.object({
  type: z.literal('input_image'),
  image_url: z.string('only images by image_url'),
  detail: z.enum(['auto', 'low', 'high', 'original']).nullish(),
});
const seen = z.union([z.string(), z.array(z.discriminatedUnion('type', [inputText, inputImage]))]);
const said = z.union([z.string(), z.array(z.discriminatedUnion('type', [inputText, outputText, refusal]))]);

/** Messages come with or without a type. */
const inputMessage = z.discriminatedUnion('role', [
  z.object({ type: z.literal('message').nullish(), role: z.literal('user'), content: seen }),
  z.object({ type: z.literal('message').nullish(), role: z.enum(['system', 'developer']), content: said }),
  z.object({
    ...{ type: z.literal('message').nullish(), role: z.literal('assistant'), content: said },
    ...{ id: own, status: own, phase: own },
  }),
]);
const item = z.discriminatedUnion('type', [
  z.object({
    ...{ type: z.literal('function_call'), call_id: z.string(), name: z.string(), arguments: z.string() },
    ...{ id: own, status: own },
  }),
  z.object({
    ...{ type: z.literal('function_call_output'), call_id: z.string(), output: seen },
    ...{ id: own, status: own },
  }),
  z.object({
    ...{ type: z.literal('reasoning'), id: own, status: own },
    summary: z.array(z.object({ type: own, text: z.string() })).nullish(),
    content: z.array(z.object({ type: own, text: z.string() })).nullish(),
    encrypted_content: z.string().nullish(),
  }),
]);
type InputItem = z.infer<typeof inputMessage> | z.infer<typeof item>;

/** Chosen by what is there, so that a problem is told of the form that was meant. */
const inputItem = z.unknown().transform((value, context): InputItem => {
  const isMessage = typeof value === 'object' && value !== null && 'role' in value;
  const read = isMessage ? inputMessage.safeParse(value) : item.safeParse(value);
  if (read.success) return read.data;
  for (const issue of read.error.issues) context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue);
  return z.NEVER;
});

const schema = z.record(z.string(), z.unknown());
const functionTool = z.object({
  type: z.literal('function'),
  name: z.string().min(1),
  description: z.string().nullish(),
  parameters: schema.nullish(),
  strict: z.boolean().nullish(),
});
const functionTools = z.object({ tools: z.array(functionTool) });
const format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    ...{ type: z.literal('json_schema'), name: z.string().nullish(), description: z.string().nullish() },
    ...{ schema, strict: z.boolean().nullish() },
  }),
]);

const STATELESS = 'nothing is stored here: send the whole conversation as input';
const responsesRequest = z.object({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(inputItem).min(1)]),
  instructions: z.string().nullish(),
  max_output_tokens: z
    .int()
    .min(1)
    .max(1 << 24)
    .nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  tools: z.array(z.looseObject({ type: z.string() })).nullish(),
  tool_choice: z
    .union([z.enum(['auto', 'none', 'required']), z.object({ type: z.literal('function'), name: z.string() })])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.object({ effort: z.enum(EFFORTS).nullish() }).nullish(),
  text: z.object({ format: format.nullish() }).nullish(),
  include: z.array(z.string()).nullish(),
  stream: z.boolean().nullish(),
  user: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  previous_response_id: z.null(STATELESS).optional(),
  conversation: z.null(STATELESS).optional(),
  prompt: z.null('no stored prompts').optional(),
  background: z.literal(false, 'only background = false').nullish(),
});
const SEALED = 'reasoning.encrypted_content';
const LOGPROBS = 'message.output_text.logprobs';

export function parseRequest(body: unknown): Parsed<TurnRequest> {
  const dropped = createDropped();
  const read = readShape(responsesRequest, body, dropped);
  if (!read.ok) return read;
  const sent = read.value;
  for (const one of sent.include ?? []) if (one !== SEALED && one !== LOGPROBS) dropped.add(`include (${one})`);
  const tools = readTools(sent.tools ?? [], dropped);
  if (!tools.ok) return tools;
  const { tool_choice: choice, text } = sent;
  if (choice === 'required' && tools.value.length === 0) {
    return { ok: false, problems: [problem('tool_choice', 'a tool of type function that could be called')] };
  }
  const wantsLogprobs = sent.include?.includes(LOGPROBS) === true || sent.top_logprobs != null;
  return {
    ok: true,
    value: present<TurnRequest>({
      model: sent.model,
      messages: [
        ...(sent.instructions == null ? [] : [{ role: 'system' as const, content: texts(sent.instructions) }]),
        ...readInput(sent.input),
      ],
      prompt: undefined,
      tools: tools.value.length === 0 ? undefined : tools.value,
      toolChoice: typeof choice === 'object' && choice !== null ? { name: choice.name } : choice,
      parallelToolCalls: sent.parallel_tool_calls,
      sampling: present<TurnRequest['sampling']>({
        temperature: sent.temperature,
        topP: sent.top_p,
        maxTokens: sent.max_output_tokens,
      }),
      reasoning: sent.reasoning?.effort == null ? undefined : { effort: sent.reasoning.effort },
      format: text?.format == null ? undefined : readFormat(text.format),
      logprobs: wantsLogprobs ? { top: sent.top_logprobs ?? 0 } : undefined,
      stream: sent.stream ?? false,
      streamOptions: undefined,
      user: sent.user,
      metadata: sent.metadata,
      sealedReasoning: sent.include?.includes(SEALED) === true ? true : undefined,
      dropped: dropped.names,
    }),
  };
}

function readTools(sent: readonly { readonly type: string }[], dropped: Dropped): Parsed<ToolSpec[]> {
  const functions: unknown[] = [];
  for (const [index, tool] of sent.entries()) {
    if (tool.type === 'function') functions.push(tool);
    else dropped.add(`tools.${index} (${tool.type})`);
  }
  const read = readShape(functionTools, { tools: functions }, dropped);
  if (!read.ok) return read;
  const value = read.value.tools.map(({ name, description, parameters, strict }) =>
    present<ToolSpec>({ name, description, parameters, strict }),
  );
  return { ok: true, value };
}

function readFormat(wanted: z.infer<typeof format>): TurnRequest['format'] {
  if (wanted.type !== 'json_schema') return { type: wanted.type };
  const { name, description, schema: shape, strict } = wanted;
  return present<Extract<TurnRequest['format'], { type: 'json_schema' }>>({
    ...{ type: 'json_schema', name, description, schema: shape, strict },
  });
}

/** What the model said in one go comes as several items in a row: they are one message. */
function readInput(input: z.infer<typeof responsesRequest>['input']): Message[] {
  if (typeof input === 'string') return [{ role: 'user', content: texts(input) }];
  const messages: Message[] = [];
  for (const one of input) {
    const parts = saidIn(one);
    const last = messages.at(-1);
    if (parts === undefined) messages.push(readOther(one));
    else if (last?.role === 'assistant') last.content.push(...parts);
    else messages.push({ role: 'assistant', content: parts });
  }
  return messages;
}

/** What of the model's an item holds; undefined for what others said. */
function saidIn(one: InputItem): AnswerPart[] | undefined {
  if ('role' in one) return one.role === 'assistant' ? readSaid(one.content) : undefined;
  if (one.type === 'function_call_output') return undefined;
  if (one.type === 'function_call') {
    return [{ type: 'tool_call', id: one.call_id, name: one.name, arguments: one.arguments }];
  }
  const shown = one.content?.length ? one.content : (one.summary ?? []);
  const text = shown.map((part) => part.text).join('');
  const sealed = unseal(one.encrypted_content);
  if (sealed !== undefined) return [{ type: 'reasoning', text: sealed }];
  const redacted = text === '' && one.encrypted_content != null ? true : undefined;
  return [present<ReasoningPart>({ type: 'reasoning', text, signature: one.encrypted_content, redacted })];
}

function readOther(one: InputItem): Message {
  if ('role' in one) {
    if (one.role === 'user') return { role: 'user', content: readSeen(one.content) };
    return { role: 'system', content: readSaid(one.content) };
  }
  const { call_id, output } = one as Extract<InputItem, { type: 'function_call_output' }>;
  return { role: 'tool', callId: call_id, content: readSeen(output) };
}

const texts = (text: string): TextPart[] => [{ type: 'text', text }];

function readSaid(content: z.infer<typeof said>): TextPart[] {
  if (typeof content === 'string') return texts(content);
  return content.map((part) => ({ type: 'text', text: part.type === 'refusal' ? part.refusal : part.text }));
}

function readSeen(content: z.infer<typeof seen>): (TextPart | ImagePart)[] {
  if (typeof content === 'string') return texts(content);
  return content.map((part) =>
    part.type === 'input_text'
      ? { type: 'text', text: part.text }
      : present<ImagePart>({ type: 'image', source: readImage(part.image_url), detail: part.detail }),
  );
}
