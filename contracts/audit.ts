// The audit log: what was asked of humans, what they answered, and what came of it. A chain of entries, each naming the one before by its hash,
// and for each a head that somebody with a key has signed: who holds a later head can tell that earlier ones were cut off.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { changeId, commitId, repositoryName } from './change.ts';
import { gateKind } from './gate.ts';
import { campaignName, gateId, sha256 } from './ids.ts';
import { peopleChange, personName } from './people.ts';

/** Names its campaign too. */
const of = { gate: gateId };

const saidBy = {
  approver: z.string(),
  inNameOf: z.string().optional(),
  keyId: sha256,
  reason: z.string(),
  /** SHA-256 over the canonical JSON of the signed decision. */
  decision: sha256,
};

export const auditEvent = z.discriminatedUnion('what', [
  /** `asked`: a human is waited for; else it takes its recommended option by itself. */
  z.strictObject({ what: z.literal('gate-opened'), ...of, kind: gateKind, evidence: artifactRef, asked: z.boolean() }),
  /** What was sent as a decision and is none. */
  z.strictObject({ what: z.literal('decision-refused'), ...of, code: z.string(), why: z.string(), decision: sha256 }),
  /** A genuine answer at a gate that asks for several: whatever the gate made of it stands in its closing entry. */
  z.strictObject({ what: z.literal('gate-answered'), ...of, option: z.string(), ...saidBy }),
  /** An admin is about to answer without the others; noted before the gate takes it in. */
  z.strictObject({ what: z.literal('glass-broken'), ...of, option: z.string(), ...saidBy }),
  z.strictObject({
    what: z.literal('gate-closed'),
    ...of,
    option: z.string(),
    /** Null: nobody answered in time. */
    decided: z
      .strictObject({
        ...saidBy,
        /** Without the others, by an admin: noted before it was taken in, too. */
        breakGlass: z.literal(true).optional(),
        unattended: z.boolean(),
        selfApproved: z.boolean(),
        evidence: sha256,
        /** Other people's decisions for the same option, which came before where a quorum is asked for. */
        seconds: z.array(z.strictObject({ ...saidBy, selfApproved: z.boolean() })).optional(),
      })
      .nullable(),
  }),
  z.strictObject({
    what: z.literal('sealed-opened'),
    campaign: campaignName,
    taskSet: sha256,
    /** The root that the opening is counted by; absent in entries that were counted by the whole set's. */
    split: sha256.optional(),
    number: z.int(),
    decision: sha256,
  }),
  z.strictObject({
    what: z.literal('released'),
    campaign: campaignName,
    base: z.string(),
    policy: z.string(),
    manifest: sha256,
    decision: sha256,
  }),
  /** A change by agents is on a branch. `decision` null: none was needed, and `request` says why not. */
  z.strictObject({
    what: z.literal('change-landed'),
    campaign: campaignName,
    repository: repositoryName,
    change: changeId,
    commit: commitId,
    request: artifactRef,
    decision: sha256.nullable(),
  }),
  /** Noted before the pointer is moved, so that no rollback goes without: `to` null is the base model. */
  z.strictObject({
    what: z.literal('rollback-asked'),
    base: z.string(),
    from: z.string().nullable(),
    to: z.string().nullable(),
    by: z.string(),
  }),
  /** A link that makes the registry's first admin was printed, by whose key, and until when it is worth anything. */
  z.strictObject({ what: z.literal('admin-invited'), name: personName, by: z.string(), until: z.iso.datetime() }),
  /** The registry of people: the SHA-256 of the bytes of its entry of this number. */
  z.strictObject({
    what: z.literal('people-changed'),
    number: z.int().positive(),
    entry: sha256,
    by: z.string(),
    change: peopleChange,
  }),
]);
export type AuditEvent = z.infer<typeof auditEvent>;

export const auditEntry = z.strictObject({
  schema: z.literal('anneal/audit-entry/v1'),
  /** From 1, without gaps. */
  number: z.int().positive(),
  /** SHA-256 of the bytes of the entry before; null for the first. */
  previous: sha256.nullable(),
  at: z.iso.datetime(),
  /** What it is an entry of: noted once, however often somebody tries. */
  id: z.string().min(1),
  event: auditEvent,
});
export type AuditEntry = z.infer<typeof auditEntry>;

export const auditHeadBody = z.strictObject({
  schema: z.literal('anneal/audit-head/v1'),
  number: z.int().positive(),
  /** SHA-256 of the bytes of the entry of this number. */
  entry: sha256,
});
export type AuditHeadBody = z.infer<typeof auditHeadBody>;

/** Ed25519 over the canonical JSON of `body`. */
export const auditHead = z.strictObject({ body: auditHeadBody, keyId: sha256, signature: z.string() });
export type AuditHead = z.infer<typeof auditHead>;

/** Where events are noted. */
export interface AuditLog {
  /**
   * Notes it once: an id that stands there already changes nothing. Durable when it returns.
   * @throws AnnealError `audit.broken` where the log ends otherwise than this machine has seen it end; `store.*`
   */
  note(id: string, event: AuditEvent): Promise<void>;
}
