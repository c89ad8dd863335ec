// An agent before the real model, SmolLM2 on llama.cpp: what it is too small to do does not matter here. Its answers' tokens do, whole and
// streamed, although the agent asks for none.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { child } from '../../bench/child.ts';
import { loadConfig } from '../../infra/config.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { oneServer } from '../../infra/gateway-client/one-server.ts';
import { claims, POLICY, SECRET } from '../support/gateway.ts';
import { useGateway } from '../support/use-gateway.ts';
import { agentPython } from './environments.ts';
import { makeTask, runAgent } from './run-agent.ts';

const { paths } = loadConfig();
const agent = agentPython('openai-agents');
const isThere = agent !== undefined && existsSync(paths.venvPython);
const on = useGateway();

test.skipIf(!isThere).each(['whole', 'streamed'])(
  'openai-agents, %s: the record of a real model is token-exact',
  async (way) => {
    const state = await mkdtemp(join(tmpdir(), 'anneal-agents-'));
    on.defer(() => rm(state, { recursive: true, force: true }));
    const servers = new AsyncDisposableStack();
    on.defer(async () => {
      await servers.disposeAsync();
    });
    const argv = ['-m', 'anneal_server', '--port', '0', '--state', state];
    const env = { PYTHONPATH: paths.trainer, ANNEAL_STORE: `file://${state}/store` };
    const control = await child(servers, paths.venvPython, argv, env);
    const served = await fetch(`${control}/policies/${POLICY}`, { method: 'PUT', body: '{"adapter":null}' });
    expect(served.status).toBe(200);
    await on.gateway.close();
    await on.open({ servers: oneServer(control) });
    const more = ['--short', ...(way === 'streamed' ? ['--streamed'] : [])];
    const work = await makeTask(state);
    const key = mintCredential(claims(), SECRET);
    const run = runAgent('openai-agents', agent!, work, { url: on.gateway.url, key, more });
    on.defer(() => run.end());
    expect(await run.ended, run.said()).toBe(0);
    const [record, ...others] = await on.records();
    expect(others).toEqual([]);
    expect(record).toMatchObject({ fidelity: 'token-exact', policy: POLICY, turn: { dialect: 'responses' } });
    expect(record!.promptIds.length).toBeGreaterThan(10);
    expect(record!.completionIds.length).toBeGreaterThan(0);
    expect(record!.logprobs).toHaveLength(record!.completionIds.length);
    expect(record!.turn!.sent).toMatch(/^[0-9a-f]{64}$/);
    // Of an answer that reached its bound, the SDK shows only what it streamed.
    if (way === 'streamed') expect(run.said()).toContain(record!.text.trim());
  },
  540_000,
);
