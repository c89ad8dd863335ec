// `npm run bench -- gateway --part peers`: requests a second directly at a scripted server, through Portkey (which keeps nothing) and
// through Anneal (which has each on disk before its end is seen), by turns on the same machine.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { campaignName, makePolicyName, makeRolloutId } from '../../contracts/ids.ts';
import { childEnvironment } from '../../infra/config.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { SECRET } from '../../tests/support/gateway.ts';
import { child } from '../child.ts';
import { endingStack } from '../ending.ts';
import { spread } from '../load.ts';
import type { Asked, Shot } from './load.ts';
import { installPortkey, startPortkey } from './portkey.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const CAMPAIGN = campaignName.parse('demo');
const POLICY = makePolicyName(CAMPAIGN, 0);
const WHO = ['direct', 'Portkey', 'Anneal'] as const;
type Who = (typeof WHO)[number];

export interface PeersOptions {
  /** Each takes its turn so often. */
  readonly turns: number;
  /** Requests of a turn, at 16 and more at once; fewer at one. */
  readonly requests: number;
  readonly concurrency: readonly number[];
  readonly only?: readonly Who[];
}

export async function comparePeers(options: PeersOptions): Promise<void> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  await using stack = endingStack();
  const who = options.only ?? WHO;
  const upstream = await child(stack, process.execPath, [here('./upstream.ts')]);
  const portkey = who.includes('Portkey') ? (await startPortkey(stack, await installPortkey(progress))).url : '';
  const dir = await mkdtemp(join(tmpdir(), 'anneal-bench-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const providers = { [POLICY]: { kind: 'openai', url: upstream, model: 'scripted' } };
  const settings = JSON.stringify({ dir, controlUrl: upstream, providers });
  const anneal = await child(stack, process.execPath, ['tests/support/gateway-process.ts', settings]);
  const target: Record<Who, Pick<Asked, 'url' | 'headers'>> = {
    direct: { url: upstream, headers: [{}] },
    Portkey: {
      url: portkey,
      headers: [
        {
          ...{ 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${upstream}/v1` },
          authorization: 'Bearer none',
        },
      ],
    },
    Anneal: { url: anneal, headers: Array.from({ length: 64 }, (_, sample) => ({ authorization: bearer(sample) })) },
  };
  print(`Load ${loadavg()[0]!.toFixed(1)} at the start.\n`);
  print('| mode | at a time | direct/s | Portkey/s | Anneal/s | Anneal / Portkey (range) | p50 ms | p99 ms |');
  print('| --- | --- | --- | --- | --- | --- | --- | --- |');
  let sent = 0;
  for (const stream of [false, true]) {
    for (const concurrency of options.concurrency) {
      const requests = Math.ceil((options.requests * (concurrency === 1 ? 0.2 : 1)) / (stream ? 2 : 1));
      const shots = new Map<Who, Shot[]>(WHO.map((one) => [one, []]));
      // The first turn warms everything up and is thrown away.
      for (let turn = 0; turn <= options.turns; turn += 1) {
        for (const one of turn % 2 === 0 ? who : who.toReversed()) {
          const body = JSON.stringify({
            model: 'scripted',
            messages: [{ role: 'user', content: 'Tell me of the fox.' }],
            stream,
          });
          const holds = stream ? '[DONE]' : '"finish_reason":"stop"';
          const asked = { ...target[one], path: '/v1/chat/completions', body, holds, concurrency, requests };
          const shot = await fire(asked);
          if (shot.failed > 0) throw new Error(`${one}: ${shot.failed} of ${requests} failed`);
          if (one === 'Anneal') sent += shot.answered;
          if (turn > 0) shots.get(one)!.push(shot);
        }
      }
      print(rowOf(stream ? 'streamed' : 'plain', concurrency, shots));
    }
  }
  const metrics = (await (await fetch(`${anneal}/metrics`)).json()) as {
    completions: { records: number };
    fsyncs: number;
    residentBytes: number;
  };
  print(
    `\nRecords stored ÷ requests: ${(metrics.completions.records / sent).toFixed(4)} of ${sent}; ${(sent / metrics.fsyncs).toFixed(1)} records ` +
      `an fsync; ${Math.round(metrics.residentBytes / 2 ** 20)} MiB resident. Load ${loadavg()[0]!.toFixed(1)} at the end.`,
  );
}

function bearer(sample: number): string {
  const rollout = makeRolloutId({ campaign: CAMPAIGN, round: 0, purpose: 'pilot', policyVersion: 0, group: 0, sample });
  const expires = Math.floor(Date.now() / 1000) + 36_000;
  return `Bearer ${mintCredential({ v: 1, scope: 'rollout', campaign: CAMPAIGN, rollout, policy: POLICY, expires }, SECRET)}`;
}

async function fire(asked: Asked): Promise<Shot> {
  const argv = [here('./load.ts'), JSON.stringify(asked)];
  const { stdout } = await promisify(execFile)(process.execPath, argv, {
    env: childEnvironment({}),
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout) as Shot;
}

function rowOf(mode: string, concurrency: number, shots: ReadonlyMap<Who, readonly Shot[]>): string {
  const middle = (who: Who, of: (shot: Shot) => number): number => {
    const all = shots.get(who)!;
    return all.length === 0 ? Number.NaN : spread(all.map(of)).median;
  };
  const ratios = shots
    .get('Anneal')!
    .map((shot, turn) => shot.perSecond / (shots.get('Portkey')![turn]?.perSecond ?? Number.NaN));
  const { median, low, high } = spread(ratios);
  const figures = WHO.map((who) => middle(who, ({ perSecond }) => perSecond).toFixed(0));
  const times = (of: (shot: Shot) => number): string => WHO.map((who) => middle(who, of).toFixed(1)).join(' / ');
  return (
    `| ${mode} | ${concurrency} | ${figures.join(' | ')} | ${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}) | ` +
    `${times(({ p50 }) => p50)} | ${times(({ p99 }) => p99)} |`
  );
}
