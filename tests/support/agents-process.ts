// Agents in a process of their own, as a worker has them, to be killed. argv: JSON {url, agents, life}. They ask on and on, whatever
// becomes of the gateway; each line of its output is something that it was acknowledged: `completion ID HASH` or `trajectory ROLLOUT`.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashOf } from '../../gateway/turns/reply.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { claims, POLICY, rollout, SECRET, trajectoryOf } from './gateway.ts';

const { url, agents, life } = JSON.parse(process.argv[2]!) as { url: string; agents: number; life: number };
const TURNS = 3;

async function ask(authorization: string, turn: number, stream: boolean): Promise<boolean> {
  const messages = [{ role: 'user', content: `turn ${turn}` }];
  const body = JSON.stringify({ model: POLICY, messages, stream });
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { authorization }, body });
  const text = await response.text();
  if (response.status !== 200 || (stream && !text.endsWith('data: [DONE]\n\n'))) return false;
  writeSync(1, `completion ${response.headers.get('x-anneal-completion')} ${hashOf(text)}\n`);
  return true;
}

/** A rollout of some turns and its trajectory, and then the next one. */
async function agent(place: number): Promise<void> {
  const client = createGatewayClient({ url, secret: SECRET });
  for (let count = 0; ; count += 1) {
    const of = rollout(place + agents * count, life);
    const authorization = `Bearer ${mintCredential(claims({ rollout: of }), SECRET)}`;
    for (let turn = 0; turn < TURNS; ) {
      const done = await ask(authorization, turn, (turn + place) % 2 === 0).catch(() => false);
      if (done) turn += 1;
      else await sleep(10 + Math.random() * 20);
    }
    for (;;) {
      const recorded = client.recordTrajectory(trajectoryOf(of, { round: life })).then(
        () => true,
        () => false,
      );
      if (await recorded) break;
      await sleep(20);
    }
    writeSync(1, `trajectory ${of}\n`);
  }
}

await Promise.all(Array.from({ length: agents }, (_, place) => agent(place)));
