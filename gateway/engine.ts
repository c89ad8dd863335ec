// Asking an engine for a completion by token ids. The ids that are trained on are the ones that were sent and sampled; nothing
// is ever tokenised again from text.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { ArtifactRef } from '../contracts/artifact.ts';
import { AnnealError } from '../contracts/errors.ts';
import { campaignOfPolicy, type PolicyName } from '../contracts/ids.ts';
import type { PolicyServers } from '../contracts/ports.ts';
import type { CompletionRecord } from '../contracts/trajectory.ts';
import type { WeightTag } from '../contracts/weight-update.ts';
import { ConnectionFailure, codeOfStatus, createJsonClient, type JsonAnswer, type JsonClient } from './engine-http.ts';
import { createRecent, createReplicas, type Replicas } from './replicas.ts';
import type { TurnServers } from './turns/server.ts';

const location = z.looseObject({ policy: z.string(), urls: z.array(z.url()).min(1) });
const health = z.looseObject({ engines: z.array(location.pick({ policy: true })) });
const rendered = z.looseObject({ prompt: z.string() });
const tokenized = z.looseObject({ tokens: z.array(z.int()).min(1) });
const sampled = z.looseObject({
  id: z.int(),
  /** Before the sampler chain: raw log-softmax. JSON has no infinity, so that it may be null. */
  logprob: z.number().nullish(),
  /** After the sampler chain, present with `post_sampling_probs`. */
  prob: z.number().nullish(),
});
const completion = z.looseObject({
  content: z.string(),
  model: z.string(),
  tokens: z.array(z.int()),
  completion_probabilities: z.array(sampled).default([]),
  stop_type: z.enum(['eos', 'word', 'limit']),
  tokens_evaluated: z.int(),
  truncated: z.boolean(),
});
const ANSWER_MEMBERS = Object.keys(completion.shape);

export interface Generation {
  readonly model: string;
  readonly promptIds: number[];
  readonly completionIds: number[];
  readonly logprobs: number[];
  readonly fidelity: CompletionRecord['fidelity'];
  readonly text: string;
  readonly finish: 'stop' | 'length';
  /** Where the engine names them: the exact weights that it computed with, and the experts that each token went through. */
  readonly weights?: WeightTag;
  readonly routing?: ArtifactRef;
}

export interface Engines {
  /**
   * @throws AnnealError `gateway.bad_request` when the engine refuses the request, `gateway.upstream_failed` when it fails,
   * `stack.policy_unavailable` when the policy server does not answer or does not serve the policy, `policy.unauthorised` when it
   * asks for another token. The signal's reason when aborted.
   */
  generate(
    policy: PolicyName,
    messages: CompletionRecord['messages'],
    sampling: CompletionRecord['sampling'],
    signal: AbortSignal,
  ): Promise<Generation>;
  /** Names of the policies that are loaded. */
  list(signal: AbortSignal): Promise<string[]>;
  /** Ask the policy server again where this policy is. */
  forget(policy: PolicyName): void;
  close(): void;
}

export interface EngineOptions {
  /** Where the policy servers are that know the engines. */
  readonly servers: PolicyServers;
  /** Bearer token that servers and engines ask for; undefined on one machine. */
  readonly token?: string | undefined;
  /** For one generation. */
  readonly timeoutMs: number;
  /** Generations in flight at one replica; more wait here. */
  readonly connections: number;
}

const RAW = { samplers: ['temperature'], post_sampling_probs: false } as const;
/**
 * Probabilities before the temperature are not the sampling distribution's. Those after it make the engine sort what is left of
 * the vocabulary for every token: all 49,152 took a third of its time (98 against 151 tokens/s), and all but the 4,096
 * likeliest hold next to nothing.
 */
const TEMPERED = { samplers: ['top_k', 'temperature'], top_k: 4096, post_sampling_probs: true } as const;

const PROMPTS_REMEMBERED = 512;
/** A policy that had to make room is started again before the policy server answers; the first start prepares the model. */
const CONTROL_TIMEOUT_MS = 90_000;

export function createEngines(options: EngineOptions): Engines & TurnServers {
  // Engines serve a connection by a thread: short calls have their own few connections, so that they never wait behind
  // generations.
  const { servers, token, timeoutMs } = options;
  const long = createJsonClient({ maxSockets: options.connections, timeoutMs, token });
  const short = createJsonClient({ maxSockets: 4, timeoutMs: Math.min(timeoutMs, 30_000), token });
  const control = createJsonClient({ maxSockets: 4, timeoutMs: CONTROL_TIMEOUT_MS, token });
  const where = new Map<PolicyName, Replicas>();
  /** Token ids by policy address and messages; the groups of a round ask the same prompt many times. */
  const prompts = createRecent<number[]>(PROMPTS_REMEMBERED);

  async function locate(policy: PolicyName, signal: AbortSignal): Promise<Replicas> {
    const known = where.get(policy);
    if (known !== undefined) return known;
    const found = await Promise.allSettled(
      (await servers.of(campaignOfPolicy(policy))).map((server) => enginesAt(server, policy, signal)),
    );
    // A server that lacks the version, or has just gone, takes no part; the others serve it.
    const urls = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (urls.length === 0) {
      servers.forget(campaignOfPolicy(policy));
      throw found.find((one) => one.status === 'rejected')?.reason;
    }
    const replicas = createReplicas(urls);
    where.set(policy, replicas);
    return replicas;
  }

  async function enginesAt(server: string, policy: PolicyName, signal: AbortSignal): Promise<string[]> {
    const answer = await ask(`${server}/policies/${encodeURIComponent(policy)}`, signal);
    if (answer.status === 404) throw unavailable(`the policy server does not serve ${policy}`);
    if (answer.status === 401 || answer.status === 403)
      throw new AnnealError('policy.unauthorised', `${server} answered ${answer.status} about ${policy}`);
    if (answer.status !== 200) throw unavailable(`the policy server answered ${answer.status} about ${policy}`);
    const parsed = location.safeParse(answer.body);
    if (!parsed.success) throw unavailable(`the policy server gave no address for ${policy}`);
    return parsed.data.urls.map((url) => url.replace(/\/$/, ''));
  }

  async function ask(url: string, signal: AbortSignal): Promise<JsonAnswer> {
    try {
      return await control.call('GET', url, undefined, signal);
    } catch (failure) {
      if (failure instanceof ConnectionFailure) throw unavailable(failure.message);
      throw failure;
    }
  }

  async function encode(url: string, messages: CompletionRecord['messages'], signal: AbortSignal): Promise<number[]> {
    const key = `${url} ${JSON.stringify(messages)}`;
    const known = prompts.get(key);
    if (known !== undefined) return known;
    const { prompt } = await post(short, rendered, `${url}/apply-template`, { messages }, signal);
    // As the engine's own chat endpoint does: a model whose vocabulary wants a BOS gets one.
    const body = { content: prompt, add_special: true, parse_special: true };
    const { tokens } = await post(short, tokenized, `${url}/tokenize`, body, signal);
    prompts.set(key, tokens);
    return tokens;
  }

  async function attempt(
    replicas: Replicas,
    messages: CompletionRecord['messages'],
    { temperature, maxTokens, seed }: CompletionRecord['sampling'],
    signal: AbortSignal,
  ): Promise<Generation> {
    const promptIds = await encode(replicas.first, messages, signal);
    const body = {
      prompt: promptIds,
      n_predict: maxTokens,
      temperature,
      ...(seed === undefined ? {} : { seed }),
      ...(temperature === 1 ? RAW : TEMPERED),
      n_probs: 1,
      return_tokens: true,
      stream: false,
      cache_prompt: true,
      response_fields: ANSWER_MEMBERS,
    };
    return replicas.use(promptIds.join(' '), async (url) =>
      readGeneration(promptIds, await post(long, completion, `${url}/completion`, body, signal)),
    );
  }

  async function withReplicas<T>(
    policy: PolicyName,
    signal: AbortSignal,
    work: (replicas: Replicas) => Promise<T>,
  ): Promise<T> {
    const remembered = where.has(policy);
    try {
      return await work(await locate(policy, signal));
    } catch (failure) {
      if (!(failure instanceof ConnectionFailure)) throw failure;
      where.delete(policy);
      servers.forget(campaignOfPolicy(policy));
      // A remembered engine may have been restarted at another port meanwhile; a fresh address deserves no second try.
      if (!remembered || signal.aborted) throw failure;
      return work(await locate(policy, signal));
    }
  }

  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    generate: (policy, messages, sampling, signal) =>
      withReplicas(policy, signal, (replicas) => attempt(replicas, messages, sampling, signal)),
    lend: (policy, key, signal, work) =>
      withReplicas(policy, signal, (replicas) =>
        replicas.stick(key, (url) =>
          work({ upstream: { kind: 'llamacpp', model: policy, tokens: true }, origin: url, base: '', headers }),
        ),
      ),
    async list(signal) {
      const answers = await Promise.all((await servers.all()).map((server) => ask(`${server}/health`, signal)));
      const loaded = answers.flatMap(({ body }) => health.safeParse(body).data?.engines ?? []);
      return [...new Set(loaded.map((engine) => engine.policy))];
    },
    forget: (policy) => void where.delete(policy),
    close() {
      for (const client of [long, short, control]) client.close();
    },
  };
}

async function post<S extends z.ZodType>(
  client: JsonClient,
  schema: S,
  url: string,
  body: unknown,
  signal: AbortSignal,
): Promise<z.infer<S>> {
  const answer = await client.call('POST', url, body, signal);
  if (answer.status !== 200) {
    const why = z.looseObject({ error: z.looseObject({ message: z.string() }) }).safeParse(answer.body);
    const text = `${url} answered ${answer.status}: ${why.success ? why.data.error.message : 'without a reason'}`;
    throw new AnnealError(codeOfStatus(answer.status), text);
  }
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0]!;
  const text = `${url} answered in an unknown form: ${first.path.join('.')}: ${first.message}`;
  throw new AnnealError('gateway.upstream_failed', text);
}

/**
 * Token-exact only if the two lists of ids that the engine gives agree (they differ when a reply ends inside a UTF-8
 * character), every probability is there, and the whole prompt was seen.
 */
function readGeneration(promptIds: number[], answer: z.infer<typeof completion>): Generation {
  const completionIds = answer.completion_probabilities.map((token) => token.id);
  const logprobs = answer.completion_probabilities.map((token) => token.logprob ?? Math.log(token.prob ?? 0));
  const exact =
    completionIds.length > 0 &&
    isDeepStrictEqual(completionIds, answer.tokens) &&
    logprobs.every(Number.isFinite) &&
    answer.tokens_evaluated === promptIds.length &&
    !answer.truncated;
  return {
    model: answer.model,
    promptIds,
    completionIds,
    logprobs: logprobs.map((value) => (Number.isFinite(value) ? value : 0)),
    fidelity: exact ? 'token-exact' : 'text-only',
    text: answer.content,
    finish: answer.stop_type === 'limit' ? 'length' : 'stop',
  };
}

function unavailable(message: string): AnnealError {
  return new AnnealError('stack.policy_unavailable', message);
}
