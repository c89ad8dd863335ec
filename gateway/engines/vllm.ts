// Asking a fleet of vLLM servers for completions by token ids. What engine.ts does for llama.cpp: the ids that are trained on are
// the ones that were sent and sampled, and a sample whose weights are not known for certain is none.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { PolicyName } from '../../contracts/ids.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import { type ServedWeights, WEIGHTS_HEADER, type WeightDirectory } from '../../contracts/weight-update.ts';
import type { Engines, Generation } from '../engine.ts';
import { codeOfStatus, createJsonClient, type JsonAnswer } from '../engine-http.ts';
import { createRecent } from '../replicas.ts';
import type { TurnServers } from '../turns/server.ts';
import { createServers, type Servers } from './servers.ts';

export interface VllmEngineOptions {
  readonly directory: WeightDirectory;
  /** --served-model-name, the same for every version: the weights are named by a header. */
  readonly model: string;
  /** --api-key; undefined when the servers have none. */
  readonly token?: string | undefined;
  /**
   * --logprobs-mode of the servers. `raw_logprobs`, vLLM's default, are those before the temperature: at another one than 1 they
   * are not the sampling distribution's.
   */
  readonly logprobsMode: 'raw_logprobs' | 'processed_logprobs';
  /** For one generation. */
  readonly timeoutMs: number;
  /** Generations in flight at one server; more wait here. */
  readonly connections: number;
  /**
   * Keeps what servers that were started with --enable-return-routed-experts tell of a generation: base64 of a .npy file, [tokens - 1,
   * layers, experts a token], of prompt and completion but for the last token, which no layer has seen. Megabytes for a long one.
   */
  readonly keepRouting: (experts: string) => Promise<ArtifactRef>;
}

const tokenized = z.looseObject({ tokens: z.array(z.int()).min(1) });
const choice = z.looseObject({
  text: z.string(),
  finish_reason: z.string().nullable(),
  token_ids: z.array(z.int()).nullish(),
  prompt_token_ids: z.array(z.int()).nullish(),
  logprobs: z.looseObject({ tokens: z.array(z.string()), token_logprobs: z.array(z.number().nullable()) }).nullish(),
  routed_experts: z.string().nullish(),
});
const completion = z.looseObject({ model: z.string(), choices: z.tuple([choice]) });

/**
 * Everything that would bend the distribution, said to be off: vLLM fills what is left out from the model's
 * generation_config.json.
 */
const UNBENT = {
  ...{ top_p: 1, top_k: 0, min_p: 0, repetition_penalty: 1, presence_penalty: 0, frequency_penalty: 0 },
} as const;
/** What vLLM writes for a log-probability of minus infinity. */
const IMPOSSIBLE = -9999;
const PROMPTS_REMEMBERED = 512;
const REST_MS = 5_000;

export function createVllmEngines(options: VllmEngineOptions): Engines & TurnServers {
  const { directory, model, token, timeoutMs, connections } = options;
  const long = createJsonClient({ maxSockets: connections, timeoutMs, token });
  const short = createJsonClient({ maxSockets: 4, timeoutMs: Math.min(timeoutMs, 30_000), token });
  /** By the weights that they serve: a restarted server may have others. */
  const fleets = createRecent<Servers>(8);
  const prompts = createRecent<number[]>(PROMPTS_REMEMBERED);

  async function locate(policy: PolicyName): Promise<ServedWeights> {
    const served = await directory.find(policy);
    if (served === undefined) throw unavailable(`no fleet serves ${policy} now`);
    return served;
  }

  function serversOf({ tag, servers }: ServedWeights): Servers {
    const key = `${tag} ${servers.join(' ')}`;
    const known = fleets.get(key);
    if (known !== undefined) return known;
    const urls = servers.map((url) => url.replace(/\/$/, ''));
    const fleet = createServers({ urls, passes: isServersOwn, restMs: REST_MS });
    fleets.set(key, fleet);
    return fleet;
  }

  async function encode(url: string, messages: CompletionRecord['messages'], signal: AbortSignal): Promise<number[]> {
    // The chat template adds what special tokens there are: add_special_tokens would double them.
    const body = { model, messages, add_generation_prompt: true, add_special_tokens: false };
    return read(tokenized, `${url}/tokenize`, await short.call('POST', `${url}/tokenize`, body, signal)).tokens;
  }

  async function attempt(
    policy: PolicyName,
    served: ServedWeights,
    messages: CompletionRecord['messages'],
    { temperature, maxTokens, seed }: CompletionRecord['sampling'],
    signal: AbortSignal,
  ): Promise<Generation> {
    const key = JSON.stringify(messages);
    return serversOf(served).use(key, async (base) => {
      const promptIds = prompts.get(key) ?? (await encode(base, messages, signal));
      prompts.set(key, promptIds);
      const body = {
        ...{ model, prompt: promptIds, max_tokens: maxTokens, temperature, ...UNBENT, n: 1, stream: false },
        ...(seed === undefined ? {} : { seed }),
        // The sampled token's alone.
        ...{ logprobs: 0, return_token_ids: true, return_tokens_as_token_ids: true },
      };
      const url = `${base}/v1/completions`;
      const answer = await long.call('POST', url, body, signal, { [WEIGHTS_HEADER]: served.tag });
      mustBeOf(served, policy, url, answer);
      const exactly = temperature === 1 || options.logprobsMode === 'processed_logprobs';
      const answered = read(completion, url, answer);
      const generation = readGeneration(policy, model, url, promptIds, exactly, answered);
      const experts = answered.choices[0].routed_experts;
      // Of a reply that never trains nobody asks for them.
      const kept =
        experts == null || generation.fidelity === 'text-only' ? undefined : await options.keepRouting(experts);
      return { ...generation, weights: served.tag, ...(kept === undefined ? {} : { routing: kept }) };
    });
  }

  async function withFleet<T>(
    policy: PolicyName,
    signal: AbortSignal,
    work: (served: ServedWeights) => Promise<T>,
  ): Promise<T> {
    const first = await locate(policy);
    try {
      return await work(first);
    } catch (failure) {
      if (!isServersOwn(failure) || signal.aborted) throw failure;
      // Every server has failed. The fleet may have been moved since its entry was read.
      directory.forget(policy);
      const second = await locate(policy);
      if (isDeepStrictEqual(first, second)) throw failure;
      return work(second);
    }
  }

  const key = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const processedLogprobs = options.logprobsMode === 'processed_logprobs';
  return {
    generate: (policy, messages, sampling, signal) =>
      withFleet(policy, signal, (served) => attempt(policy, served, messages, sampling, signal)),
    lend: (policy, prefix, signal, work) =>
      withFleet(policy, signal, (served) =>
        serversOf(served).stick(prefix, (url) =>
          work({
            upstream: { kind: 'vllm', model, tokens: true, processedLogprobs },
            ...{ origin: url, base: '', headers: { ...key, [WEIGHTS_HEADER]: served.tag }, weights: served.tag },
          }),
        ),
      ),
    list: () => directory.list(),
    forget: (policy) => directory.forget(policy),
    close() {
      for (const client of [long, short]) client.close();
    },
  };
}

/** Another server may do, and another version of the fleet. */
const isServersOwn = (failure: unknown): boolean =>
  failure instanceof AnnealError && ['gateway.upstream_failed', 'policy.version_mismatch'].includes(failure.code);

/** The server's own word, before and after the sampling, that these and no other weights were used. */
function mustBeOf(served: ServedWeights, policy: PolicyName, url: string, answer: JsonAnswer): void {
  if (answer.status === 409) {
    const text = `${url} does not compute with ${served.tag} (${policy}): ${reason(answer)}`;
    throw new AnnealError('policy.version_mismatch', text);
  }
  const named = answer.headers[WEIGHTS_HEADER];
  if (answer.status !== 200 || named === served.tag) return;
  const got = named === undefined ? 'does not say which weights it used' : `used ${String(named)}`;
  throw new AnnealError('rollout.unfit', `${url} ${got}: start it from the rollout-vllm image`);
}

function read<S extends z.ZodType>(schema: S, url: string, answer: JsonAnswer): z.infer<S> {
  if (answer.status !== 200) {
    throw new AnnealError(codeOfStatus(answer.status), `${url} answered ${answer.status}: ${reason(answer)}`);
  }
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0]!;
  const text = `${url} answered in an unknown form: ${first.path.join('.')}: ${first.message}`;
  throw new AnnealError('gateway.upstream_failed', text);
}

const said = z.union([
  z.looseObject({ error: z.looseObject({ message: z.string() }) }).transform(({ error }) => error.message),
  z.looseObject({ error: z.string() }).transform(({ error }) => error),
]);
const reason = (answer: JsonAnswer): string => said.safeParse(answer.body).data ?? 'without a reason';

/**
 * Token-exact only if the ids stand twice and agree, each has a finite probability of the distribution that was sampled
 * from, and the prompt that the server saw is the one that was sent.
 */
function readGeneration(
  policy: PolicyName,
  model: string,
  url: string,
  promptIds: number[],
  exactly: boolean,
  answer: z.infer<typeof completion>,
): Generation {
  const [given] = answer.choices;
  const { finish_reason: finish, text } = given;
  if (finish !== 'stop' && finish !== 'length') {
    // A paused server ends what is in flight; what was sampled until then is no reply.
    throw new AnnealError(
      'gateway.upstream_failed',
      `${url} ended the generation early: ${finish ?? 'without a reason'}`,
    );
  }
  const completionIds = given.token_ids ?? [];
  const logprobs = given.logprobs?.token_logprobs ?? [];
  const exact =
    exactly &&
    answer.model === model &&
    completionIds.length > 0 &&
    isDeepStrictEqual(
      given.logprobs?.tokens,
      completionIds.map((id) => `token_id:${id}`),
    ) &&
    logprobs.length === completionIds.length &&
    logprobs.every((value) => value !== null && Number.isFinite(value) && value > IMPOSSIBLE) &&
    isDeepStrictEqual(given.prompt_token_ids, promptIds);
  return {
    model: policy,
    promptIds,
    completionIds,
    logprobs: completionIds.map((_, at) => logprobs[at] ?? 0),
    fidelity: exact ? 'token-exact' : 'text-only',
    text,
    finish,
  };
}

function unavailable(message: string): AnnealError {
  return new AnnealError('stack.policy_unavailable', message);
}
