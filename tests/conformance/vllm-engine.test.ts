// The gateway's client for vLLM against scripted servers: exact ids or none, of the weights that were asked for or none.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { campaignName, makePolicyName } from '../../contracts/ids.ts';
import type { PolicyVersion } from '../../contracts/policy-version.ts';
import type { PolicyHost } from '../../contracts/ports.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import type { Engines } from '../../gateway/engine.ts';
import { createVllmEngines, type VllmEngineOptions } from '../../gateway/engines/vllm.ts';
import { claimFleet, createWeightDirectory, readServed } from '../../infra/vllm/directory.ts';
import { createWeightHost } from '../../infra/vllm/policy-host.ts';
import { doorsSettled } from '../support/guard-door.ts';
import type { CompletionAnswer } from '../support/scripted-vllm-parts.ts';
import { type Fleet, startFleet, type Weights } from '../support/vllm-fleet.ts';

const campaign = campaignName.parse('demo');
const policy = (number: number) => makePolicyName(campaign, number);
const version = (number: number): PolicyVersion => ({
  ...{ campaign, number, name: policy(number), base: 'scripted', parent: null },
  ...{ adapter: null, adapterGguf: null, optimizer: null },
  ...(weights[number] === undefined ? {} : { weights: { tag: weights[number].tag, manifest: weights[number].ref } }),
});
const MESSAGES: CompletionRecord['messages'] = [{ role: 'user', content: 'hello' }];
const SAMPLING: CompletionRecord['sampling'] = { temperature: 1, maxTokens: 20, seed: 5 };
const never = new AbortController().signal;

let stack: AsyncDisposableStack;
let fleet: Fleet;
let weights: Weights[];
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  fleet = stack.use(await startFleet(2));
  weights = [await fleet.weights(0), await fleet.weights(1)];
  weights.push(await fleet.weights(2, weights[1]));
});
afterEach(() => stack.disposeAsync());

/** What it has ended is on the transcript. */
const host = (): PolicyHost => {
  const { servers: _, manifest: __, fence: ___, ...update } = fleet.update(weights[1]!, 1);
  const made = createWeightHost({
    ...{ store: fleet.store, fleet: 'f', update: { ...update, minimumServers: 1 } },
    servers: async () => fleet.urls,
  });
  return {
    ...made,
    async serve(asked, moving) {
      const outcome = await made.serve(asked, moving);
      const { tag, servers } = (await createWeightDirectory(fleet.store, 'f').find(asked.name))!;
      fleet.ended({ tag, serving: servers, lost: outcome.lost.map(({ url }) => url) });
      return outcome;
    },
  };
};

function engines(over: Partial<VllmEngineOptions> = {}): Engines {
  const made = createVllmEngines({
    ...{ directory: createWeightDirectory(fleet.store, 'f'), model: 'policy', logprobsMode: 'processed_logprobs' },
    ...{ timeoutMs: 5_000, connections: 8, keepRouting: (experts) => fleet.store.put(experts) },
    ...over,
  });
  stack.defer(() => made.close());
  return made;
}

const ask = (by: Engines, number = 1, sampling = SAMPLING) => by.generate(policy(number), MESSAGES, sampling, never);
const codes = (text: string): number[] => [...text].map((character) => character.codePointAt(0)!);

test('a reply has the ids that were sent and sampled, with their probabilities', async () => {
  await host().serve(version(1));
  const by = engines();
  const reply = await ask(by);
  expect(reply).toEqual({
    ...{ model: policy(1), promptIds: codes('<user>hello<assistant>'), completionIds: codes(reply.text) },
    ...{
      logprobs: codes(reply.text).map((id) => -id / 100),
      fidelity: 'token-exact',
      text: reply.text,
      finish: 'stop',
    },
    weights: weights[1]!.tag,
  });
  expect(reply.text).toMatch(/^reply/);
  expect(await by.list(never)).toEqual([policy(1)]);
  // Nothing is left to the model's generation_config.json.
  const [asked] = fleet.servers.flatMap((server) => server.asked);
  expect(asked).toMatchObject({
    ...{ prompt: reply.promptIds, temperature: 1, seed: 5, top_p: 1, top_k: 0, min_p: 0, repetition_penalty: 1 },
    ...{
      presence_penalty: 0,
      frequency_penalty: 0,
      logprobs: 0,
      return_token_ids: true,
      return_tokens_as_token_ids: true,
    },
  });
  expect((await ask(by, 1, { ...SAMPLING, maxTokens: 3 })).finish).toBe('length');
});

describe('a reply is text only, and never trained on,', () => {
  const choiceOf = (answer: CompletionAnswer) => answer.choices[0]!;
  test.each<[string, (answer: CompletionAnswer) => unknown]>([
    ['when the ids do not agree', (answer) => choiceOf(answer).logprobs!.tokens.splice(1, 1, 'token_id:7')],
    ['when a probability is missing', (answer) => choiceOf(answer).logprobs!.token_logprobs.splice(1, 1, null)],
    ['when one is minus infinity', (answer) => choiceOf(answer).logprobs!.token_logprobs.splice(1, 1, -9999)],
    ['when there are fewer probabilities', (answer) => choiceOf(answer).logprobs!.token_logprobs.pop()],
    ['when no ids came', (answer) => Object.assign(choiceOf(answer), { token_ids: null })],
    ['when the prompt was cut', (answer) => choiceOf(answer).prompt_token_ids!.shift()],
    ['when the prompt is not repeated', (answer) => Object.assign(choiceOf(answer), { prompt_token_ids: null })],
    ['when another model answered', (answer) => Object.assign(answer, { model: 'other' })],
    ['when no probabilities came', (answer) => Object.assign(choiceOf(answer), { logprobs: null })],
  ])('%s', async (_, script) => {
    await host().serve(version(1));
    for (const server of fleet.servers) server.script = script;
    expect((await ask(engines())).fidelity).toBe('text-only');
  });

  test('when the probabilities are those before a temperature', async () => {
    await host().serve(version(1));
    const raw = engines({ logprobsMode: 'raw_logprobs' });
    expect((await ask(raw, 1, { ...SAMPLING, temperature: 0.7 })).fidelity).toBe('text-only');
    expect((await ask(raw)).fidelity).toBe('token-exact');
    expect((await ask(engines(), 1, { ...SAMPLING, temperature: 0.7 })).fidelity).toBe('token-exact');
  });
});

test('experts that the tokens went through come along', async () => {
  await host().serve(version(1));
  for (const server of fleet.servers)
    server.script = (answer) => Object.assign(answer.choices[0]!, { routed_experts: 'k05VTQ==' });
  const { routing } = await ask(engines());
  expect(Buffer.from(await fleet.store.get(routing!)).toString()).toBe('k05VTQ==');
  // Of what never trains nothing is kept.
  for (const server of fleet.servers)
    server.script = (answer) => Object.assign(answer.choices[0]!, { routed_experts: 'k05VTQ==', token_ids: null });
  expect(await ask(engines())).not.toHaveProperty('routing');
});

test('after an update the new version is asked for, and the old one is nowhere', async () => {
  await host().serve(version(1));
  const by = engines();
  await ask(by);
  await host().serve(version(2));
  expect((await ask(by, 2)).model).toBe(policy(2));
  // Its entry is remembered: the servers refuse, and then nobody serves it.
  await expect(ask(by, 1)).rejects.toMatchObject({ code: 'stack.policy_unavailable' });
  await fleet.audit();
});

test('a server that comes back with other weights refuses, and the other one answers', async () => {
  await host().serve(version(1));
  fleet.servers[0]!.speeds.restart = 0;
  await fleet.servers[0]!.die();
  const by = engines();
  for (let n = 0; n < 4; n += 1) expect((await ask(by)).fidelity).toBe('token-exact');
  // It is left alone for a while after the first refusal.
  await doorsSettled();
  expect(fleet.transcript.answersOf(fleet.urls[0]!)).toEqual([{ status: 409, sample: '' }]);
  expect(fleet.servers[0]!.samples).toEqual([]);
  await fleet.servers[1]!.die();
  await expect(ask(by)).rejects.toMatchObject({ code: 'policy.version_mismatch' });
});

test('a server that is gone, and one that is paused in the middle, are passed over', async () => {
  await host().serve(version(1));
  const [first, second] = [fleet.servers[0]!, fleet.servers[1]!];
  first.speeds.completion = 60_000;
  const by = engines();
  const reply = ask(by);
  await expect.poll(() => first.asked.length).toBe(1);
  expect((await fetch(`${first.url}/pause?mode=abort`, { method: 'POST' })).status).toBe(200);
  // What it had begun ends with `abort`, which is no reply.
  expect((await reply).text).toMatch(/^reply/);
  expect(second.asked).toHaveLength(1);
  await first.close();
  expect((await ask(by)).fidelity).toBe('token-exact');
});

test('a server without our guard is not believed', async () => {
  const plain = stack.use(await startFleet(1, { plain: true }));
  await fleet.store.createNamed(
    'fleets/f/served',
    JSON.stringify({
      ...{ schema: 'anneal/served-weights/v1', policy: policy(1), tag: weights[1]!.tag, manifest: weights[1]!.ref },
      ...{ fence: 1, servers: plain.urls },
    }),
  );
  const failure = ask(engines());
  await expect(failure).rejects.toMatchObject({
    code: 'rollout.unfit',
    message: expect.stringMatching(/does not say/),
  });
});

test('a version without weights, a policy that nobody serves, and a wrong model are said to be so', async () => {
  await expect(host().serve(version(7))).rejects.toMatchObject({ code: 'weights.incomplete' });
  await expect(ask(engines())).rejects.toMatchObject({ code: 'stack.policy_unavailable' });
  await host().serve(version(1));
  const failure = ask(engines({ model: 'other' }));
  await expect(failure).rejects.toThrow(/answered 404: The model `other` does not exist/);
});

test('a version is ready to be asked as long as the fleet serves it, and a move takes that away', async () => {
  const first = host();
  await expect(first.ensure(version(1))).rejects.toMatchObject({ code: 'stack.policy_unavailable' });
  await first.serve(version(1));
  await first.ensure(version(1));
  await host().serve(version(2));
  const another = host();
  await expect(another.ensure(version(1))).rejects.toMatchObject({ code: 'stack.policy_unavailable' });
  await another.ensure(version(2));
});

test('a server that lost the weights gets them back by a repair; a repair never moves the fleet', async () => {
  await host().serve(version(1));
  const lost = fleet.servers[0]!;
  lost.speeds.restart = 0;
  await lost.die();
  const one = host();
  await Promise.all([one.repair(version(1)), one.repair(version(1))]);
  await fleet.expectServing(weights[1]!);
  const updates = lost.told.length;
  await host().serve(version(2));
  await one.repair(version(1));
  await fleet.expectServing(weights[2]!);
  expect(lost.told).toHaveLength(updates + 1);
});

test('a server that is given up is named, until a move has it back', async () => {
  await host().serve(version(1));
  const away = fleet.servers[0]!;
  away.fault = (path) => (path === '/update_weights' ? { kind: 'breaks' } : undefined);
  const lost = [{ url: away.url, why: '6 calls failed' }];
  expect(await host().serve(version(2))).toEqual({ lost });
  expect(await readServed(fleet.store, 'f')).toMatchObject({ servers: [fleet.urls[1]], lost });
  expect((await ask(engines(), 2)).model).toBe(policy(2));
  away.fault = undefined;
  expect(await host().serve(version(1))).toEqual({ lost: [] });
  const now = await readServed(fleet.store, 'f');
  expect(now?.servers).toEqual(fleet.urls);
  expect(now).not.toHaveProperty('lost');
});

test('a repair gives way to a move that has begun', async () => {
  await host().serve(version(1));
  const [first, lost] = fleet.servers;
  lost!.speeds.restart = 0;
  await lost!.die();
  // Another worker has claimed the servers for version 2, and was killed before it changed them.
  expect(await claimFleet(fleet.store, 'f', weights[2]!.ref)).toBe(2);
  const claim = { method: 'POST', body: JSON.stringify({ init_info: { fence: 2 } }) };
  expect((await fetch(`${first!.url}/init_weight_transfer_engine`, claim)).status).toBe(200);
  await expect(host().repair(version(1))).rejects.toMatchObject({ code: 'rollout.superseded' });
  await host().serve(version(2));
  await fleet.expectServing(weights[2]!);
});

test('back and forth, each move has a number of its own, and the same move has the same', async () => {
  const fences: number[] = [];
  for (const number of [1, 2, 2, 1]) {
    await host().serve(version(number));
    const found = await createWeightDirectory(fleet.store, 'f').find(policy(number));
    fences.push(found!.fence);
    await fleet.expectServing(weights[number]!);
  }
  expect(fences).toEqual([1, 2, 2, 3]);
});
