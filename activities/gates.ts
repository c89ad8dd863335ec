// Gates' effects: frozen evidence, verified decisions, refusals on record, durable answers.
import { randomUUID } from 'node:crypto';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { asAnnealError } from '../contracts/errors.ts';
import { type GateKind, type GateResult, gateResult, type Identity } from '../contracts/gate.ts';
import type { GateActivities } from './interface.ts';
import type { Documents } from './read.ts';

const answerName = (gate: string): string => `gates/${gate}/answer`;

/** How a gate was closed, once it was. */
export async function readAnswer(
  store: Pick<ArtifactStore, 'readNamed'>,
  gate: string,
): Promise<GateResult | undefined> {
  const answered = await store.readNamed(answerName(gate));
  return answered === undefined ? undefined : gateResult.parse(JSON.parse(new TextDecoder().decode(answered.bytes)));
}

export function createGateActivities(ports: {
  store: ArtifactStore;
  documents: Documents;
  identity: Identity;
  /** The gates that need a human. */
  critical: readonly GateKind[];
}): GateActivities {
  const { store, documents, identity, critical } = ports;
  return {
    async freezeEvidence({ evidence }) {
      const object = await documents.write(evidence);
      const answer = (await readAnswer(store, evidence.gate)) ?? null;
      return { object, answer, listed: critical.includes(evidence.kind) };
    },

    async verifyDecision({ decision, context, acceptedAt }) {
      try {
        return await identity.verify(decision, context, new Date(acceptedAt));
      } catch (failure) {
        const { code, message } = asAnnealError(failure);
        await store.createNamed(
          `gates/${context.gate}/refusals/${randomUUID()}`,
          canonicalJson({ code, message, decision }),
        );
        throw failure;
      }
    },

    async recordAnswer({ result }) {
      await store.createNamed(answerName(result.gate), canonicalJson(result));
    },
  };
}
