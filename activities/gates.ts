// Gates' effects: frozen evidence, verified decisions, refusals on record, durable answers.
import { randomUUID } from 'node:crypto';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { asAnnealError } from '../contracts/errors.ts';
import { gateResult, type Identity } from '../contracts/gate.ts';
import type { GateActivities } from './interface.ts';
import type { Documents } from './read.ts';

const answerName = (gate: string): string => `gates/${gate}/answer`;

export function createGateActivities(ports: {
  store: ArtifactStore;
  documents: Documents;
  identity: Identity;
}): GateActivities {
  const { store, documents, identity } = ports;
  return {
    async freezeEvidence({ evidence }) {
      const object = await documents.write(evidence);
      const answered = await store.readNamed(answerName(evidence.gate));
      const answer =
        answered === undefined ? null : gateResult.parse(JSON.parse(new TextDecoder().decode(answered.bytes)));
      return { object, answer };
    },

    async verifyDecision({ decision, context }) {
      try {
        return await identity.verify(decision, context, new Date());
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
