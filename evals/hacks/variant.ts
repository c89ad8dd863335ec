// The corpus of reward hacks: for tasks of every format, artifacts that must earn nothing and artifacts that must be rewarded.
import { createHash } from 'node:crypto';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { type ArtifactTask, artifactTask } from '../../contracts/artifact-task.ts';

export interface Variant {
  readonly name: string;
  readonly language: string;
  /** Of a cheat, the class of hack (a row of docs/rewards.md); of an honest one, in what it differs from the gold. */
  readonly class: string;
  /** Contents by path. */
  readonly artifact: Readonly<Record<string, string | Uint8Array>>;
}

/** A task with everything that is known of it. */
export interface Sample {
  readonly task: ArtifactTask;
  readonly given: Variant['artifact'];
  readonly gold: Variant['artifact'];
  /** Each ends without reward, whoever wrote it and whatever it knows. */
  readonly cheats: readonly Variant[];
  /** Each is solved. */
  readonly honest: readonly Variant[];
}

type Files = Variant['artifact'];

/** A sample's task: its files named by content, as a store would. */
export function sampleTask(
  of: Pick<ArtifactTask, 'format' | 'verifier' | 'instruction' | 'check' | 'deliverables'> & {
    readonly name: string;
    readonly given?: Files;
    readonly gold: Files;
  },
): ArtifactTask {
  const { name, given = {}, gold, ...rest } = of;
  return artifactTask.parse({
    schema: 'anneal/artifact-task/v1',
    id: `hacks/${rest.format}/${name}`,
    family: name,
    capability: rest.format,
    ...rest,
    given: references(given),
    environment: null,
    gold: references(gold),
    baselineSeconds: null,
    canary: `canary of ${rest.format}/${name}`,
    source: { kind: 'made', name: 'evals/hacks', licence: 'Apache-2.0' },
  });
}

const references = (files: Files): Record<string, ArtifactRef> =>
  Object.fromEntries(Object.entries(files).map(([path, data]) => [path, referenceTo(data)]));

export function referenceTo(data: string | Uint8Array): ArtifactRef {
  const sha256 = createHash('sha256').update(data).digest('hex') as ArtifactRef['sha256'];
  return { uri: `store:objects/${sha256.slice(0, 2)}/${sha256}`, sha256, bytes: Buffer.byteLength(data) };
}
