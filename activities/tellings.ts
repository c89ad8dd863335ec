// Telling people of an open gate: when each is due, and the telling itself. Addresses stay here: a workflow's history knows ids only.
import type { ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { type Evidence, evidence as evidenceSchema, type GateKind } from '../contracts/gate.ts';
import type { Channel, OnCallSpec } from '../contracts/on-call.ts';
import type { Delegation } from '../contracts/people.ts';
import { everybody, reaching, type Telling, tellings } from '../policies/on-call.ts';
import type { OpenGate, TellingActivities } from './interface.ts';
import type { Documents } from './read.ts';

export interface TellingPorts {
  readonly store: Pick<ArtifactStore, 'createNamed' | 'readNamed'>;
  readonly documents: Documents;
  /** Undefined: nobody is told but by Temporal's UI and the console. */
  readonly onCall: OnCallSpec | undefined;
  /** Whose say is lent to whom now, on this kind of gate; without it to nobody. */
  lent?(kind: GateKind): Promise<readonly Delegation[]>;
  /** @throws AnnealError `notification.failed` */
  tell(input: {
    readonly channel: Channel;
    readonly evidence: Evidence;
    readonly id: string;
    readonly deadline: Date;
    /** What has happened, where it is no question. */
    readonly news?: string;
  }): Promise<void>;
}

export function createTellingActivities({ store, documents, onCall, tell, lent }: TellingPorts): TellingActivities {
  async function planned({ evidence, openedAt, deadlineMs }: OpenGate): Promise<{ shown: Evidence; all: Telling[] }> {
    const shown = await documents.read(evidenceSchema, evidence);
    const opened = new Date(openedAt);
    const deadline = new Date(opened.getTime() + deadlineMs);
    return {
      shown,
      all: onCall === undefined ? [] : tellings(onCall, { kind: shown.kind, openedAt: opened, deadline }),
    };
  }
  /** A registry that cannot be read keeps nobody from being told. */
  async function lentNow(kind: GateKind): Promise<readonly Delegation[]> {
    return lent?.(kind).catch(() => []) ?? [];
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
      const ways = onCall === undefined ? [] : reaching(onCall, due, all, await lentNow(shown.kind));
      for (const [way, { channel }] of ways.entries())
        await tell({ channel, evidence: shown, id: `${shown.gate}/${id}${way === 0 ? '' : `-${way}`}`, deadline });
      const whom = ways[0]?.whom ?? due.whom;
      // Noted when it is told: whoever dies in between tells it again, under the same id.
      const by = ways.map(({ channel }) => channel.kind).join(', ');
      await store.createNamed(name, canonicalJson({ whom, by, at: new Date().toISOString() }));
    },

    async tellEverybody({ news, ...gate }) {
      if (onCall === undefined) return;
      const { shown } = await planned(gate);
      const deadline = new Date(Date.parse(gate.openedAt) + gate.deadlineMs);
      const failures: unknown[] = [];
      for (const [way, { whom, channel }] of everybody(onCall, new Date()).entries()) {
        const id = `glass-${way}-${whom}`;
        const name = toldName(shown.gate, id);
        if ((await store.readNamed(name)) !== undefined) continue;
        // One that nobody takes holds no other up.
        await tell({ channel, evidence: shown, id: `${shown.gate}/${id}`, deadline, news }).then(
          () => store.createNamed(name, canonicalJson({ whom, by: channel.kind, at: new Date().toISOString() })),
          (failure: unknown) => failures.push(failure),
        );
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}

const toldName = (gate: string, id: string): string => `gates/${gate}/told/${id}`;
