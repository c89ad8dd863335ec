// A fleet of scripted vLLM servers with a store of (made up) weights, and somebody who samples from it all the while.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { sha256 } from '../../contracts/ids.ts';
import { makeWeightTag, WEIGHTS_HEADER, type WeightManifest, type WeightTag } from '../../contracts/weight-update.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import type { FleetUpdate } from '../../infra/vllm/fleet.ts';
import { callVllm } from '../../infra/vllm/http.ts';
import { TIMEOUTS_MS } from '../../infra/vllm/server.ts';
import { digestOfFiles } from '../../infra/vllm/weights.ts';
import { startScriptedVllm } from './scripted-vllm.ts';
import type { ScriptedVllm, ScriptedVllmOptions } from './scripted-vllm-parts.ts';
import { contentOf } from './vllm-model.ts';

export interface Weights {
  readonly ref: ArtifactRef;
  readonly tag: WeightTag;
}

export interface Fleet extends AsyncDisposable {
  readonly folder: string;
  readonly store: ArtifactStore;
  readonly servers: ScriptedVllm[];
  readonly urls: string[];
  /** Stores a manifest: whole, or as a delta from another. */
  weights(version: number, parent?: Weights): Promise<Weights>;
  update(target: Weights, fence: number, over?: Partial<FleetUpdate>): FleetUpdate;
  /** Every server computes with it, on every worker, and lets requests in. */
  expectServing(target: Weights, servers?: readonly ScriptedVllm[]): void;
  /** Asks every server for these weights until stopped. */
  sample(...targets: Weights[]): { stop(): Promise<void> };
  /** Nothing was given out that was not made with what was asked for. */
  expectPure(): void;
}

/** Long enough on a busy machine, short enough to wait for a call that hangs. */
const SHORT = Object.fromEntries(Object.keys(TIMEOUTS_MS).map((call) => [call, 400])) as typeof TIMEOUTS_MS;

export async function startFleet(count: number, options: ScriptedVllmOptions = {}): Promise<Fleet> {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'anneal-fleet-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const store = createFolderStore(folder);
  const servers: ScriptedVllm[] = [];
  for (let n = 0; n < count; n += 1) {
    const server = await startScriptedVllm(options);
    stack.defer(() => server.close());
    servers.push(server);
  }
  const urls = servers.map(({ url }) => url);

  return {
    ...{ folder, store, servers, urls },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
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
    expectServing(target, among = servers) {
      for (const { model } of among) {
        expect({ paused: model.paused, content: contentOf(model), guard: model.guard }).toEqual({
          ...{ paused: false, content: target.tag, guard: target.tag },
        });
      }
    },
    sample(...targets) {
      const stopped = new AbortController();
      const loops = servers.flatMap(({ url }) => targets.map(({ tag }) => ask(url, tag, stopped.signal)));
      return {
        async stop() {
          stopped.abort();
          await Promise.all(loops);
        },
      };
    },
    expectPure() {
      for (const { samples } of servers) {
        for (const { asked, contents, status, finish } of samples) {
          if (status === 200 && finish !== 'abort') expect(contents).toEqual([asked, asked]);
        }
      }
    },
  };
}

async function ask(url: string, tag: WeightTag, signal: AbortSignal): Promise<void> {
  const body = { model: 'policy', prompt: [1], max_tokens: 20, temperature: 1 };
  const call = { method: 'POST', url: `${url}/v1/completions`, body, timeoutMs: 2_000, signal } as const;
  while (!signal.aborted) {
    await callVllm({ ...call, headers: { [WEIGHTS_HEADER]: tag } }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
