// Agent Lightning's side: its server and its controller with the local runner, of exactly the versions in agentlightning.lock.
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { childEnvironment } from '../../infra/config.ts';
import { installPython } from '../../tests/support/locked-python.ts';
import { freePort } from '../../tests/support/temporal-server.ts';
import { spawned } from '../child.ts';
import { samples } from '../eval-samples.ts';
import { answers } from '../gateway-peers/running.ts';
import type { Played } from './played.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** It asks for Python 3.12 or later. */
export const installAgentLightning = (onProgress: (line: string) => void): Promise<string> =>
  installPython({ name: 'agentlightning', lock: here('./agentlightning.lock'), atLeast: [3, 12] }, onProgress);

export interface AgentLightningOptions {
  readonly python: string;
  readonly folder: string;
  readonly rollouts: number;
  /** Of Chat Completions. */
  readonly upstream: string;
  /** Of its local runner; without them it is as it comes. */
  readonly runner?: { readonly maximumSize: number; readonly pollSeconds: number };
  /** Told of each process as it starts. */
  readonly onStart: (pid: number) => void;
}

const created = z.array(z.object({ rollout_id: z.string(), status: z.object({ created_at: z.number() }) }));
const events = z.array(z.object({ timestamp: z.number(), data: z.object({ value: z.number() }) }));
const terminal = z.object({ total_terminal: z.number() });

/** No turn takes longer: at 500 rollouts it needs four minutes on two cores. */
const PATIENCE_MS = 540_000;

export async function playAgentLightning(stack: AsyncDisposableStack, options: AgentLightningOptions): Promise<Played> {
  const { python, folder, rollouts, upstream, runner, onStart } = options;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  // Whoever has it set would let each rollout's Python compile everything.
  const kept = { PYTHONDONTWRITEBYTECODE: '' };
  const env = childEnvironment({ PYTHONPATH: dirname(here('./trivial_agent.py')), HOME: folder, ...kept });
  const quiet = [`hydra.run.dir=${folder}`, 'hydra/job_logging=disabled', 'hydra/hydra_logging=disabled'];
  const server = ['host=127.0.0.1', `port=${port}`, 'default_proxy.model_name=scripted'];
  const pid = spawned(stack, python, ['-m', 'agentlightning.server', ...server, ...quiet], env);
  onStart(pid);
  await answers('Agent Lightning', `${url}/healthz`, pid);
  const tuned =
    runner === undefined
      ? []
      : [`local_runner.maximum_size=${runner.maximumSize}`, `local_runner.poll_interval=${runner.pollSeconds}`];
  const controller = ['runner_type=local', `agl_server.url=${url}`, ...tuned, ...quiet];
  onStart(spawned(stack, python, ['-m', 'agentlightning.controller', ...controller], env));
  const api = async (path: string, body?: unknown): Promise<unknown> => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`${url}/api${path}`, { ...init, headers: { 'content-type': 'application/json' } });
    if (!answer.ok) throw new Error(`Agent Lightning: ${path} ${answer.status} ${await answer.text()}`);
    return await answer.json();
  };
  await api('/models', [{ model: 'scripted', endpoint: `${upstream}/v1` }]);
  const local = { agent_class: 'trivial_agent:TrivialAgent', env_map: { QUESTION: 'input.q', TARGET: 'input.t' } };
  const all = samples(rollouts).map(({ prompt, target }) => ({ input: { q: prompt, t: target }, config: { local } }));
  const enqueued = created.parse(await api('/rollouts', all));
  for (const until = Date.now() + PATIENCE_MS; ; await sleep(500)) {
    if (terminal.parse(await api('/rollouts/terminal?limit=1')).total_terminal >= rollouts) break;
    if (Date.now() > until) throw new Error(`Agent Lightning: not all of ${rollouts} rollouts in ${PATIENCE_MS} ms`);
  }
  const [waited, rewards]: [number[], number[]] = [[], []];
  for (const { rollout_id, status } of enqueued) {
    const [reward] = events.parse(await api(`/rollouts/${rollout_id}/events?event_type=reward`));
    if (reward === undefined) continue;
    waited.push((reward.timestamp - status.created_at) * 1000);
    rewards.push(reward.data.value);
  }
  return { seconds: Math.max(...waited) / 1000, waited, rewards };
}
