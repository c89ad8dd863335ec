// One turn of a conversation with a model, in the gateway's own words: what every dialect is read into and written from, so that
// four dialects need eight translations and not sixteen.
import { z } from 'zod';
import type { AnnealError } from '../../contracts/errors.ts';

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });

/** Passed through untouched: the gateway neither loads an address nor decodes the bytes. */
const imagePart = z.strictObject({
  type: z.literal('image'),
  source: z.union([z.strictObject({ url: z.string() }), z.strictObject({ mediaType: z.string(), data: z.string() })]),
  detail: z.enum(['auto', 'low', 'high', 'original']).optional(),
});

const reasoningPart = z.strictObject({
  type: z.literal('reasoning'),
  text: z.string(),
  /** What a vendor attached so that it recognises its own reasoning: opaque, sent back as it came. */
  signature: z.string().optional(),
  /** Nothing but the signature may be seen. */
  redacted: z.boolean().optional(),
});

const toolCallPart = z.strictObject({
  type: z.literal('tool_call'),
  id: z.string(),
  name: z.string(),
  /** As the model wrote it; a model may well write something that is no JSON. */
  arguments: z.string(),
});

export const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: z.array(textPart), name: z.string().optional() }),
  z.strictObject({
    role: z.literal('user'),
    content: z.array(z.discriminatedUnion('type', [textPart, imagePart])),
    name: z.string().optional(),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.array(z.discriminatedUnion('type', [textPart, reasoningPart, toolCallPart])),
    name: z.string().optional(),
  }),
  z.strictObject({
    role: z.literal('tool'),
    callId: z.string(),
    content: z.array(z.discriminatedUnion('type', [textPart, imagePart])),
    /** The tool says that it failed. */
    failed: z.boolean().optional(),
  }),
]);

const jsonSchema = z.record(z.string(), z.unknown());

const tool = z.strictObject({
  name: z.string(),
  description: z.string().optional(),
  parameters: jsonSchema.optional(),
  strict: z.boolean().optional(),
});

const sampling = z.strictObject({
  temperature: z.number().optional(),
  topP: z.number().optional(),
  topK: z.int().optional(),
  maxTokens: z.int().optional(),
  stop: z.array(z.string()).optional(),
  seed: z.int().optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
});

export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

export const turnRequest = z.strictObject({
  model: z.string(),
  /** Empty only where `prompt` stands: legacy Completions, which know no roles and no chat template. */
  messages: z.array(message),
  prompt: z.union([z.strictObject({ text: z.string() }), z.strictObject({ ids: z.array(z.int()) })]).optional(),
  tools: z.array(tool).optional(),
  toolChoice: z.union([z.enum(['auto', 'none', 'required']), z.strictObject({ name: z.string() })]).optional(),
  parallelToolCalls: z.boolean().optional(),
  sampling,
  reasoning: z.strictObject({ effort: z.enum(EFFORTS).optional(), budgetTokens: z.int().optional() }).optional(),
  format: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text') }),
      z.strictObject({ type: z.literal('json_object') }),
      z.strictObject({
        type: z.literal('json_schema'),
        name: z.string().optional(),
        description: z.string().optional(),
        schema: jsonSchema,
        strict: z.boolean().optional(),
      }),
    ])
    .optional(),
  /** The client wants log-probabilities, with so many alternatives for each token. */
  logprobs: z.strictObject({ top: z.int() }).optional(),
  stream: z.boolean(),
  streamOptions: z.strictObject({ includeUsage: z.boolean() }).optional(),
  user: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  /** The client takes reasoning only in sealed form and sends it back with the next request. */
  sealedReasoning: z.boolean().optional(),
  /** Members that the client sent and that are not carried, by path: part of the record. */
  dropped: z.array(z.string()),
});

export type TurnRequest = z.infer<typeof turnRequest>;
export type Message = TurnRequest['messages'][number];
export type MessageOf<R extends Message['role']> = Extract<Message, { role: R }>;
export type TextPart = z.infer<typeof textPart>;
export type ImagePart = z.infer<typeof imagePart>;
export type ReasoningPart = z.infer<typeof reasoningPart>;
export type ToolCallPart = z.infer<typeof toolCallPart>;
export type AnswerPart = MessageOf<'assistant'>['content'][number];
export type ToolSpec = z.infer<typeof tool>;
export type Finish = 'stop' | 'length' | 'tool_calls' | 'content_filter';

export interface Usage {
  readonly input: number;
  readonly output: number;
  /** Part of `input`. */
  readonly cachedInput?: number;
  /** Part of `output`. */
  readonly reasoning?: number;
}

export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes?: readonly number[];
  readonly top: readonly { readonly token: string; readonly logprob: number; readonly bytes?: readonly number[] }[];
}

export interface TurnAnswer {
  readonly id: string;
  readonly model: string;
  /** Unix seconds. */
  readonly created: number;
  readonly content: readonly AnswerPart[];
  readonly finish: Finish;
  /** The stop sequence that ended the answer, where the upstream names it. */
  readonly stopSequence?: string;
  /** Absent where the upstream said nothing believable. */
  readonly usage?: Usage;
  readonly logprobs?: readonly TokenLogprob[];
}

/** A streamed answer. Of calls one is open at a time: `call`, its `arguments`, `call_end`, then the next. */
export type TurnEvent =
  | {
      readonly type: 'start';
      readonly id: string;
      readonly model: string;
      readonly created: number;
      readonly inputTokens?: number;
    }
  | { readonly type: 'text'; readonly text: string; readonly logprobs?: readonly TokenLogprob[] }
  | { readonly type: 'reasoning'; readonly text: string; readonly signature?: string }
  | { readonly type: 'call'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: 'arguments'; readonly index: number; readonly text: string }
  | { readonly type: 'call_end'; readonly index: number }
  | { readonly type: 'finish'; readonly finish: Finish; readonly stopSequence?: string }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'ping' }
  /** Ends the stream in place of `finish`. */
  | { readonly type: 'error'; readonly error: AnnealError; readonly status: number };

/** What a dialect's streamed form needs to know of the request. */
export interface Encoder {
  /** Frames to send now, in order. */
  push(event: TurnEvent): readonly string[];
  /** Frames that close the stream; called once, after the last event. */
  end(): readonly string[];
}
