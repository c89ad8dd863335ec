// OpenAI's chat request, read strictly: what cannot be done token-exactly is refused, never silently ignored, because a
// sampler that differs from the recorded one would poison training.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../contracts/canonical.ts';
import { AnnealError, type Problem } from '../contracts/errors.ts';
import { type PolicyName, policyName, type Sha256 } from '../contracts/ids.ts';
import type { CompletionRecord } from '../contracts/trajectory.ts';

const DEFAULT_MAX_TOKENS = 256;
const MAX_MAX_TOKENS = 131_072;

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });
const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.union([z.string(), z.array(textPart).transform((parts) => parts.map((part) => part.text).join(''))]),
});
const tokens = z.int().min(1).max(MAX_MAX_TOKENS);

/** Members with one permitted value are those that OpenAI's clients send with their neutral value. */
const chatRequest = z.strictObject({
  model: policyName,
  messages: z.array(message).min(1),
  temperature: z.number().min(0).max(2).nullish(),
  max_tokens: tokens.nullish(),
  max_completion_tokens: tokens.nullish(),
  seed: z.int().min(0).max(0xffff_fffe).nullish(),
  n: z.literal(1, 'only n = 1: send one request for each sample').nullish(),
  stream: z.literal(false, 'only stream = false: an answer is sent when its record is durable').nullish(),
  top_p: z.literal(1, 'only top_p = 1: truncated sampling has no exact log-probabilities').nullish(),
  presence_penalty: z.literal(0).nullish(),
  frequency_penalty: z.literal(0).nullish(),
  logprobs: z.literal(false, 'only logprobs = false: the record holds them').nullish(),
  response_format: z.strictObject({ type: z.literal('text') }).nullish(),
  user: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});

/** One model request, its defaults filled in. */
export interface ChatCall {
  readonly policy: PolicyName;
  readonly messages: CompletionRecord['messages'];
  readonly sampling: CompletionRecord['sampling'];
  /** SHA-256 of the canonical JSON of the three above: what makes two requests the same. */
  readonly requestHash: Sha256;
}

/** @throws AnnealError `gateway.bad_request` that lists every problem. */
export function parseChat(body: unknown): ChatCall {
  const parsed = chatRequest.safeParse(body);
  if (!parsed.success) throw badRequest(parsed.error);
  const { model: policy, messages, temperature, seed, max_tokens, max_completion_tokens } = parsed.data;
  const sampling = {
    temperature: temperature ?? 1,
    maxTokens: max_completion_tokens ?? max_tokens ?? DEFAULT_MAX_TOKENS,
    ...(seed === undefined || seed === null ? {} : { seed }),
  };
  return chatCall(policy, messages, sampling);
}

export function chatCall(
  policy: PolicyName,
  messages: CompletionRecord['messages'],
  sampling: CompletionRecord['sampling'],
): ChatCall {
  const requestHash = createHash('sha256').update(canonicalJson({ messages, policy, sampling })).digest('hex');
  return { policy, messages, sampling, requestHash: requestHash as Sha256 };
}

/** The `x-anneal-index` header: a whole number, or absent. */
export function parseIndex(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,6}$/.test(header)) return Number(header);
  throw new AnnealError('gateway.bad_request', 'x-anneal-index must be a whole number below 1000000');
}

export function badRequest(error: z.ZodError): AnnealError {
  const problems: Problem[] = error.issues.map((issue) => ({
    code: 'gateway.bad_request',
    path: issue.path.join('.'),
    expected: issue.message,
    hint: 'Correct or remove this member.',
  }));
  const text = problems.map(({ path, expected }) => (path === '' ? expected : `${path}: ${expected}`)).join('; ');
  return new AnnealError('gateway.bad_request', text, { problems });
}

/** The answer in OpenAI's shape. A replay gives the same bytes, because everything comes from the record. */
export function chatAnswer(record: CompletionRecord): object {
  const [prompt, completion] = [record.promptIds.length, record.completionIds.length];
  return {
    id: record.id,
    object: 'chat.completion',
    created: Math.floor(Date.parse(record.startedAt) / 1000),
    model: record.policy,
    choices: [
      { index: 0, message: { role: 'assistant', content: record.text }, finish_reason: record.finish, logprobs: null },
    ],
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
  };
}
