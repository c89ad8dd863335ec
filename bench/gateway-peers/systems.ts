// The scripted server and what stands before it: nothing, Portkey (which keeps nothing), LiteLLM (which logs, without fsync) and Anneal
// (which has each record on disk before the end of its answer is sent). The same request at each.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { campaignName, makePolicyName, makeRolloutId } from '../../contracts/ids.ts';
import { childEnvironment } from '../../infra/config.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { SECRET } from '../../tests/support/gateway.ts';
import { child } from '../child.ts';
import { installLitellm, startLitellm } from './litellm.ts';
import type { Asked } from './load.ts';
import { installPortkey, startPortkey } from './portkey.ts';
import { residentMiB } from './running.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const CAMPAIGN = campaignName.parse('demo');
const POLICY = makePolicyName(CAMPAIGN, 0);

export const WHO = ['direct', 'Portkey', 'LiteLLM', 'Anneal'] as const;
export type Who = (typeof WHO)[number];
export type Mode = 'plain' | 'streamed';
export const MODES = ['plain', 'streamed'] as const satisfies readonly Mode[];

/** Of the gateway's `/metrics`, what is told here. */
const metrics = z.object({
  completions: z.object({ records: z.number() }),
  fsyncs: z.number(),
  bytes: z.number(),
  residentBytes: z.number(),
});
export type Metrics = z.infer<typeof metrics>;

export interface Systems {
  /** Where and what to ask; `lot` has rollouts of its own at Anneal. */
  asked(who: Who, mode: Mode, lot?: number): Pick<Asked, 'url' | 'path' | 'headers' | 'body' | 'holds'>;
  /** Of Anneal. */
  metrics(): Promise<Metrics>;
  /** Of Anneal's and LiteLLM's records, those there are. */
  kept(who: Who): Promise<number>;
  resident(who: Who): Promise<number | undefined>;
  /** Where Anneal keeps its records. */
  readonly folder: string;
}

export interface SystemsOptions {
  readonly who: readonly Who[];
  /** Of the scripted server, before each answer. */
  readonly delayMs: number;
  readonly progress: (line: string) => void;
}

export async function startSystems(stack: AsyncDisposableStack, options: SystemsOptions): Promise<Systems> {
  const { who, delayMs, progress } = options;
  // Before anything is started: an installation takes minutes.
  const portkeyStart = who.includes('Portkey') ? await installPortkey(progress) : undefined;
  const python = who.includes('LiteLLM') ? await installLitellm(progress) : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'anneal-bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const upstream = await child(stack, process.execPath, [here('./upstream.ts'), String(delayMs)]);
  const portkey = portkeyStart === undefined ? undefined : await startPortkey(stack, portkeyStart);
  const litellm = python === undefined ? undefined : await startLitellm(stack, python, folder, upstream);
  const providers = { [POLICY]: { kind: 'openai', url: upstream, model: 'scripted' } };
  const settings = JSON.stringify({ dir: join(folder, 'gateway'), controlUrl: upstream, providers });
  const anneal = await child(stack, process.execPath, ['tests/support/gateway-process.ts', settings]);
  const read = async (): Promise<Metrics> => metrics.parse(await (await fetch(`${anneal}/metrics`)).json());

  const custom = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${upstream}/v1` };
  const at: Record<Who, (lot: number) => Pick<Asked, 'url' | 'headers'>> = {
    direct: () => ({ url: upstream, headers: [{}] }),
    Portkey: () => ({ url: portkey!.url, headers: [{ ...custom, authorization: 'Bearer none' }] }),
    LiteLLM: () => ({ url: litellm!.url, headers: [{ authorization: 'Bearer none' }] }),
    Anneal: (lot) => ({
      url: anneal,
      headers: Array.from({ length: 64 }, (_, n) => ({ authorization: bearer(lot * 64 + n) })),
    }),
  };
  return {
    folder,
    asked: (one, mode, lot = 0) => ({
      ...at[one](lot),
      path: '/v1/chat/completions',
      body: JSON.stringify({
        model: 'scripted',
        messages: [{ role: 'user', content: 'Tell me of the fox.' }],
        stream: mode === 'streamed',
      }),
      holds: mode === 'streamed' ? '[DONE]' : '"finish_reason":',
    }),
    metrics: read,
    kept: async (one) => (one === 'LiteLLM' ? await litellm!.logged() : (await read()).completions.records),
    async resident(one) {
      if (one === 'Anneal') return (await read()).residentBytes / 2 ** 20;
      const pid = one === 'LiteLLM' ? litellm?.pid : portkey?.pid;
      return one === 'direct' || pid === undefined ? undefined : residentMiB(pid);
    },
  };
}

function bearer(sample: number): string {
  const rollout = makeRolloutId({ campaign: CAMPAIGN, round: 0, purpose: 'pilot', policyVersion: 0, group: 0, sample });
  const expires = Math.floor(Date.now() / 1000) + 36_000;
  return `Bearer ${mintCredential({ v: 1, scope: 'rollout', campaign: CAMPAIGN, rollout, policy: POLICY, expires }, SECRET)}`;
}

/** Runs one of the loads beside this file. @throws Error when an answer was not as it should be: a benchmark of failures measures nothing */
export async function fire<T extends { readonly failed: number; readonly answered: number }>(
  program: 'load.ts' | 'open-load.ts',
  who: Who,
  asked: object,
): Promise<T> {
  const argv = [here(program), JSON.stringify(asked)];
  const running = promisify(execFile)(process.execPath, argv, { env: childEnvironment({}), maxBuffer: 1 << 24 });
  const { stdout, stderr } = await running;
  const shot = JSON.parse(stdout) as T;
  if (shot.failed > 0) throw new Error(`${who}: ${shot.failed} of ${shot.answered} failed: ${stderr.trim()}`);
  return shot;
}

/** Who begins goes on by one with each turn, so that nobody always follows the same one. */
export const rotated = (who: readonly Who[], turn: number): Who[] => [
  ...who.slice(turn % who.length),
  ...who.slice(0, turn % who.length),
];
