// Telling people of an open gate: when each is due, and the telling itself. Addresses stay here: a workflow's history knows ids only.
import type { ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { type Evidence, evidence as evidenceSchema } from '../contracts/gate.ts';
import type { Channel, OnCallSpec } from '../contracts/on-call.ts';
import { type Telling, tellings } from '../policies/on-call.ts';
import type { OpenGate, TellingActivities } from './interface.ts';
import type { Documents } from './read.ts';

export interface TellingPorts {
  readonly store: Pick<ArtifactStore, 'createNamed' | 'readNamed'>;
  readonly documents: Documents;
  /** Undefined: nobody is told but by Temporal's UI and the console. */
  readonly onCall: OnCallSpec | undefined;
  /** @throws AnnealError `notification.failed` */
  tell(input: {
    readonly channel: Channel;
    readonly evidence: Evidence;
    readonly id: string;
    readonly deadline: Date;
  }): Promise<void>;
}

export function createTellingActivities({ store, documents, onCall, tell }: TellingPorts): TellingActivities {
  async function planned({ evidence, openedAt, deadlineMs }: OpenGate): Promise<{ shown: Evidence; all: Telling[] }> {
    const shown = await documents.read(evidenceSchema, evidence);
    const opened = new Date(openedAt);
    const deadline = new Date(opened.getTime() + deadlineMs);
    return {
      shown,
      all: onCall === undefined ? [] : tellings(onCall, { kind: shown.kind, openedAt: opened, deadline }),
    };
  }
  return {
    async planTellings(gate) {
      const { all } = await planned(gate);
      const opened = Date.parse(gate.openedAt);
      return all.map(({ id, at }) => ({ id, afterMs: at.getTime() - opened }));
    },

    async tell({ id, ...gate }) {
      const { shown, all } = await planned(gate);
      const due = all.find((one) => one.id === id);
      // The file names others by now.
      if (due === undefined) return;
      const name = toldName(shown.gate, id);
      if ((await store.readNamed(name)) !== undefined) return;
      const deadline = new Date(Date.parse(gate.openedAt) + gate.deadlineMs);
      await tell({ channel: due.channel, evidence: shown, id: `${shown.gate}/${id}`, deadline });
      // Noted when it is told: whoever dies in between tells it again, under the same id.
      const { whom, channel } = due;
      await store.createNamed(name, canonicalJson({ whom, by: channel.kind, at: new Date().toISOString() }));
    },
  };
}

const toldName = (gate: string, id: string): string => `gates/${gate}/told/${id}`;
