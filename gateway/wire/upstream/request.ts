// Asking an OpenAI-compatible server. Token ids and log-probabilities are asked for besides, whatever the client asked for; what comes
// of them goes into the record, and to the client only what it wanted (docs/gateway.md).
import * as chat from '../chat/render.ts';
import * as completions from '../completions.ts';
import type { TurnRequest } from '../turn.ts';

export type UpstreamKind = 'vllm' | 'sglang' | 'llamacpp' | 'openai';

export interface Upstream {
  readonly kind: UpstreamKind;
  /** Its name for the model, where it differs from the client's. */
  readonly model?: string;
  /** Ask for token ids and log-probabilities. */
  readonly tokens: boolean;
  /** vLLM with --logprobs-mode processed_logprobs: log-probabilities are those that were sampled from, however they were bent. */
  readonly processedLogprobs?: boolean;
}

export interface UpstreamCall {
  readonly path: '/v1/chat/completions' | '/v1/completions';
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether it was asked to stream: some servers give tokens only with a whole answer, which is then streamed to the client. */
  readonly streamed: boolean;
  /** What of the request this server has no member for. */
  readonly lost: readonly string[];
  /** What makes the log-probabilities others than those of the distribution that is sampled from; empty if they are the same. */
  readonly bent: readonly string[];
}

/**
 * A server's own defaults would bend the distribution unseen: vLLM and SGLang take them from the model's generation_config.json,
 * llama.cpp has some built in.
 */
const UNBENT: Readonly<Record<UpstreamKind, Readonly<Record<string, unknown>>>> = {
  vllm: { temperature: 1, top_p: 1, top_k: 0, min_p: 0, repetition_penalty: 1 },
  sglang: { temperature: 1, top_p: 1, top_k: -1, min_p: 0, repetition_penalty: 1 },
  llamacpp: { temperature: 1, top_p: 1, top_k: 0, min_p: 0, repeat_penalty: 1 },
  openai: {},
};

export function toChatUpstream(request: TurnRequest, upstream: Upstream): UpstreamCall {
  const { kind, tokens } = upstream;
  const legacy = request.prompt !== undefined;
  const bent = bentBy(request, upstream);
  // SGLang's parsers of tools and reasoning swallow streamed log-probabilities, llama.cpp streams none for what it swallows.
  const streamed = request.stream && !(tokens && (kind === 'sglang' || kind === 'llamacpp'));
  const {
    top_k,
    stream_options: _,
    ...written
  } = legacy ? completions.renderRequest(request) : chat.renderRequest(request);
  const lost: string[] = [];
  const body = {
    ...(tokens ? UNBENT[kind] : {}),
    ...defined(written),
    ...(top_k === undefined || kind === 'openai' ? {} : { top_k }),
    model: upstream.model ?? request.model,
    stream: streamed,
    // The record needs the usage, whether the client wants it or not.
    ...(streamed ? { stream_options: { include_usage: true } } : {}),
    ...(tokens ? tokensOf(request, kind, streamed, bent.length === 0) : {}),
  };
  if (kind === 'openai' && top_k !== undefined) lost.push('sampling.topK');
  if (request.reasoning?.budgetTokens !== undefined) {
    if (kind === 'vllm') Object.assign(body, { thinking_token_budget: request.reasoning.budgetTokens });
    else lost.push('reasoning.budgetTokens');
  }
  if (!legacy) Object.assign(body, { messages: writeHistory(request, kind, lost) });
  return { path: legacy ? '/v1/completions' : '/v1/chat/completions', body, streamed, lost, bent };
}

const defined = (members: object): object =>
  Object.fromEntries(Object.entries(members).filter(([, member]) => member !== undefined));

/** How each server is asked for its tokens. */
function tokensOf(request: TurnRequest, kind: UpstreamKind, streamed: boolean, unbent: boolean): object {
  const top = request.logprobs?.top ?? 0;
  const logprobs = request.prompt === undefined ? { logprobs: true, top_logprobs: top } : { logprobs: top };
  switch (kind) {
    case 'vllm':
      // With their ids for names each token stands there twice, and the two must agree; a client that asked wants to see texts.
      return {
        ...logprobs,
        return_token_ids: true,
        ...(request.logprobs === undefined ? { return_tokens_as_token_ids: true } : {}),
      };
    case 'sglang':
      return {
        ...logprobs,
        ...{ return_input_ids: true, return_output_ids: true },
        ...(streamed ? {} : { return_token_ids: true, return_meta_info: true }),
      };
    case 'llamacpp':
      // By its own name: it refuses `logprobs` beside tools in a stream. Probabilities before the sampler chain are those sampled
      // from only at a temperature of 1; those after it need sorting, of which nobody wants the whole vocabulary.
      return {
        ...{ n_probs: Math.max(1, top), return_tokens: true },
        ...(!unbent
          ? {}
          : (request.sampling.temperature ?? 1) === 1
            ? { samplers: ['temperature'], post_sampling_probs: false }
            : { samplers: ['top_k', 'temperature'], top_k: 4096, post_sampling_probs: true }),
      };
    case 'openai':
      return logprobs;
  }
}

/** By which members the distribution that is sampled from differs from the one whose log-probabilities are told. */
function bentBy(request: TurnRequest, { kind, processedLogprobs = false }: Upstream): string[] {
  if (processedLogprobs) return [];
  const { sampling, format, toolChoice } = request;
  const bent: string[] = [];
  // SGLang tells them after the temperature, llama.cpp is asked to.
  const tempered = kind === 'sglang' || kind === 'llamacpp';
  if (!tempered && (sampling.temperature ?? 1) !== 1) bent.push('temperature');
  if ((sampling.topP ?? 1) !== 1) bent.push('top_p');
  if ((sampling.topK ?? 0) > 0) bent.push('top_k');
  if ((sampling.presencePenalty ?? 0) !== 0) bent.push('presence_penalty');
  if ((sampling.frequencyPenalty ?? 0) !== 0) bent.push('frequency_penalty');
  if (format !== undefined && format.type !== 'text') bent.push('response_format');
  if (toolChoice === 'required' || typeof toolChoice === 'object') bent.push('tool_choice');
  return bent;
}

/** The history, with the model's own reasoning where the server reads it. */
function writeHistory(request: TurnRequest, kind: UpstreamKind, lost: string[]): object[] {
  const written = chat.renderRequest(request).messages as Record<string, unknown>[];
  for (const [index, message] of request.messages.entries()) {
    if (message.role === 'tool' && message.failed === true) lost.push(`messages.${index}.failed`);
    if (message.role !== 'assistant') continue;
    if (message.content.some((part) => part.type === 'reasoning' && (part.redacted === true || kind === 'openai'))) {
      lost.push(`messages.${index}.reasoning`);
    }
    const own = written[index]!;
    // OpenAI refuses members that it does not know; vLLM has renamed this one.
    if (kind === 'openai') delete own.reasoning_content;
    else if (kind === 'vllm' && 'reasoning_content' in own) own.reasoning = own.reasoning_content;
  }
  return written;
}
