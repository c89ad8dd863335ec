// What an agent asked of a model and what it was answered, in the gateway's own words: every dialect's request is read into these, and
// a record keeps them.
import { z } from 'zod';
import { sha256 } from './ids.ts';
import { turnSession } from './session.ts';

export const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });

/** Passed through untouched: the gateway neither loads an address nor decodes the bytes. */
export const imagePart = z.strictObject({
  type: z.literal('image'),
  source: z.union([z.strictObject({ url: z.string() }), z.strictObject({ mediaType: z.string(), data: z.string() })]),
  detail: z.enum(['auto', 'low', 'high', 'original']).optional(),
});

export const reasoningPart = z.strictObject({
  type: z.literal('reasoning'),
  text: z.string(),
  /** What a vendor attached so that it recognises its own reasoning: opaque, sent back as it came. */
  signature: z.string().optional(),
  /** Nothing but the signature may be seen. */
  redacted: z.boolean().optional(),
});

export const toolCallPart = z.strictObject({
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

export const toolSpec = z.strictObject({
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
  tools: z.array(toolSpec).optional(),
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

export const answerPart = z.discriminatedUnion('type', [textPart, reasoningPart, toolCallPart]);
export const turnFinish = z.enum(['stop', 'length', 'tool_calls', 'content_filter']);

const count = z.int().nonnegative();
export const turnUsage = z.strictObject({
  input: count,
  output: count,
  /** Part of `input`. */
  cachedInput: count.optional(),
  /** Part of `output`. */
  reasoning: count.optional(),
});
export type TurnUsage = z.infer<typeof turnUsage>;

/**
 * How an upstream's answer ended. `whole`: not streamed, and complete. Of streams `done`: with [DONE]; `finished`: with a reason, but
 * without [DONE]; `truncated`: between two frames; `cut`: inside one. Of both `broken`: the connection failed on the way; `malformed`: in
 * a form that nobody knows; `empty`: nothing in it; `failed`: the server told of an error; `oversized`: too long; `refused`: by its HTTP
 * status; `late`: no more came in time; `unreachable`: nobody answered; `left`: the client went away first; `stopped`: the gateway broke it
 * off, because the rollout's time was over; `unasked`: the gateway refused it, and no server was asked.
 */
export const turnEnd = z.enum([
  ...['whole', 'done', 'finished'],
  ...[
    'truncated',
    'cut',
    'broken',
    'malformed',
    'empty',
    'failed',
    'oversized',
    'refused',
    'late',
    'unreachable',
    'left',
    'stopped',
    'unasked',
  ],
] as const);
export type TurnEnd = z.infer<typeof turnEnd>;

/** That an agent goes round in circles: policies/loops.ts. */
export const loopSignal = z.strictObject({
  kind: z.enum(['call', 'cycle', 'text']),
  period: z.int().positive(),
  times: z.int().positive(),
});
export type LoopSignal = z.infer<typeof loopSignal>;

/** One request of an agent, as the record of a completion keeps it. */
export const turnRecord = z.strictObject({
  dialect: z.enum(['chat', 'completions', 'responses', 'messages']),
  request: turnRequest,
  /** As far as it came. */
  answer: z.strictObject({
    model: z.string(),
    content: z.array(answerPart),
    finish: turnFinish.optional(),
    stopSequence: z.string().optional(),
    usage: turnUsage.optional(),
  }),
  upstream: z.strictObject({
    kind: z.enum(['vllm', 'sglang', 'llamacpp', 'openai']),
    model: z.string(),
    streamed: z.boolean(),
    end: turnEnd,
    /** Members of the request that this server has none for. */
    lost: z.array(z.string()),
  }),
  /** Why it is `text-only`; absent where every token is exact. */
  inexact: z.array(z.string()).min(1).optional(),
  /** SHA-256 of the body that the client was sent; absent where there was no whole answer. */
  sent: sha256.optional(),
  /** Absent in older records. */
  session: turnSession.optional(),
  /** The agent's last steps, or the end of this answer, stood there already, again and again. */
  loop: loopSignal.optional(),
});
export type TurnRecord = z.infer<typeof turnRecord>;
