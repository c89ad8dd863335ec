// A model behind any server that speaks OpenAI's chat API, asked directly: no tools, one request at a time, whatever comes back bounded.
import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import { z } from 'zod';
import type { AgentModel, ModelAnswer, ModelFailure, ModelQuestion } from '../../contracts/agent-model.ts';
import { boundedFetch, Unusable } from './bounded-fetch.ts';

const TIMEOUT_MS = 120_000;
/** Before a second try of what passes: a server that starts, is busy, or broke the connection. */
const PAUSE_MS = 2_000;
const SEED = 1;

const completion = z.object({
  model: z.string().max(200).optional().catch(undefined),
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({
          content: z.string().nullish(),
          refusal: z.string().nullish(),
          tool_calls: z.array(z.unknown()).nullish(),
          function_call: z.unknown().optional(),
        }),
      }),
    )
    .min(1),
});

export interface OpenAiModel {
  /** Up to and without `/chat/completions`. */
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKey?: string;
  /** For all tries together; two minutes unless given. */
  readonly timeoutMs?: number;
  readonly pauseMs?: number;
}

export function createOpenAiModel({ baseUrl, model, apiKey, ...times }: OpenAiModel): AgentModel {
  const base = baseUrl.replace(/\/+$/, '');
  const authorization: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  // Everything that the SDK would take from the environment is said here; its headers do not leave either.
  const client = new OpenAI({
    ...{ baseURL: base, apiKey: apiKey ?? 'none', adminAPIKey: null, organization: null, project: null },
    ...{ webhookSecret: null, maxRetries: 0, logLevel: 'off' },
    fetch: boundedFetch(`${base}/chat/completions`, authorization),
  });

  async function once(question: ModelQuestion, plain: boolean, signal: AbortSignal): Promise<ModelAnswer> {
    const { system, user, schema, maxTokens } = question;
    const body = {
      model,
      messages: [
        { role: 'system' as const, content: system },
        { role: 'user' as const, content: user },
      ],
    };
    const form = { type: 'json_schema' as const, json_schema: { name: 'hypotheses', strict: true, schema } };
    const held = { ...body, temperature: 0, seed: SEED, max_tokens: maxTokens, response_format: form };
    // The signal comes first; the SDK's own time is ten minutes unless it is told.
    const timeout = 2 * (times.timeoutMs ?? TIMEOUT_MS);
    return answerOf(await client.chat.completions.create(plain ? body : held, { signal, timeout }));
  }

  return {
    ...{ model, way: 'direct' },
    async ask(question, signal) {
      const late = AbortSignal.timeout(times.timeoutMs ?? TIMEOUT_MS);
      const either = AbortSignal.any([signal, late]);
      const attempt = async (plain: boolean): Promise<ModelAnswer> => {
        try {
          return await once(question, plain, either);
        } catch (failure) {
          return { how: 'failed', why: signal.aborted ? 'interrupted' : late.aborted ? 'late' : whyOf(failure) };
        }
      };
      const first = await attempt(false);
      if (first.how === 'answered' || either.aborted) return first;
      // Not every server knows what was set beside the messages.
      if (first.why === 'rejected') return attempt(true);
      if (!PASSING.has(first.why)) return first;
      await pause(times.pauseMs ?? PAUSE_MS, either);
      return either.aborted ? first : attempt(false);
    },
  };
}

const PASSING: ReadonlySet<ModelFailure> = new Set(['unreachable', 'busy', 'server-error']);

function answerOf(body: unknown): ModelAnswer {
  const read = completion.safeParse(body);
  if (!read.success) return { how: 'failed', why: 'no-completion' };
  const { model, choices } = read.data;
  const { finish_reason: reason, message } = choices[0]!;
  const text = message.content ?? '';
  if ((message.refusal ?? '') !== '' || reason === 'content_filter') return { how: 'failed', why: 'refused' };
  if ((message.tool_calls ?? []).length > 0 || (message.function_call ?? null) !== null)
    return { how: 'failed', why: 'tool-call' };
  if (reason === 'length') return { how: 'failed', why: 'cut' };
  if (text.trim() === '') return { how: 'failed', why: 'empty' };
  return { how: 'answered', text, ...(model === undefined ? {} : { model }) };
}

function whyOf(failure: unknown): ModelFailure {
  for (let one: unknown = failure; one instanceof Error; one = one.cause) if (one instanceof Unusable) return one.why;
  if (failure instanceof APIUserAbortError) return 'interrupted';
  if (failure instanceof APIConnectionError) return 'unreachable';
  if (failure instanceof APIError) {
    const status: unknown = failure.status;
    if (status === 429) return 'busy';
    if (typeof status === 'number' && (status >= 500 || status === 408 || status === 425)) return 'server-error';
    if (typeof status === 'number') return 'rejected';
  }
  // The SDK takes what is no JSON for an error of its own.
  return 'no-completion';
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
