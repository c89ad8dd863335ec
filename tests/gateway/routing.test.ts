// Which engine and which policy version answers an agent's request.
import { beforeEach, expect, test } from 'vitest';
import type { CredentialClaims } from '../../contracts/trajectory.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { claims, rollout, SECRET } from '../support/gateway.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { useGateway } from '../support/use-gateway.ts';

const on = useGateway();

const ask = async (of: Partial<CredentialClaims> = {}, path = '', model = 'm') => {
  const response = await fetch(`${on.gateway.url}${path}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${mintCredential(claims(of), SECRET)}` },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  await response.text();
  return response.status;
};

test('a pinned rollout keeps the version that it began with; one that is not gets the newest, and its records name it', async () => {
  on.upstream.policy = 'demo.v3';
  expect(await ask()).toBe(200);
  expect(await ask({ versions: 'latest' })).toBe(200);
  expect(await ask({ versions: 'latest' }, '', 'demo.v3')).toBe(200);
  expect(await ask({ versions: 'latest' }, '', 'demo.v2')).toBe(401);
  expect(await ask({ versions: 'pinned' }, '', 'demo.v3')).toBe(401);
  expect((await on.records()).map(({ policy }) => policy)).toEqual(['demo.v0', 'demo.v3', 'demo.v3']);
});

test('where nobody says what is served, the version is the one that it began with', async () => {
  on.upstream.policy = 'another name';
  expect(await ask({ versions: 'latest' })).toBe(200);
  expect((await on.records()).map(({ policy }) => policy)).toEqual(['demo.v0']);
});

let engines: ScriptedUpstream[];
beforeEach(async () => {
  engines = await Promise.all([startScriptedUpstream(), startScriptedUpstream(), startScriptedUpstream()]);
  for (const engine of engines) on.defer(() => engine.close());
  on.upstream.engineUrls = engines.map(({ url }) => url);
});

test('a line of a rollout comes back to its engine; lines and rollouts are spread', async () => {
  for (let sample = 0; sample < 48; sample += 1) {
    const before = engines.map(({ chats }) => chats.length);
    for (let turn = 0; turn < 2; turn += 1) expect(await ask({ rollout: rollout(sample) }, '/a/helper')).toBe(200);
    const asked = engines.map(({ chats }, at) => chats.length - before[at]!);
    expect(asked.toSorted()).toEqual([0, 0, 2]);
  }
  for (const { chats } of engines) expect(chats.length).toBeGreaterThan(0);
});
