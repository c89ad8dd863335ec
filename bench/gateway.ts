// What the gateway costs: requests a second and latency directly at the engine and through the gateway, measured in turn
// (A B B A …), so that whatever else the machine does falls on both. First a scripted upstream that answers at once (all
// overhead, nothing to hide behind) and after 100 ms, then, when there is a policy server, real tokens a second.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { campaignName, makePolicyName, makeRolloutId } from '../contracts/ids.ts';
import { loadConfig } from '../infra/config.ts';
import { mintCredential } from '../infra/gateway-client/credential.ts';
import { SECRET } from '../tests/support/gateway.ts';
import { child } from './child.ts';
import { endingStack } from './ending.ts';
import { type Load, load, type Shot, spread } from './load.ts';

export interface GatewayBenchOptions {
  /** Python of the trainer's virtual environment; default: the one that the quickstart made. */
  readonly python?: string;
  /** Interleaved pairs for each figure. */
  readonly pairs?: number;
  /** Only the scripted or only the real engine. */
  readonly only?: 'scripted' | 'real';
  /** Takes each line of figures; default: standard output. */
  readonly print?: (line: string) => void;
}

export interface Comparison {
  readonly what: string;
  readonly concurrency: number;
  /** Requests a second, or tokens a second for the real engine. */
  readonly direct: number;
  readonly gateway: number;
  /** gateway / direct, by pair. */
  readonly ratio: ReturnType<typeof spread>;
  readonly p50: readonly [direct: number, gateway: number];
  readonly p99: readonly [direct: number, gateway: number];
}

const CAMPAIGN = campaignName.parse('demo');
const POLICY = makePolicyName(CAMPAIGN, 0);
const MAX_TOKENS = 48;
const TASKS = [
  'returns the sum of a and b',
  'returns the length of a list',
  'reverses a string',
  'returns the larger of a and b',
];
const messagesOf = (n: number) => [
  {
    role: 'user',
    content: `Write a Python function f. It ${TASKS[n % TASKS.length]}. Reply with only a python code block.`,
  },
];

export async function run(options: GatewayBenchOptions = {}): Promise<Comparison[]> {
  const { pairs = 4, only, print = (line: string) => void process.stdout.write(`${line}\n`) } = options;
  const results: Comparison[] = [];
  for (const latencyMs of only === 'real' ? [] : [0, 100]) {
    for (const concurrency of [1, 8, 64]) {
      const requests = latencyMs === 0 ? 600 : Math.min(600, 15 * concurrency);
      results.push(await compareScripted(latencyMs, concurrency, requests, pairs));
      print(lineOf(results.at(-1)!));
    }
  }
  if (only === 'scripted') return results;
  const config = loadConfig();
  const python = options.python ?? config.paths.venvPython;
  if (existsSync(python)) {
    results.push(await compareReal(python, config.paths.trainer, pairs));
    print(lineOf(results.at(-1)!));
  } else print('real engine: skipped, there is no Python environment yet (npm run quickstart makes it)');
  return results;
}

async function compareScripted(
  latencyMs: number,
  concurrency: number,
  requests: number,
  pairs: number,
): Promise<Comparison> {
  await using stack = endingStack();
  const upstream = await child(stack, process.execPath, [
    'tests/support/scripted-upstream-process.ts',
    String(latencyMs),
  ]);
  const gateway = await startGateway(stack, upstream);
  const prompt = Array.from({ length: 80 }, (_, n) => n);
  const what = latencyMs === 0 ? 'scripted engine, answers at once' : `scripted engine, ${latencyMs} ms`;
  return await compare(what, concurrency, pairs, (pair) => ({
    direct: Array.from({ length: requests }, (_, n) => directShot(upstream, prompt, n)),
    gateway: Array.from({ length: requests }, (_, n) => gatewayShot(gateway, pair, n)),
    rate: (done) => done.perSecond,
  }));
}

async function compareReal(python: string, trainer: string, pairs: number): Promise<Comparison> {
  await using stack = endingStack();
  const state = await mkdtemp(join(tmpdir(), 'anneal-bench-'));
  stack.defer(() => rm(state, { recursive: true, force: true }));
  const argv = ['-m', 'anneal_server', '--port', '0', '--state', state];
  const control = await child(stack, python, argv, { PYTHONPATH: trainer, ANNEAL_STORE: `file://${state}/store` });
  const response = await fetch(`${control}/policies/${POLICY}`, { method: 'PUT', body: '{"adapter":null}' });
  const { urls: replicas } = (await response.json()) as { urls: string[] };
  const prompts = await Promise.all(TASKS.map((_, n) => promptIds(replicas[0]!, n)));
  const gateway = await startGateway(stack, control);
  return await compare(`SmolLM2-135M on llama.cpp, ${MAX_TOKENS} tokens: tokens/s`, 8, pairs, (pair) => ({
    direct: Array.from({ length: 32 }, (_, n) =>
      directShot(replicas[n % replicas.length]!, prompts[n % TASKS.length]!, n),
    ),
    gateway: Array.from({ length: 32 }, (_, n) => gatewayShot(gateway, pair, n)),
    rate: (done) => done.bodies.reduce<number>((sum, body) => sum + tokensOf(body), 0) / done.seconds,
  }));
}

interface Pair {
  readonly direct: readonly Shot[];
  readonly gateway: readonly Shot[];
  rate(done: Load): number;
}

async function compare(
  what: string,
  concurrency: number,
  pairs: number,
  make: (pair: number) => Pair,
): Promise<Comparison> {
  const done: { direct: Load; gateway: Load; rates: [number, number] }[] = [];
  // The first pair warms up both sides and is thrown away.
  for (let pair = 0; pair <= pairs; pair += 1) {
    const { direct: a, gateway: b, rate } = make(pair);
    // Each goes first in turn: whoever goes second finds warmer caches.
    const first = pair % 2 === 0 ? await load(b, concurrency) : undefined;
    const direct = await load(a, concurrency);
    const gateway = first ?? (await load(b, concurrency));
    if (pair > 0) done.push({ direct, gateway, rates: [rate(direct), rate(gateway)] });
  }
  const middle = (of: (one: (typeof done)[number]) => number): number => spread(done.map(of)).median;
  return {
    what,
    concurrency,
    direct: middle(({ rates }) => rates[0]),
    gateway: middle(({ rates }) => rates[1]),
    ratio: spread(done.map(({ rates }) => rates[1] / rates[0])),
    p50: [middle(({ direct }) => direct.p50), middle(({ gateway }) => gateway.p50)],
    p99: [middle(({ direct }) => direct.p99), middle(({ gateway }) => gateway.p99)],
  };
}

/** The very request that the gateway sends. */
function directShot(engine: string, prompt: readonly number[], seed: number): Shot {
  const sampling = {
    n_predict: MAX_TOKENS,
    temperature: 1,
    seed,
    samplers: ['temperature'],
    n_probs: 1,
    cache_prompt: true,
  };
  const fields = [
    'content',
    'model',
    'tokens',
    'completion_probabilities',
    'stop_type',
    'tokens_evaluated',
    'truncated',
  ];
  const body = JSON.stringify({ prompt, ...sampling, return_tokens: true, response_fields: fields });
  return { url: `${engine}/completion`, headers: {}, body };
}

/** Each request is a rollout of its own, as in a campaign. */
function gatewayShot(gateway: string, round: number, sample: number): Shot {
  const rollout = makeRolloutId({ campaign: CAMPAIGN, round, purpose: 'pilot', policyVersion: 0, group: 0, sample });
  const expires = Math.floor(Date.now() / 1000) + 3_600;
  const token = mintCredential(
    { v: 1, scope: 'rollout', campaign: CAMPAIGN, rollout, policy: POLICY, expires },
    SECRET,
  );
  const body = { model: POLICY, messages: messagesOf(sample), temperature: 1, max_tokens: MAX_TOKENS, seed: sample };
  const headers = { authorization: `Bearer ${token}`, 'x-anneal-index': '0' };
  return { url: `${gateway}/v1/chat/completions`, headers, body: JSON.stringify(body) };
}

async function promptIds(engine: string, n: number): Promise<number[]> {
  const post = async (path: string, body: unknown): Promise<unknown> =>
    (await fetch(engine + path, { method: 'POST', body: JSON.stringify(body) })).json();
  const { prompt } = (await post('/apply-template', { messages: messagesOf(n) })) as { prompt: string };
  const ids = await post('/tokenize', { content: prompt, add_special: true, parse_special: true });
  return (ids as { tokens: number[] }).tokens;
}

function tokensOf(body: unknown): number {
  const { tokens, usage } = body as { tokens?: number[]; usage?: { completion_tokens: number } };
  return tokens?.length ?? usage?.completion_tokens ?? 0;
}

async function startGateway(stack: AsyncDisposableStack, controlUrl: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'anneal-bench-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  return child(stack, process.execPath, ['tests/support/gateway-process.ts', JSON.stringify({ dir, controlUrl })]);
}

function lineOf({ what, concurrency, direct, gateway, ratio, p50, p99 }: Comparison): string {
  const ms = ([a, b]: readonly [number, number]): string => `${a.toFixed(1)} → ${b.toFixed(1)} ms`;
  return (
    `${what}, ${concurrency} at a time: ${direct.toFixed(1)}/s directly, ${gateway.toFixed(1)}/s through the gateway, ` +
    `ratio ${ratio.median.toFixed(3)} (${ratio.low.toFixed(3)} to ${ratio.high.toFixed(3)}); ` +
    `p50 ${ms(p50)}, p99 ${ms(p99)}`
  );
}
