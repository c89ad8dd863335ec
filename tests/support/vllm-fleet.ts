// A fleet of scripted vLLM servers with a store of (made up) weights, and somebody who samples from it all the while.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { sha256 } from '../../contracts/ids.ts';
import { makeWeightTag, WEIGHTS_HEADER, type WeightManifest, type WeightTag } from '../../contracts/weight-update.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { type FleetUpdate, type FleetUpdated, updateFleet } from '../../infra/vllm/fleet.ts';
import { callVllm, type VllmAnswer } from '../../infra/vllm/http.ts';
import { TIMEOUTS_MS } from '../../infra/vllm/server.ts';
import { digestOfFiles } from '../../infra/vllm/weights.ts';
import { doorsSettled } from './guard-door.ts';
import { startScriptedVllm } from './scripted-vllm.ts';
import type { ScriptedVllm, ScriptedVllmOptions } from './scripted-vllm-parts.ts';
import { breachesOf } from './vllm-invariants.ts';
import { contentOf } from './vllm-model.ts';
import { type Ended, openTranscript, type Transcript } from './vllm-transcript.ts';

export interface Weights {
  readonly ref: ArtifactRef;
  readonly tag: WeightTag;
}

/** Its end judges its transcript. */
export interface Fleet extends AsyncDisposable {
  readonly folder: string;
  readonly store: ArtifactStore;
  readonly servers: ScriptedVllm[];
  readonly urls: string[];
  /** Stores a manifest: whole, or as a delta from another. */
  weights(version: number, parent?: Weights): Promise<Weights>;
  update(target: Weights, fence: number, over?: Partial<FleetUpdate>): FleetUpdate;
  readonly transcript: Transcript;
  /** Carries it out in this process, and notes how it ended. */
  move(update: FleetUpdate): Promise<FleetUpdated>;
  /** Somebody else's update has ended so. */
  ended(how: Ended): void;
  /** Every server computes with it, on every worker, and its guard lets requests in. */
  expectServing(target: Weights, servers?: readonly ScriptedVllm[]): Promise<void>;
  /** Asks every server for these weights until stopped. */
  sample(...targets: Weights[]): { stop(): Promise<void> };
  /** How many completions of these weights a server has given out. */
  given(server: ScriptedVllm, tag: WeightTag): Promise<number>;
  /** Everything in vllm-invariants.ts holds. */
  audit(): Promise<void>;
}

/** Long enough on a busy machine, short enough to wait for a call that hangs. */
const SHORT = Object.fromEntries(Object.keys(TIMEOUTS_MS).map((call) => [call, 400])) as typeof TIMEOUTS_MS;

export async function startFleet(count: number, options: ScriptedVllmOptions = {}): Promise<Fleet> {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'anneal-fleet-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const store = createFolderStore(folder);
  const servers: ScriptedVllm[] = [];
  const transcript = openTranscript();
  for (let n = 0; n < count; n += 1) {
    const server = await startScriptedVllm({ ...options, transcript });
    stack.defer(() => server.close());
    servers.push(server);
  }
  const urls = servers.map(({ url }) => url);

  const ended = (how: Ended): void => {
    const states = servers.map(({ url, model }) => ({ server: url, paused: model.paused, content: contentOf(model) }));
    transcript.note({ what: 'ended', ...how, states });
  };

  async function audit(): Promise<void> {
    await doorsSettled();
    expect(breachesOf(transcript).map(({ rule, text }) => `${rule} ${text}`)).toEqual([]);
  }

  return {
    ...{ folder, store, servers, urls, transcript, ended, audit },
    async [Symbol.asyncDispose]() {
      await stack.disposeAsync();
      await audit();
    },
    async move(update) {
      const updated = await updateFleet(store, update);
      ended({ ...updated, lost: updated.lost.map(({ url }) => url) });
      return updated;
    },
    async given({ samples }, tag) {
      await doorsSettled();
      return samples.filter(({ asked, sample }) => asked === tag && transcript.given.has(sample)).length;
    },
    async weights(version, parent) {
      const hash = sha256.parse(version.toString(16).padStart(64, '0'));
      const files = [{ path: 'model.safetensors', bytes: 1_000, sha256: hash }];
      const digest = sha256.parse(digestOfFiles(files));
      const delta = { uri: `store:objects/${hash.slice(0, 2)}/${hash}`, sha256: hash, bytes: 10 };
      const manifest: WeightManifest = {
        ...{ schema: 'anneal/weights/v1', version, base: 'scripted', files, digest },
        content:
          parent === undefined
            ? { kind: 'full' }
            : {
                kind: 'delta',
                parent: { tag: parent.tag, manifest: parent.ref },
                deltas: [{ path: 'model.safetensors', delta }],
              },
      };
      return { ref: await store.put(JSON.stringify(manifest)), tag: makeWeightTag(version, digest) };
    },
    update: (target, fence, over) => ({
      ...{ servers: urls, manifest: target.ref, fence, minimumServers: count },
      ...{ timeoutsMs: SHORT, pollMs: 20, patienceMs: 20_000, maximumFailures: 6 },
      ...over,
    }),
    async expectServing(target, among = servers) {
      for (const { url, model } of among) {
        expect({ paused: model.paused, content: contentOf(model) }).toEqual({ paused: false, content: target.tag });
        expect(await askOnce(url, target.tag)).toMatchObject({
          status: 200,
          headers: { [WEIGHTS_HEADER]: target.tag },
        });
      }
    },
    sample(...targets) {
      const stopped = new AbortController();
      stack.defer(() => stopped.abort());
      const loops = servers.flatMap(({ url }) => targets.map(({ tag }) => ask(url, tag, stopped.signal)));
      return {
        async stop() {
          stopped.abort();
          await Promise.all(loops);
        },
      };
    },
  };
}

const askOnce = (url: string, tag: WeightTag, signal?: AbortSignal): Promise<VllmAnswer> =>
  callVllm({
    ...{ method: 'POST', url: `${url}/v1/completions`, timeoutMs: 2_000, signal },
    ...{ body: { model: 'policy', prompt: [1], max_tokens: 20, temperature: 1 }, headers: { [WEIGHTS_HEADER]: tag } },
  });

async function ask(url: string, tag: WeightTag, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await askOnce(url, tag, signal).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
