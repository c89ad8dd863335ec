// The project's own agents ask the operator's model through the gateway: what is recorded, who may ask, and what ends a session.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { playCoder } from '../../agents/coder/play.ts';
import { reviewChange } from '../../agents/reviewer/review.ts';
import type { Grant } from '../../contracts/agent-ports.ts';
import { agentSession } from '../../contracts/agent-session.ts';
import { policyName } from '../../contracts/ids.ts';
import { keptWorkspace } from '../../evals/workspace/kept.ts';
import { openWorkspace } from '../../evals/workspace/run.ts';
import { completionRow } from '../../gateway/pool/tables/completion-row.ts';
import { withAgentModels } from '../../gateway/turns/agent-models.ts';
import { createAgentAccess } from '../../infra/gateway-client/agents.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { agentGrant } from '../../policies/agent-grant.ts';
import { type Move, playing } from '../agents/scripted-moves.ts';
import { SECRET } from '../support/gateway.ts';
import { type ScriptedProvider, startScriptedProvider } from '../support/scripted-provider.ts';
import { useGateway } from '../support/use-gateway.ts';

vi.setConfig({ testTimeout: 120_000 });

const on = useGateway();
const KEY = 'sk-operators-own-0123456789abcdef';
const BUDGET = { turns: 12, tokens: 5_000, seconds: 120 };
const session = (role: string, number = 0) => agentSession.parse({ case: 'incident-7f3a', role, number });
const signal = new AbortController().signal;
let provider: ScriptedProvider;

beforeEach(async () => {
  provider = await startScriptedProvider();
  await on.gateway.close();
  const model = { url: `${provider.url}/v1`, name: 'scripted-1', key: KEY };
  await on.open({ providers: withAgentModels(new Map(), model), secrets: [KEY] });
});
afterEach(() => provider.close());

const chat = (grant: Grant) => createAgentAccess({ url: on.gateway.url, secret: SECRET }).chat(grant);
const ask = (grant: Grant, text = 'Hello') =>
  chat(grant).ask(
    { agent: undefined, messages: [{ role: 'user', content: text }], tools: [], maxTokens: 100, steps: [] },
    signal,
  );
const runWork = openWorkspace(createBubblewrapSandbox());
const code = (moves: readonly Move[], grant: Grant) => {
  provider.script = playing(moves);
  return playCoder({
    ...{ files: new Map([['a.py', Buffer.from('a = 1\n')]]), task: { title: 'Mend it', instruction: 'Now.' } },
    ...{ material: [], skills: [], budget: BUDGET, signal },
    ports: { chat: chat(grant), runWork, openDesk: (of) => keptWorkspace(runWork, of) },
  });
};

test('every request of a coding agent and of its reviewer is on record: incident, role, session, and not the key', async () => {
  const played = await code(
    [
      { tool: 'read_file', with: { path: 'a.py' } },
      { tool: 'write_file', with: { path: 'a.py', content: 'a = 2\n' } },
      { tool: 'submit', with: { summary: `done ${KEY}` } },
    ],
    agentGrant(session('debugger', 1), BUDGET),
  );
  expect(played).toMatchObject({ end: 'done', requests: 3 });
  provider.script = playing([{ say: '{"verdict":"accept","findings":[]}' }]);
  const review = await reviewChange({
    chat: chat(agentGrant(session('reviewer', 2), BUDGET)),
    ...{ patch: '', task: { title: 't', instruction: 'i' }, material: [], signal },
  });
  expect(review).toMatchObject({ how: 'reviewed', verdict: 'accept' });
  expect(provider.requests.map(({ headers, body }) => [headers.authorization, body.model])).toEqual(
    Array(4).fill([`Bearer ${KEY}`, 'scripted-1']),
  );
  const records = await on.records('incident-7f3a/');
  expect(records.map(({ rollout, policy, campaign, fidelity }) => [campaign, rollout, policy, fidelity])).toEqual([
    ...Array(3).fill(['incident-7f3a', 'incident-7f3a/r1/agent.v0/g1/s0', 'agent-debugger.v0', 'text-only']),
    ['incident-7f3a', 'incident-7f3a/r2/agent.v0/g3/s0', 'agent-reviewer.v0', 'text-only'],
  ]);
  expect(records.slice(0, 3).map(({ id }) => id)).toEqual(played.completions);
  expect(records[3]!.turn!.session).toMatchObject({ agent: 'reviewer', attempt: 0 });
  expect(JSON.stringify(records)).not.toContain(KEY);
  // As the tables take it in.
  const row = completionRow(records[0]!, { replica: 'one' as never, sequence: 0, record: 0 });
  expect(row).toMatchObject({ campaign: 'incident-7f3a', purpose: 'agent', rolloutGroup: 1 });
});

test('a session ends with its budget, when it goes round in circles, and when its credential has expired', async () => {
  const small = { ...agentGrant(session('debugger'), BUDGET), maxRequests: 1 };
  provider.script = playing([{ say: 'one' }, { say: 'two' }]);
  expect(await ask(small)).toMatchObject({ how: 'answered' });
  expect(await ask(small)).toEqual({ how: 'exhausted' });
  const again = await code(
    Array.from({ length: 12 }, () => ({ tool: 'shell', with: { command: 'cat a.py' } })),
    agentGrant(session('debugger', 3), BUDGET),
  );
  expect(again).toMatchObject({ end: 'looping' });
  expect(again.edits.size).toBe(0);
  // Its credential is one of minutes.
  const late = chat(agentGrant(session('debugger', 4), BUDGET));
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 190_000 });
  try {
    const of = { agent: undefined, messages: [], tools: [], maxTokens: 9, steps: [] };
    await expect(late.ask(of, signal)).rejects.toMatchObject({ code: 'gateway.unauthorised' });
  } finally {
    vi.useRealTimers();
  }
});

test('a name that no role has does not come to the operator’s model', async () => {
  await ask({ ...agentGrant(session('debugger', 5), BUDGET), policy: policyName.parse('agent-nobody.v0') });
  expect(provider.requests).toHaveLength(0);
});

test('ANNEAL_PROVIDERS goes before; without an address or a name there is nothing; an address must end in /v1', () => {
  const own = { kind: 'vllm', url: 'http://127.0.0.1:9/v1', model: 'other' } as const;
  const mine = new Map([[policyName.parse('agent-reviewer.v0'), own]]);
  const model = { url: 'http://127.0.0.1:8/v1', name: 'm', key: undefined };
  const made = withAgentModels(mine, model);
  expect(made.get(policyName.parse('agent-reviewer.v0'))).toBe(own);
  expect(made.get(policyName.parse('agent-debugger.v0'))).toEqual({ kind: 'openai', url: model.url, model: 'm' });
  expect(withAgentModels(mine, { ...model, url: undefined })).toBe(mine);
  expect(withAgentModels(mine, { ...model, name: undefined })).toBe(mine);
  for (const url of ['http://127.0.0.1:8/', 'http://127.0.0.1:8/v2', 'http://u:p@127.0.0.1:8/v1'])
    expect(() => withAgentModels(mine, { ...model, url })).toThrow(/ends in \/v1/);
});
