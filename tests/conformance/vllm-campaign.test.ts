// A whole campaign whose policies vLLM serves and Megatron trains: two rounds on real Temporal, gateway and store, with a worker that
// is killed in the middle of a weight update. *Scripted* are the servers (though each makes the real checkpoint on a disk of its
// own) and the trainer's engine (trainer/tests/scripted_megatron.py).
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { artifactRef } from '../../contracts/artifact.ts';
import { batchSample, jobDocument, type StepMetrics, stepMetrics } from '../../contracts/job.ts';
import { campaignWorkflowId } from '../../contracts/names.ts';
import type { PolicyVersion } from '../../contracts/policy-version.ts';
import { type CampaignState, campaignState, reportData } from '../../contracts/record.ts';
import { releaseManifest } from '../../contracts/release.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import { servedWeights, WEIGHTS_HEADER } from '../../contracts/weight-update.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { createLocalIdentity } from '../../infra/identity/local.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import { fetchCheckpoint } from '../../infra/vllm/checkpoint.ts';
import { callVllm } from '../../infra/vllm/http.ts';
import { doorsSettled } from '../support/guard-door.ts';
import type { Fault } from '../support/scripted-vllm-parts.ts';
import { breachesOf } from '../support/vllm-invariants.ts';
import { openWeightsCampaign, type WeightsCampaign } from '../support/weights-campaign.ts';

const MINUTE = 60_000;
/** So that a kill falls into a call, and there is somebody to ask meanwhile. */
const SLOW_MS = 700;

let played: WeightsCampaign;
let state: CampaignState;
let killedAt: string | undefined;

beforeAll(async () => {
  played = await openWeightsCampaign();
  let worker = await played.startWorker();
  const { servers } = played;
  for (const server of servers) Object.assign(server.speeds, { worker: SLOW_MS, completion: SLOW_MS / 4 });
  // Round 1: the second server's load breaks off, and then reaches half of its workers only.
  const faults: Fault[] = [{ kind: 'breaks' }, { kind: 'refuses', stops: 'half' }];
  servers[1]!.fault = (path) => {
    const toFirst = servers[1]!.model.workers[0]?.fence === 2;
    return path === '/update_weights' && toFirst ? faults.shift() : undefined;
  };
  const sampling = sampleAll();
  expect(await played.submit()).toBe('started');
  // Round 2: the worker dies while both servers load.
  const killing = (async () => {
    while (killedAt === undefined) {
      await sleep(20);
      if (!servers.some(({ told }) => told.at(-1)?.fence === 3)) continue;
      worker.kill('SIGKILL');
      killedAt = servers.map(({ calls }) => calls.at(-1)).join(' ');
      worker = await played.startWorker();
    }
  })();
  // Between them: as soon as version 1 is asked, both servers die, and come back without their weights.
  const restarting = (async () => {
    while ((await servedFence()) !== 2) await sleep(20);
    await Promise.all(servers.map((server) => server.die()));
  })();
  const answering = answerGates();
  const handle = played.temporal.client.workflow.getHandle(campaignWorkflowId(played.spec.name));
  state = campaignState.parse(await handle.result());
  answering.stop();
  await Promise.all([killing, restarting, sampling.stop()]);
}, 8 * MINUTE);
afterAll(() => played?.[Symbol.asyncDispose](), MINUTE);

/** Whatever is asked, as it is recommended, under a signature that is verified. */
function answerGates(): { stop(): void } {
  const identity = createLocalIdentity(join(played.home, 'keys'));
  const gates = createGates(played.temporal.client, played.store);
  let stopped = false;
  void (async () => {
    for (; !stopped; await sleep(300)) {
      const status = await played.campaigns.status(played.spec.name).catch(() => undefined);
      if (status?.openGate === undefined) continue;
      const { view } = await gates.look(status.openGate.gate);
      const answer = { option: view.recommended, reason: 'as recommended', unattended: true, ttl: '5m' as const };
      await gates.decide(await identity.makeDecision(view.context, answer)).catch(() => undefined);
    }
  })();
  return { stop: () => (stopped = true) };
}

/** The number of the update that ended last. */
async function servedFence(): Promise<number> {
  const found = await played.store.readNamed(`fleets/${played.spec.name}/served`);
  return found === undefined ? 0 : servedWeights.parse(JSON.parse(new TextDecoder().decode(found.bytes))).fence;
}

/** Somebody who asks every server for every version all the while, also in the middle of its updates. */
function sampleAll(): { stop(): Promise<void> } {
  const stopped = new AbortController();
  const { signal } = stopped;
  const call = { method: 'POST', body: { model: 'policy', prompt: [1], max_tokens: 5, temperature: 1 } } as const;
  const loops = played.servers.map(async ({ url, told }) => {
    for (; !signal.aborted; await sleep(40)) {
      for (const tag of new Set(told.map((one) => one.tag))) {
        const headers = { [WEIGHTS_HEADER]: tag };
        await callVllm({ ...call, url: `${url}/v1/completions`, headers, timeoutMs: 5_000, signal }).catch(
          () => undefined,
        );
      }
    }
  });
  return {
    async stop() {
      stopped.abort();
      await Promise.all(loops);
    },
  };
}

const pool = (): Promise<CompletionRecord[]> =>
  createGatewayClient({ url: played.gateway, secret: played.secret }).completions(`${played.spec.name}/`);
const read = async <S extends z.ZodType>(
  schema: S,
  ref: Parameters<typeof artifactRef.parse>[0],
): Promise<z.infer<S>> =>
  schema.parse(JSON.parse(new TextDecoder().decode(await played.store.get(artifactRef.parse(ref)))));

/** The job document and the batch of a round. */
async function jobOf(round: number) {
  const folder = join(played.home, 'jobs', `whole-r${round}-train`);
  const document = jobDocument.parse(JSON.parse(await readFile(join(folder, 'job.json'), 'utf8')));
  const text = new TextDecoder().decode(await played.store.get(document.inputs.batch));
  const samples = text
    .trim()
    .split('\n')
    .map((line) => batchSample.parse(JSON.parse(line)));
  return { document, samples };
}

function versions(): PolicyVersion[] {
  return [state.policies.find(({ number }) => number === 0)!, ...state.rounds.map(({ policy }) => policy)];
}

describe('the campaign', () => {
  test('comes to its release, with two versions of its own and the books balanced', async () => {
    expect(state.ending).toBe('released');
    expect(state.rounds.map(({ round, to, verdict }) => ({ round, to, verdict }))).toEqual([
      { round: 1, to: 1, verdict: 'promote' },
      { round: 2, to: 2, verdict: 'promote' },
    ]);
    const named = await played.store.readNamed(`campaigns/${played.spec.name}/report`);
    const report = await read(reportData, JSON.parse(new TextDecoder().decode(named!.bytes)));
    expect(report.conservation).toMatchObject({ balanced: true, problems: [], prompts: 24 });
    expect(report.conservation.trained).toBeGreaterThan(0);
    const { body } = await read(releaseManifest, state.release);
    const last = state.rounds[1]!.policy;
    expect(body.exports).toEqual([{ name: 'weights.json', object: last.weights!.manifest }]);
    expect(body.policy).toEqual(last);
  });

  test('trained each version from the weights before, on samples with their experts', async () => {
    const all = versions();
    for (const round of [1, 2]) {
      const { document, samples } = await jobOf(round);
      expect(document).toMatchObject({
        model: { base: 'scripted/tiny', lora: null },
        inputs: { weights: all.find(({ number }) => number === round - 1)!.weights!.manifest },
        layout: { layers: 4, experts: 8 },
        export: { delta: true },
      });
      expect(samples.every(({ routing }) => routing !== undefined)).toBe(true);
      const lines: StepMetrics[] = await read(z.array(stepMetrics), state.rounds[round - 1]!.training!.metrics);
      expect(lines.map(({ replayed }) => replayed)).toEqual(lines.map(() => true));
    }
  });
});

describe('the weights', () => {
  test('of both rounds reached every server through the store, byte for byte', async () => {
    const last = state.rounds[1]!.policy;
    const whole = join(played.home, 'fetched');
    await fetchCheckpoint(played.store, last.weights!.manifest, whole);
    const files = await readdir(whole);
    expect(files.sort()).toEqual(['config.json', 'model.safetensors']);
    for (const n of [0, 1]) {
      for (const file of files) {
        expect(Buffer.compare(await readFile(join(played.diskOf(n), file)), await readFile(join(whole, file)))).toBe(0);
      }
    }
    const base = await readFile(join(played.home, 'base', 'model.safetensors'));
    expect(Buffer.compare(await readFile(join(whole, 'model.safetensors')), base)).not.toBe(0);
    const tags = [0, 1, 2].map((number) => new RegExp(`^${number}-`));
    for (const { told } of played.servers) {
      for (const tag of tags) expect(told.map((one) => one.tag)).toContainEqual(expect.stringMatching(tag));
    }
  });

  test('moved once for each version that was asked, also when a server broke and when the worker was killed', () => {
    expect(killedAt).toMatch(/update_weights/);
    // Baseline, rounds 1 and 2, and for the sealed split the base model and the candidate once more.
    const moves = new Map<number, Set<string>>();
    for (const { told } of played.servers) {
      for (const { fence, tag } of told) moves.set(fence, (moves.get(fence) ?? new Set()).add(tag));
    }
    const seen = [...moves]
      .sort(([a], [b]) => a - b)
      .map(([fence, tags]) => [fence, [...tags].map((t) => t.split('-')[0])]);
    expect(seen).toEqual([
      [1, ['0']],
      [2, ['1']],
      [3, ['2']],
      [4, ['0']],
      [5, ['2']],
    ]);
    // The broken load was begun again until it was whole, and after the restart of both once more.
    const toFirst = played.servers.map(({ told }) => told.filter(({ fence }) => fence === 2).length);
    expect(toFirst[0]).toBeGreaterThanOrEqual(2);
    expect(toFirst[1]).toBeGreaterThanOrEqual(4);
    const ended = played.transcript.entries.findLast(({ what }) => what === 'told');
    expect(ended).toMatchObject({ serving: state.rounds[1]!.policy.weights!.tag });
    expect(played.servers.map(({ model }) => model.paused)).toEqual([false, false]);
  });
});

describe('the rollouts', () => {
  test('name the weights that they were sampled with, which are those of their policy', async () => {
    const tags = new Map(versions().map(({ name, weights }) => [name, weights!.tag]));
    const usable = (await pool()).filter(({ finish }) => finish === 'stop');
    expect(usable.length).toBeGreaterThan(30);
    for (const { policy, weights, fidelity } of usable) {
      expect({ weights, fidelity }).toEqual({ weights: tags.get(policy), fidelity: 'token-exact' });
    }
  });

  test('were answered by whole versions only: no sample of a half-updated server is in a batch', async () => {
    await doorsSettled();
    const { given } = played.transcript;
    for (const { samples } of played.servers) {
      expect(samples.filter(({ sample }) => given.has(sample)).length).toBeGreaterThan(20);
    }
    expect(breachesOf(played.transcript)).toEqual([]);
    const records = new Map((await pool()).map((record) => [record.rollout, record]));
    for (const round of [1, 2]) {
      const { samples } = await jobOf(round);
      expect(samples.length).toBeGreaterThan(0);
      for (const { id } of samples) expect(records.get(id)?.weights).toMatch(new RegExp(`^${round - 1}-`));
    }
  });
});
