import { expect, test } from 'vitest';
import { policyName } from '../../contracts/ids.ts';
import type { Engines } from '../engine.ts';
import type { TurnServers } from '../turns/server.ts';
import { chooseEngines } from './choose.ts';

const [small, large] = [policyName.parse('small.v1'), policyName.parse('large.v1')];
const never = new AbortController().signal;

/** Engines that note what they are asked; `broken`: without a server. */
function noted(name: string, broken = false): Engines & TurnServers & { readonly calls: string[] } {
  const calls: string[] = [];
  const generation = { model: name, promptIds: [], completionIds: [], logprobs: [], text: '' };
  return {
    calls,
    async generate(policy) {
      calls.push(`generate ${policy}`);
      return { ...generation, fidelity: 'token-exact', finish: 'stop' };
    },
    lend(policy, _key, _signal, work) {
      calls.push(`lend ${policy}`);
      return work({ upstream: { kind: 'openai', tokens: false }, origin: name, base: '', headers: {} });
    },
    async list() {
      if (broken) throw new Error(`${name} does not answer`);
      return [`${name}.v0`];
    },
    forget: (policy) => void calls.push(`forget ${policy}`),
    close: () => void calls.push('close'),
  };
}

const both = (adaptersBroken = false, wholeBroken = false) => {
  const [adapters, whole] = [noted('adapters', adaptersBroken), noted('whole', wholeBroken)];
  return { adapters, whole, all: chooseEngines({ adapters, whole, isWhole: async (policy) => policy === large }) };
};
const ask = (engines: Engines, policy: typeof small) =>
  engines.generate(policy, [], { temperature: 1, maxTokens: 1 }, never);

test('a policy is asked where its campaign serves it, and nowhere else', async () => {
  const { adapters, whole, all } = both();
  expect((await ask(all, small)).model).toBe('adapters');
  expect((await ask(all, large)).model).toBe('whole');
  expect(await all.lend(small, 'key', never, async ({ origin }) => origin)).toBe('adapters');
  expect(await all.lend(large, 'key', never, async ({ origin }) => origin)).toBe('whole');
  expect([adapters.calls, whole.calls]).toEqual([
    ['generate small.v1', 'lend small.v1'],
    ['generate large.v1', 'lend large.v1'],
  ]);
});

test('both are listed, forgotten and closed; one without servers hides nothing of the other', async () => {
  const { adapters, whole, all } = both();
  expect(await all.list(never)).toEqual(['adapters.v0', 'whole.v0']);
  all.forget(small);
  all.close();
  for (const { calls } of [adapters, whole]) expect(calls).toEqual(['forget small.v1', 'close']);
  expect(await both(true).all.list(never)).toEqual(['whole.v0']);
  expect(await both(false, true).all.list(never)).toEqual(['adapters.v0']);
  await expect(both(true, true).all.list(never)).rejects.toThrow('adapters does not answer');
});
