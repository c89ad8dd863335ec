// Which documents and weights of a campaign trackers get.
import { createHash } from 'node:crypto';
import { artifactRef } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { type Sha256, sha256 } from '../contracts/ids.ts';
import { lockedSet } from '../contracts/locked-set.ts';
import { type CampaignState, reportData } from '../contracts/record.ts';
import { releaseManifest } from '../contracts/release.ts';
import type { TrackingPorts } from './tracking.ts';

export interface Content {
  readonly name: string;
  readonly sha256: Sha256;
  readonly type: string;
  bytes(): Promise<Uint8Array>;
}

/**
 * What is needed to repeat a campaign and to take its result. Never the tasks of the locked splits, nor what a model wrote:
 * a tracker is read by more people than the campaign's store.
 */
export async function contentsOf(ports: TrackingPorts, spec: CampaignSpec, state: CampaignState): Promise<Content[]> {
  const { store, documents, weightBytes = 64 << 20 } = ports;
  const json = (name: string, value: unknown): Content => {
    const text = canonicalJson(value);
    const hash = sha256.parse(createHash('sha256').update(text).digest('hex'));
    return { name, sha256: hash, type: 'application/json', bytes: async () => new TextEncoder().encode(text) };
  };
  const contents = [json('spec.json', spec)];
  if (state.taskSet !== undefined) {
    // Roots and sizes: the lock itself names the functions of the locked splits.
    const { source, seed, root, splits } = await documents.read(lockedSet, state.taskSet);
    const parts = Object.entries(splits).map(([name, part]) => [name, { tasks: part.tasks, root: part.root }]);
    contents.push(json('task-set.json', { source, seed, root, splits: Object.fromEntries(parts) }));
    contents.push(json('manifest.json', await ports.manifest({ spec: state.spec, taskSet: state.taskSet })));
  }
  contents.push(json('policies.json', { best: state.best, latest: state.latest, versions: state.policies }));
  if (state.release !== undefined)
    contents.push(json('release.json', await documents.read(releaseManifest, state.release)));
  if (state.ending !== 'running') {
    const named = await store.readNamed(`campaigns/${state.campaign}/report`);
    if (named !== undefined) {
      const ref = artifactRef.parse(JSON.parse(new TextDecoder().decode(named.bytes)));
      contents.push(json('conservation.json', (await documents.read(reportData, ref)).conservation));
    }
  }
  // The version that users would get; the others are named in policies.json.
  const best = state.policies.find(({ number }) => number === state.best);
  for (const [name, object] of [
    ['best/adapter.safetensors', best?.adapter],
    ['best/adapter.gguf', best?.adapterGguf],
    ['best/weights.json', best?.weights?.manifest],
  ] as const) {
    if (!object || object.bytes > weightBytes) continue;
    const bytes = () => store.get(object);
    contents.push({ name, sha256: object.sha256, type: 'application/octet-stream', bytes });
  }
  return contents;
}
