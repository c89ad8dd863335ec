// Anthropic's Messages, as clients send them.
import { z } from 'zod';
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

/** What answers hold, and comes back with the history. */
const own = z.unknown().optional();
const textBlock = z.object({ type: z.literal('text'), text: z.string(), citations: own });
const imageBlock = z.object({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.object({ type: z.literal('base64'), media_type: z.string(), data: z.string() }),
    z.object({ type: z.literal('url'), url: z.string() }),
  ]),
});
const seen = z.union([z.string(), z.array(z.discriminatedUnion('type', [textBlock, imageBlock]))]);
const resultBlock = z.object({
  type: z.literal('tool_result'),
  tool_use_id: z.string(),
  content: seen.nullish(),
  is_error: z.boolean().nullish(),
});
const thinkingBlock = z.object({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: z.string().nullish(),
});
const redactedBlock = z.object({ type: z.literal('redacted_thinking'), data: z.string() });
const useBlock = z.object({
  type: z.literal('tool_use'),
  id: z.string(),
  name: z.string(),
  input: z
    .unknown()
    .refine((input) => typeof input === 'object' && input !== null && !Array.isArray(input), 'an object'),
});

const message = z.discriminatedUnion('role', [
  z.object({
    role: z.literal('user'),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textBlock, imageBlock, resultBlock]))]),
  }),
  z.object({
    role: z.literal('assistant'),
    content: z.union([
      z.string(),
      z.array(z.discriminatedUnion('type', [textBlock, thinkingBlock, redactedBlock, useBlock])),
    ]),
  }),
  z.object({ role: z.literal('system'), content: z.union([z.string(), z.array(textBlock)]) }),
]);

const customTool = z.object({
  type: z.literal('custom').nullish(),
  name: z.string().min(1),
  description: z.string().nullish(),
  input_schema: z.record(z.string(), z.unknown()),
  strict: z.boolean().nullish(),
});
const customTools = z.object({ tools: z.array(customTool) });
const parallel = { disable_parallel_tool_use: z.boolean().nullish() };
const toolChoice = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['auto', 'any', 'none']), ...parallel }),
  z.object({ type: z.literal('tool'), name: z.string(), ...parallel }),
]);

const countRequest = z.object({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  system: z.union([z.string(), z.array(textBlock)]).nullish(),
  tools: z.array(z.looseObject({ type: z.string().nullish() })).nullish(),
  tool_choice: toolChoice.nullish(),
  thinking: z
    .object({
      type: z.enum(['enabled', 'disabled', 'adaptive', 'between_tools']),
      budget_tokens: z.int().min(0).nullish(),
    })
    .nullish(),
  output_config: z
    .object({
      effort: z.enum(EFFORTS).nullish(),
      format: z.object({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) }).nullish(),
    })
    .nullish(),
});
const messagesRequest = countRequest.extend({
  max_tokens: z
    .int()
    .min(1)
    .max(1 << 24),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).nullish(),
  stop_sequences: z.array(z.string()).max(8192).nullish(),
  stream: z.boolean().nullish(),
  metadata: z.object({ user_id: z.string().nullish() }).nullish(),
});
type Sent = z.infer<typeof countRequest> & Partial<z.infer<typeof messagesRequest>>;

export function parseRequest(body: unknown): Parsed<TurnRequest> {
  const dropped = createDropped();
  const read = readShape(messagesRequest, body, dropped);
  return read.ok ? readRequest(read.value, dropped) : read;
}

/** `POST /v1/messages/count_tokens`: the same, without an answer in mind. */
export function parseCountRequest(body: unknown): Parsed<TurnRequest> {
  const dropped = createDropped();
  const read = readShape(countRequest, body, dropped);
  return read.ok ? readRequest(read.value, dropped) : read;
}

function readRequest(sent: Sent, dropped: Dropped): Parsed<TurnRequest> {
  const tools = readTools(sent.tools ?? [], dropped);
  if (!tools.ok) return tools;
  const { tool_choice: choice, thinking, output_config: output } = sent;
  if ((choice?.type === 'any' || choice?.type === 'tool') && tools.value.length === 0) {
    return { ok: false, problems: [problem('tool_choice', 'a custom tool that could be used')] };
  }
  if (thinking?.type === 'between_tools') dropped.add('thinking (between_tools)');
  const reasoning = present<NonNullable<TurnRequest['reasoning']>>({
    effort: thinking?.type === 'disabled' ? 'none' : output?.effort,
    budgetTokens: thinking?.type === 'enabled' ? thinking.budget_tokens : undefined,
  });
  const disabled = choice?.disable_parallel_tool_use;
  return {
    ok: true,
    value: present<TurnRequest>({
      model: sent.model,
      messages: [
        ...(sent.system == null ? [] : [{ role: 'system' as const, content: readTexts(sent.system) }]),
        ...sent.messages.flatMap(readMessage),
      ],
      prompt: undefined,
      tools: tools.value.length === 0 ? undefined : tools.value,
      toolChoice: choice == null ? undefined : readChoice(choice),
      parallelToolCalls: disabled == null ? undefined : !disabled,
      sampling: present<TurnRequest['sampling']>({
        temperature: sent.temperature,
        topP: sent.top_p,
        topK: sent.top_k,
        maxTokens: sent.max_tokens,
        stop: sent.stop_sequences,
        seed: undefined,
        presencePenalty: undefined,
        frequencyPenalty: undefined,
      }),
      reasoning: Object.keys(reasoning).length === 0 ? undefined : reasoning,
      format: output?.format == null ? undefined : { type: 'json_schema', schema: output.format.schema },
      logprobs: undefined,
      stream: sent.stream ?? false,
      streamOptions: undefined,
      user: sent.metadata?.user_id,
      metadata: undefined,
      sealedReasoning: undefined,
      dropped: dropped.names,
    }),
  };
}

function readChoice(choice: z.infer<typeof toolChoice>): TurnRequest['toolChoice'] {
  if (choice.type === 'tool') return { name: choice.name };
  return choice.type === 'any' ? 'required' : choice.type;
}

function readTools(
  sent: readonly { readonly type?: string | null | undefined }[],
  dropped: Dropped,
): Parsed<ToolSpec[]> {
  const custom: unknown[] = [];
  for (const [index, tool] of sent.entries()) {
    if (tool.type == null || tool.type === 'custom') custom.push(tool);
    else dropped.add(`tools.${index} (${tool.type})`);
  }
  const read = readShape(customTools, { tools: custom }, dropped);
  if (!read.ok) return read;
  const value = read.value.tools.map(({ name, description, input_schema: parameters, strict }) =>
    present<ToolSpec>({ name, description, parameters, strict }),
  );
  return { ok: true, value };
}

/** A user's message holds what the tools answered, and then what the user says: two roles here. */
function readMessage(sent: z.infer<typeof message>): Message[] {
  if (sent.role === 'system') return [{ role: 'system', content: readTexts(sent.content) }];
  if (sent.role === 'assistant') {
    const { content } = sent;
    return [{ role: 'assistant', content: typeof content === 'string' ? readTexts(content) : content.map(readSaid) }];
  }
  if (typeof sent.content === 'string') return [{ role: 'user', content: readTexts(sent.content) }];
  const messages: Message[] = [];
  for (const block of sent.content) {
    if (block.type === 'tool_result') {
      const content = block.content == null ? [] : readSeen(block.content);
      const failed = block.is_error === true ? true : undefined;
      messages.push(present<Message>({ role: 'tool', callId: block.tool_use_id, content, failed }));
      continue;
    }
    const last = messages.at(-1);
    if (last?.role === 'user') last.content.push(readBlock(block));
    else messages.push({ role: 'user', content: [readBlock(block)] });
  }
  return messages.length === 0 ? [{ role: 'user', content: [] }] : messages;
}

/** What a server of an open model signs with; it says nothing. */
export const NO_SIGNATURE = 'anneal';

type SaidBlock = z.infer<typeof textBlock | typeof thinkingBlock | typeof redactedBlock | typeof useBlock>;

function readSaid(block: SaidBlock): AnswerPart {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'thinking': {
      const signature = block.signature === NO_SIGNATURE || block.signature === '' ? undefined : block.signature;
      return present<ReasoningPart>({ type: 'reasoning', text: block.thinking, signature, redacted: undefined });
    }
    case 'redacted_thinking':
      return { type: 'reasoning', text: '', signature: block.data, redacted: true };
    case 'tool_use':
      return { type: 'tool_call', id: block.id, name: block.name, arguments: JSON.stringify(block.input) };
  }
}

function readTexts(content: string | readonly z.infer<typeof textBlock>[]): TextPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return content.map(({ text }) => ({ type: 'text', text }));
}

function readSeen(content: z.infer<typeof seen>): (TextPart | ImagePart)[] {
  return typeof content === 'string' ? readTexts(content) : content.map(readBlock);
}

function readBlock(block: z.infer<typeof textBlock | typeof imageBlock>): TextPart | ImagePart {
  if (block.type === 'text') return { type: 'text', text: block.text };
  const { source } = block;
  if (source.type === 'url') return { type: 'image', source: { url: source.url } };
  return { type: 'image', source: { mediaType: source.media_type, data: source.data } };
}
