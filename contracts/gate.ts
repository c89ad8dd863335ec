// Pauses for a human: the gate, what was shown, and the signed answer.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { campaignName, decisionId, type GateId, gateId, sha256 } from './ids.ts';

export const gateKind = z.enum([
  'open-sealed',
  'release',
  'job-failed',
  'promotion',
  'integrity',
  'merge',
  'monitor',
  'plan',
  'review',
]);
export type GateKind = z.infer<typeof gateKind>;

/** A gate's name says its kind; undefined where it says none that there is. */
export const kindOfGate = (gate: GateId): GateKind | undefined =>
  gateKind.safeParse(gate.slice(gate.indexOf('.') + 1).replace(/-\d+$/, '')).data;

export const gateOption = z.strictObject({
  name: z.string().regex(/^[a-z][a-z-]*$/),
  /** What happens when it is chosen, in one sentence. */
  effect: z.string(),
});

/** Facts by which an effect is recognised as the one that was decided on. */
export const FACTS = {
  policy: 'policy',
  adapter: 'adapter',
  weights: 'weights',
  taskSet: 'task set',
  change: 'change',
  experiment: 'experiment',
} as const;

/** What a gate's campaign holds while it waits; of nothing, nothing is held. */
export const waiting = z.strictObject({
  held: z.array(
    z.strictObject({ what: z.string(), count: z.int().positive(), usdPerHour: z.number().nonnegative().optional() }),
  ),
});
export type Waiting = z.infer<typeof waiting>;

/**
 * Exactly what the human was shown. It is stored, and its hash is what the signature covers; nothing outside it
 * was part of the decision.
 */
export const evidence = z.strictObject({
  schema: z.literal('anneal/evidence/v1'),
  gate: gateId,
  campaign: campaignName,
  kind: gateKind,
  title: z.string(),
  why: z.string(),
  risk: z.string(),
  facts: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  logTail: z.array(z.string()).default([]),
  options: z.array(gateOption).min(2),
  recommended: z.string(),
  safe: z.string(),
  /** Costs so far. */
  cost: z.strictObject({ tokens: z.int(), seconds: z.number() }),
  /** The cost of waiting; absent in evidence from before there was this. */
  waiting: waiting.optional(),
  /** Machine-readable objects that the facts were taken from. */
  attachments: z.array(z.strictObject({ name: z.string(), object: artifactRef })).default([]),
  /** Runs that a decision may belong to: the first run id of the campaign's chain. */
  runChain: z.string(),
});
export type Evidence = z.infer<typeof evidence>;

/** What the approver signs: the canonical JSON of this, with Ed25519; a passkey signs its SHA-256, among what its authenticator adds. */
export const decisionBody = z.strictObject({
  schema: z.literal('anneal/decision/v1'),
  id: decisionId,
  campaign: campaignName,
  runChain: z.string(),
  gate: gateId,
  evidenceHash: sha256,
  option: z.string(),
  approver: z.string(),
  /** Who has lent the approver their say, for this kind of gate and this time; absent: they speak for themselves. */
  inNameOf: z.string().optional(),
  /** An admin answers without the others, even on a campaign of their own; absent otherwise, as in all decisions from before there was this. */
  breakGlass: z.literal(true).optional(),
  reason: z.string().min(1),
  /** The answer followed the recommendation without a human present (`--yes`). */
  unattended: z.boolean(),
  signedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  nonce: z.string().min(16),
});
export type DecisionBody = z.infer<typeof decisionBody>;

/** Of a passkey, base64url: exactly the bytes that its authenticator signed over. */
export const assertion = z.strictObject({ authenticatorData: z.string(), clientDataJson: z.string() });
export type Assertion = z.infer<typeof assertion>;

export const decision = z.strictObject({
  body: decisionBody,
  /** Which of the approver's keys signed: SHA-256 of its raw public key, of a passkey of its SubjectPublicKeyInfo. */
  keyId: sha256,
  /** Base64url: an Ed25519 signature over the canonical JSON of `body`, or a passkey's over its assertion. */
  signature: z.string(),
  assertion: assertion.optional(),
});
export type Decision = z.infer<typeof decision>;

/** What `verifyDecision` must agree with. */
export const decisionContext = z.strictObject({
  campaign: campaignName,
  runChain: z.string(),
  gate: gateId,
  evidenceHash: sha256,
  options: z.array(z.string()),
  owner: z.string(),
});
export type DecisionContext = z.infer<typeof decisionContext>;

/** A decision that a gate took in. */
export const takenIn = z.strictObject({
  decision,
  selfApproved: z.boolean(),
  /** What its expiry is judged by, however late its effect is. */
  acceptedAt: z.iso.datetime(),
});
export type TakenIn = z.infer<typeof takenIn>;

/**
 * A closed gate. An expired one has no decision: its safe option was taken. Nor has an automatic one, which critical.yaml does not
 * list: its recommended option was taken without asking.
 */
export const gateResult = z.discriminatedUnion('how', [
  z.strictObject({
    how: z.literal('decided'),
    gate: gateId,
    option: z.string(),
    decision,
    selfApproved: z.boolean(),
    /** When the gate took the decision in: what its expiry is judged by, however late its effect is. */
    acceptedAt: z.iso.datetime(),
    /** Those of other people, for the same option, that had come before where a quorum is asked for. */
    seconds: z.array(takenIn).optional(),
  }),
  z.strictObject({ how: z.literal('expired'), gate: gateId, option: z.string() }),
  z.strictObject({ how: z.literal('automatic'), gate: gateId, option: z.string() }),
]);
export type GateResult = z.infer<typeof gateResult>;

/** An answer that was taken in and is not enough yet: so many of so many people have said so. */
export const countedAnswer = z.strictObject({
  how: z.literal('counted'),
  gate: gateId,
  option: z.string(),
  counted: z.int().positive(),
  needed: z.int().positive(),
  /** Who has said so. */
  people: z.array(z.string()),
});
export type CountedAnswer = z.infer<typeof countedAnswer>;
/** What whoever answers is told. */
export type GateAnswer = GateResult | CountedAnswer;

interface Seconds {
  readonly seconds?: readonly TakenIn[] | undefined;
}

/** Signs and verifies decisions; the local adapter keeps an Ed25519 key made by `anneal init`. */
export interface Identity {
  readonly approver: string;
  sign(body: DecisionBody): Promise<Decision>;
  /**
   * Throws `AnnealError` with a `decision.*` code unless signature, signer, context, option, reason and expiry agree.
   * It keeps no memory of used ids: replay is refused by the gate, and by the effect's own compare-and-swap.
   * @param now instant to judge expiry by
   */
  verify(decision: Decision, context: DecisionContext, now: Date): Promise<{ selfApproved: boolean }>;
  /**
   * What closed a gate, before its effect: every decision of it, each by when it was taken in, and that they are enough.
   * @throws AnnealError as `verify` does; `decision.quorum_missing`
   */
  verifyAll(answer: Pick<TakenIn, 'decision' | 'acceptedAt'> & Seconds, context: DecisionContext): Promise<void>;
  /** How many people a gate needs for anything but its safe option. */
  quorum(gate: GateId): number;
}
