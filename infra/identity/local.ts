// The local identity: one approver whose Ed25519 key lies on this machine, and the check of every decision.
import { randomBytes, randomUUID, sign as signEd25519 } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import {
  type Decision,
  type DecisionBody,
  type DecisionContext,
  decisionBody,
  decision as decisionSchema,
  type Identity,
  kindOfGate,
} from '../../contracts/gate.ts';
import { decisionId, type Sha256 } from '../../contracts/ids.ts';
import { NOBODY, personKey, type Registry } from '../../contracts/people.ts';
import { type Duration, durationMs } from '../../contracts/units.ts';
import type { Critical } from '../../policies/critical.ts';
import { delegationsAt, mayDecide, samePerson } from '../../policies/people.ts';
import { neededFor, quorumProblem } from '../../policies/quorum.ts';
import {
  type Approver,
  approversPath,
  createPrivateKeyFile,
  keyIdOf,
  keyPath,
  rawPublicKey,
  readApprovers,
  readPrivateKey,
  unusable,
  writeApprovers,
} from './keys.ts';
import { type ByteSignature, checkSignature } from './signature.ts';
import { type KnownSigner, signerOf } from './signers.ts';

export type { ByteSignature } from './signature.ts';

export const DEFAULT_APPROVER = 'local';

/** A signer's clock may be ahead of the gate's by so much. */
export const CLOCK_MS = 5 * 60_000;

/** What the identity asks of the registry of people (infra/people). */
export interface KnownPeople {
  /** As it is now. */
  current(): Promise<Registry>;
  /** As of the last look. */
  known(): Registry;
}
const NO_REGISTRY: KnownPeople = { current: async () => NOBODY, known: () => NOBODY };

export interface InitialisedIdentity {
  readonly approver: string;
  readonly keyId: Sha256;
  /** False when the key existed. */
  readonly created: boolean;
}

/** Who signed some bytes. A key that is revoked now may still have signed in good standing then. */
export interface Signer {
  readonly approver: string;
  readonly revoked: boolean;
}

export interface Answer {
  readonly option: string;
  readonly reason: string;
  readonly unattended: boolean;
  /** Who has lent this machine's approver their say. */
  readonly inNameOf?: string | undefined;
  /** An admin's, without the others. */
  readonly breakGlass?: boolean | undefined;
  /** How long the decision may be used. */
  readonly ttl: Duration;
  /** Default: now. */
  readonly now?: Date;
}

export interface LocalIdentity extends Identity {
  readonly keyId: Sha256;
  /** Builds and signs an answer to the gate that the context describes. */
  makeDecision(context: DecisionContext, answer: Answer): Promise<Decision>;
  signBytes(bytes: Uint8Array | string): ByteSignature;
  /** @throws AnnealError `decision.unknown_signer`, `decision.altered` */
  verifyBytes(bytes: Uint8Array | string, signed: ByteSignature): Signer;
}

/**
 * Makes this machine's approver: key pair and entry in approvers.json. Calling it again changes nothing; a run that was
 * killed half-way is completed.
 * @throws AnnealError `cli.usage` when the machine's approver has another name already; `decision.unknown_signer` when a
 * key file is damaged (nothing is overwritten)
 */
export async function initIdentity(keysDir: string, approver?: string): Promise<InitialisedIdentity> {
  const approvers = readApprovers(keysDir);
  const { key, created } = createPrivateKeyFile(keysDir);
  const raw = rawPublicKey(key);
  const keyId = keyIdOf(raw);
  const entry = approvers.find((one) => one.keyId === keyId);
  if (entry !== undefined) {
    if (approver !== undefined && approver !== entry.name) {
      throw new AnnealError('cli.usage', `the approver of this machine is ${entry.name} already, not ${approver}`);
    }
    return { approver: entry.name, keyId, created };
  }
  const name = approver ?? DEFAULT_APPROVER;
  const added: Approver = { name, keyId, publicKey: raw.toString('base64url'), addedAt: new Date().toISOString() };
  try {
    writeApprovers(keysDir, [...approvers, added]);
  } catch (failure) {
    if (!(failure instanceof z.ZodError)) throw failure;
    throw new AnnealError('cli.usage', `not a name for an approver: ${JSON.stringify(name)}`, { cause: failure });
  }
  return { approver: name, keyId, created };
}

/**
 * Opens the identity that `initIdentity` made. approvers.json and the registry of people are read again at every verification, so that a
 * revocation counts at once.
 * @param approvals of critical.yaml; who only signs needs none
 * @param people who may what, beside approvers.json; without it there is nobody else
 * @throws AnnealError `decision.unknown_signer` when the key is missing, damaged or not in approvers.json
 */
export function createLocalIdentity(
  keysDir: string,
  approvals: Partial<Critical['approvals']> = {},
  people: KnownPeople = NO_REGISTRY,
): LocalIdentity {
  const key = readPrivateKey(keysDir);
  if (key === undefined) throw unusable(`${keyPath(keysDir)} does not exist; run ./anneal init`);
  const keyId = keyIdOf(rawPublicKey(key));
  const own = (): Approver => {
    const entry = readApprovers(keysDir).find((one) => one.keyId === keyId);
    if (entry === undefined)
      throw unusable(`the key of this machine is not in ${approversPath(keysDir)}; run ./anneal init`);
    return entry;
  };
  const { name: approver } = own();

  function signBytes(bytes: Uint8Array | string): ByteSignature {
    if (own().revokedAt !== undefined) throw unusable(`the key of ${approver} is revoked`);
    return { keyId, signature: signEd25519(null, Buffer.from(bytes), key!).toString('base64url') };
  }

  function checked(registry: Registry, bytes: Uint8Array | string, signed: ByteSignature): KnownSigner {
    const signer = signerOf(readApprovers(keysDir), registry, signed.keyId);
    checkSignature(signer.key, bytes, signed);
    return signer;
  }

  async function sign(body: DecisionBody): Promise<Decision> {
    if (body.reason.trim() === '') throw new AnnealError('decision.reason_missing', 'a decision needs a reason');
    if (body.approver !== approver) throw unusable(`this machine signs as ${approver}, not as ${body.approver}`);
    const checked = decisionBody.parse(body);
    return { body: checked, ...signBytes(canonicalJson(checked)) };
  }

  const identity: LocalIdentity = {
    approver,
    keyId,
    sign,
    signBytes,
    verifyBytes(bytes, signed) {
      const { name, revokedAt } = checked(people.known(), bytes, signed);
      return { approver: name, revoked: revokedAt !== undefined };
    },

    async makeDecision(context, { option, reason, unattended, inNameOf, breakGlass, ttl, now = new Date() }) {
      if (!context.options.includes(option)) throw unknownOption(option, context);
      return sign({
        schema: 'anneal/decision/v1',
        id: decisionId.parse(randomUUID()),
        campaign: context.campaign,
        runChain: context.runChain,
        gate: context.gate,
        evidenceHash: context.evidenceHash,
        option,
        approver,
        ...(inNameOf === undefined ? {} : { inNameOf }),
        ...(breakGlass === true ? { breakGlass } : {}),
        reason,
        unattended,
        signedAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + durationMs(ttl)).toISOString(),
        nonce: randomBytes(16).toString('base64url'),
      });
    },

    async verify(given, context, now) {
      const { body, keyId: signedWith, signature, assertion } = parseDecision(given);
      const registry = await people.current();
      const signer = checked(registry, canonicalJson(body), { keyId: signedWith, signature, assertion });
      if (signer.revokedAt !== undefined) throw unusable(`the key of ${signer.name} is revoked`);
      if (signer.name !== body.approver) throw unusable(`${signer.name} signed as ${body.approver}`);
      refuseRole(signer, registry, body, now);
      if (body.reason.trim() === '') throw new AnnealError('decision.reason_missing', 'the decision gives no reason');
      refuseOtherRun(body, context);
      if (body.evidenceHash !== context.evidenceHash) {
        throw new AnnealError('decision.altered', 'the decision was made on other evidence than the gate shows');
      }
      if (!context.options.includes(body.option)) throw unknownOption(body.option, context);
      if (now.getTime() >= Date.parse(body.expiresAt)) {
        throw new AnnealError('gate.expired', `the decision, signed at ${body.signedAt}, expired at ${body.expiresAt}`);
      }
      const ahead = Date.parse(body.signedAt) - now.getTime();
      if (ahead > CLOCK_MS)
        throw new AnnealError(
          'decision.clock',
          `it was signed at ${body.signedAt}, ${Math.round(ahead / 60_000)} minutes after it was taken in`,
        );
      const theirs = [signer.name, ...(body.inNameOf === undefined ? [] : [body.inNameOf])].filter((name) =>
        isOwner(name, context.owner),
      );
      const selfApproved = theirs.length > 0;
      if (selfApproved && approvals.self === 'refused' && body.breakGlass !== true)
        throw new AnnealError(
          'decision.self_approved',
          `the decision is by ${theirs[0]}, who owns ${context.campaign}`,
        );
      if (body.unattended && approvals.unattended === 'refused')
        throw new AnnealError('decision.unattended', 'nobody was there when it was signed');
      return { selfApproved };
    },

    async verifyAll({ decision, acceptedAt, seconds = [] }, context) {
      for (const one of [...seconds, { decision, acceptedAt }])
        await identity.verify(one.decision, context, new Date(one.acceptedAt));
      const problem = quorumProblem(decision, seconds, identity.quorum(context.gate));
      if (problem !== undefined) throw new AnnealError('decision.quorum_missing', `${context.gate}: ${problem}`);
    },

    quorum: (gate) => neededFor(approvals.quorum ?? {}, kindOfGate(gate)),
  };
  return identity;

  function refuseRole(signer: KnownSigner, registry: Registry, body: DecisionBody, now: Date): void {
    const not = (why: string): AnnealError => new AnnealError('decision.not_permitted', why);
    const { inNameOf, breakGlass, unattended } = body;
    if (breakGlass === true) {
      if (approvals.breakGlass !== 'allowed') throw not('critical.yaml lets nobody answer without the others');
      if (signer.role !== 'admin') throw not(`${signer.name} is no admin, and answers nothing without the others`);
      if (unattended || inNameOf !== undefined) throw not('without the others an admin answers in person');
      return;
    }
    if (inNameOf === undefined) {
      if (!mayDecide(signer.role)) throw not(`${signer.name} is a ${signer.role}, and answers no gates`);
      return;
    }
    const kind = kindOfGate(body.gate);
    const lent = delegationsAt(registry, kind, now).some(
      ({ from, to }) => samePerson(from, inNameOf) && samePerson(to, signer.name),
    );
    const lender = registry.people.get(personKey(inNameOf));
    if (!lent || lender === undefined || lender.revokedAt !== undefined || !mayDecide(lender.role))
      throw not(`${inNameOf} has not lent ${signer.name} their say on gates of the kind ${kind ?? 'that this is'}`);
  }

  /** The owner `local` is whoever holds this machine's key, under whatever name and by whichever key of theirs. */
  function isOwner(name: string, owner: string): boolean {
    return samePerson(name, owner) || (owner === DEFAULT_APPROVER && samePerson(name, own().name));
  }
}

/** Whatever comes from outside may be malformed in any way; an empty reason is told apart, since a human can mend it. */
function parseDecision(given: unknown): Decision {
  const parsed = decisionSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const onlyReason = parsed.error.issues.every((issue) => issue.path.join('.') === 'body.reason');
  if (onlyReason) throw new AnnealError('decision.reason_missing', 'the decision gives no reason');
  throw new AnnealError('decision.altered', `not a decision: ${z.prettifyError(parsed.error)}`);
}

function refuseOtherRun(body: DecisionBody, context: DecisionContext): void {
  for (const what of ['campaign', 'runChain', 'gate'] as const) {
    if (body[what] !== context[what]) {
      throw new AnnealError('decision.other_run', `the decision is for ${what} ${body[what]}, not ${context[what]}`);
    }
  }
}

function unknownOption(option: string, context: DecisionContext): AnnealError {
  return new AnnealError(
    'decision.unknown_option',
    `${JSON.stringify(option)} is not an option of ${context.gate}: ${context.options.join(', ')}`,
  );
}
