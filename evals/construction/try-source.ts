// A few items of a source, drafted and certified as a construction would, and nothing kept of them: what a set of it would be worth.
import type { Instruments } from '../verifiers/verifier.ts';
import { certifyArtifactTask } from './certify-artifact.ts';
import type { Source, Workbench } from './source.ts';

export interface Trial {
  readonly id: string;
  readonly verifier?: string;
  /** Why it would be dropped; empty: it is certified. */
  readonly refused: readonly string[];
}

export async function trySource(
  source: Source,
  { most, ...bench }: Workbench & { readonly instruments: Instruments; readonly most: number },
): Promise<Trial[]> {
  const trials: Trial[] = [];
  const { items } = await source.draw(null);
  for (const item of items.slice(0, most)) {
    bench.signal?.throwIfAborted();
    const { tasks, dropped } = await source.draft(item, bench);
    for (const { task } of tasks) {
      const { reasons } = await certifyArtifactTask(task, bench);
      trials.push({ id: task.id, verifier: `${task.verifier.name}@${task.verifier.version}`, refused: reasons });
    }
    for (const { id, why } of dropped) trials.push({ id, refused: why });
  }
  return trials;
}
