// SIGKILL of the gateway under a load of agents' turns, plain and streamed, at random moments: whoever has a whole answer finds it on
// record, to the byte, and nothing is there twice. ANNEAL_GATEWAY_KILLS=100 for the deep run.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashOf } from '../../gateway/turns/reply.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { claims, POLICY, rollout, SECRET, temporaryFolder } from '../support/gateway.ts';
import { converse, startScriptedProvider } from '../support/scripted-provider.ts';

const KILLS = Number(process.env.ANNEAL_GATEWAY_KILLS ?? 10);
const AGENTS = 12;

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function start(settings: object): Promise<{ url: string; kill(): Promise<void> }> {
  const argv = ['tests/support/gateway-process.ts', JSON.stringify(settings)];
  const child: ChildProcess = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = (): Promise<void> => {
    child.kill('SIGKILL');
    return exited;
  };
  stack.defer(kill);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return { url: (await lines.next()).value as string, kill };
}

/** Asks on and on until the gateway is gone; what came whole is noted. */
async function agent(url: string, place: number, acknowledged: Map<string, string>): Promise<void> {
  const authorization = `Bearer ${mintCredential(claims({ rollout: rollout(place) }), SECRET)}`;
  for (let turn = 0; ; turn += 1) {
    const stream = (turn + place) % 2 === 0;
    const messages = [{ role: 'user', content: `turn ${turn}` }];
    const body = JSON.stringify({ model: POLICY, messages, stream });
    const asked = { method: 'POST', headers: { authorization }, body };
    try {
      const response = await fetch(`${url}/v1/chat/completions`, asked);
      const text = await response.text();
      const id = response.headers.get('x-anneal-completion')!;
      if (response.status !== 200 || (stream && !text.endsWith('data: [DONE]\n\n'))) continue;
      // One acknowledged twice would be one record for two answers.
      if (acknowledged.has(id)) throw new RangeError(`${id} twice`);
      acknowledged.set(id, hashOf(text));
    } catch (failure) {
      if (failure instanceof RangeError) throw failure;
      return;
    }
  }
}

test(`killed ${KILLS} times at random moments`, { timeout: 20_000 * KILLS }, async () => {
  const provider = await startScriptedProvider();
  stack.defer(() => provider.close());
  provider.script = (asked) => ({ ...converse(asked), everyMs: 1 });
  const dir = stack.use(await temporaryFolder()).path;
  const providers = { [POLICY]: { kind: 'openai', url: provider.url, model: 'scripted' } };
  const settings = { dir, controlUrl: provider.url, providers };
  const acknowledged = new Map<string, string>();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const gateway = await start(settings);
    const agents = Array.from({ length: AGENTS }, (_, place) => agent(gateway.url, place, acknowledged));
    const before = acknowledged.size;
    await expect.poll(() => acknowledged.size, { timeout: 15_000, interval: 5 }).toBeGreaterThan(before);
    await sleep(Math.random() * 300);
    await gateway.kill();
    await Promise.all(agents);
  }
  const last = await start(settings);
  const records = await createGatewayClient({ url: last.url, secret: SECRET }).completions('demo/');
  const ids = records.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const kept = new Map(records.map(({ id, turn }) => [id as string, turn!.sent]));
  const lost = [...acknowledged].filter(([id, hash]) => kept.get(id) !== hash);
  expect(lost).toEqual([]);
  // The kills did fall into requests: the server was asked for more than was acknowledged.
  expect(acknowledged.size).toBeGreaterThan(KILLS);
  expect(provider.requests.length).toBeGreaterThan(acknowledged.size);
});
