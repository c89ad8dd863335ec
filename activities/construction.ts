// Building and locking the task set, once a campaign.
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { artifactRef } from '../contracts/artifact.ts';
import type { Sandbox } from '../contracts/ports.ts';
import { constructTaskSet } from '../evals/construction/construct.ts';
import { lockTaskSet } from '../evals/construction/lock.ts';
import type { ConstructionActivities } from './interface.ts';
import type { Documents } from './read.ts';

export function createConstructionActivities(ports: {
  store: ArtifactStore;
  documents: Documents;
  sandbox: Sandbox;
}): ConstructionActivities {
  const { store, documents, sandbox } = ports;
  return {
    async buildTaskSet({ campaign, spec: specRef }) {
      const name = `campaigns/${campaign}/task-set`;
      const made = await store.readNamed(name);
      if (made !== undefined) return artifactRef.parse(JSON.parse(new TextDecoder().decode(made.bytes)));

      const spec = await documents.spec(specRef);
      let progress = { done: 0, total: 0, unit: 'tasks' };
      const beat = setInterval(() => heartbeat(progress), 1_000);
      try {
        const built = await constructTaskSet({
          spec: spec.tasks,
          seed: spec.seed,
          sandbox,
          signal: cancellationSignal(),
          onProgress: (now) => {
            progress = now;
          },
        });
        const lock = await lockTaskSet(built, {
          source: spec.tasks.source,
          seed: spec.seed,
          put: (bytes) => store.put(bytes),
        });
        const ref = await documents.write(lock);
        await store.createNamed(name, JSON.stringify(ref));
        return ref;
      } finally {
        clearInterval(beat);
      }
    },
  };
}
