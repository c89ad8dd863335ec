// Gates' effects: frozen evidence, verified decisions, refusals on record, durable answers; each of them noted in the audit log before it is
// acknowledged.
import { createHash, randomUUID } from 'node:crypto';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import type { AuditEvent, AuditLog } from '../contracts/audit.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { AnnealError, asAnnealError } from '../contracts/errors.ts';
import {
  type Decision,
  type DecisionContext,
  type GateKind,
  type GateResult,
  gateResult,
  type Identity,
  type TakenIn,
} from '../contracts/gate.ts';
import { type Sha256, sha256 } from '../contracts/ids.ts';
import { type GateWait, gateWait } from '../contracts/record.ts';
import { needsHuman } from '../policies/critical.ts';
import { heldWhileWaiting } from '../policies/waiting.ts';
import type { GateActivities } from './interface.ts';
import type { Documents } from './read.ts';

const openedName = (gate: string, evidence: string): string => `gates/${gate}/opened/${evidence}`;
const closedName = (gate: string): string => `gates/${gate}/closed`;
const now = (): string => JSON.stringify(new Date().toISOString());
const answerName = (gate: string): string => `gates/${gate}/answer`;

/** How a gate was closed, once it was. */
export async function readAnswer(
  store: Pick<ArtifactStore, 'readNamed'>,
  gate: string,
): Promise<GateResult | undefined> {
  const answered = await store.readNamed(answerName(gate));
  return answered === undefined ? undefined : gateResult.parse(JSON.parse(new TextDecoder().decode(answered.bytes)));
}

/** How long a gate was open on this evidence, and who was told of it; of gates from before this was kept, what there is. */
export async function readWait(
  store: Pick<ArtifactStore, 'readNamed' | 'listNamed'>,
  gate: string,
  evidence: string,
): Promise<GateWait> {
  const read = async (name: string): Promise<unknown> => {
    const found = await store.readNamed(name);
    return found === undefined ? undefined : JSON.parse(new TextDecoder().decode(found.bytes));
  };
  const [openedAt, closedAt, names] = await Promise.all([
    read(openedName(gate, evidence)),
    read(closedName(gate)),
    store.listNamed(`gates/${gate}/told/`),
  ]);
  const told = await Promise.all(names.slice(0, MOST_TOLD).map(read));
  return gateWait.parse({
    gate,
    ...(openedAt === undefined ? {} : { openedAt }),
    ...(closedAt === undefined ? {} : { closedAt }),
    told: told.filter((one) => one !== undefined).toSorted((a, b) => instantOf(a).localeCompare(instantOf(b))),
  });
}

const MOST_TOLD = 50;
const instantOf = (note: unknown): string => String((note as { at?: unknown }).at);

export function createGateActivities(ports: {
  store: ArtifactStore;
  documents: Documents;
  identity: Identity;
  /** The gates that need a human. */
  critical: readonly GateKind[];
  audit: AuditLog;
}): GateActivities {
  const { store, documents, identity, critical, audit } = ports;

  /** Of one that may not close the gate by itself: whatever becomes of the gate, it is on record. */
  async function keepAnswer(gate: DecisionContext['gate'], decision: Decision): Promise<void> {
    const hash = hashOf(decision);
    await store.createNamed(`gates/${gate}/answers/${hash}`, canonicalJson(decision));
    const { option, breakGlass } = decision.body;
    const what = breakGlass === true ? 'glass-broken' : 'gate-answered';
    await audit.note(`answered:${gate}:${hash}`, { what, gate, option, ...saidBy(decision) });
  }

  async function lapsedOf(before: readonly TakenIn[], context: DecisionContext): Promise<string[]> {
    const standing = await Promise.all(
      before.map(({ decision, acceptedAt }) =>
        identity.verify(decision, context, new Date(acceptedAt)).then(
          () => true,
          (failure: unknown) => {
            if (asAnnealError(failure).code.startsWith('decision.')) return false;
            throw failure;
          },
        ),
      ),
    );
    return before.filter((_, at) => !standing[at]).map(({ decision }) => decision.body.id);
  }

  /** Nobody answers on what nobody can see any more, but for the option that is taken on silence anyway. */
  async function refuseUnseen(
    { body }: Decision,
    { evidenceHash }: DecisionContext,
    { evidence, safe }: { evidence: ArtifactRef; safe: string },
  ): Promise<void> {
    if (evidence.sha256 !== evidenceHash)
      throw new AnnealError('decision.altered', 'the gate shows other evidence than it asks about');
    if (body.option !== safe) await store.get(evidence);
  }

  return {
    async freezeEvidence({ evidence: asked }) {
      // By the profile that the campaign was submitted with, which never changes: freezing again gives the same object.
      const evidence = { ...asked, waiting: heldWhileWaiting(await documents.profile(asked.campaign)) };
      const object = await documents.write(evidence);
      const answer = (await readAnswer(store, evidence.gate)) ?? null;
      const { gate, kind } = evidence;
      const listed = critical.includes(kind);
      await store.createNamed(openedName(gate, object.sha256), now());
      const opened = { what: 'gate-opened', gate, kind, evidence: object } as const;
      await audit.note(`opened:${gate}:${object.sha256}`, { ...opened, asked: needsHuman(kind, listed) });
      return { object, answer, listed, quorum: identity.quorum(gate) };
    },

    async verifyDecision({ decision, context, acceptedAt, before = [], shown }) {
      try {
        const { selfApproved } = await identity.verify(decision, context, new Date(acceptedAt));
        if (shown !== undefined) await refuseUnseen(decision, context, shown);
        const needed = identity.quorum(context.gate);
        if (needed > 1 || decision.body.breakGlass === true) await keepAnswer(context.gate, decision);
        return { selfApproved, needed, ...(before.length > 0 && { lapsed: await lapsedOf(before, context) }) };
      } catch (failure) {
        const { code, message } = asAnnealError(failure);
        await store.createNamed(
          `gates/${context.gate}/refusals/${randomUUID()}`,
          canonicalJson({ code, message, decision }),
        );
        const { gate } = context;
        const refused = hashOf(decision);
        const event = { what: 'decision-refused', gate, code, why: message, decision: refused } as const;
        await audit.note(`refused:${gate}:${refused}:${code}`, event);
        throw failure;
      }
    },

    async recordAnswer({ result }) {
      await store.createNamed(answerName(result.gate), canonicalJson(result));
      await store.createNamed(closedName(result.gate), now());
      // Of two at a time the first is the answer, and what is noted.
      const answer = (await readAnswer(store, result.gate)) ?? result;
      await audit.note(`closed:${answer.gate}`, closing(answer));
    },
  };
}

function closing(answer: GateResult): AuditEvent {
  const { gate, option } = answer;
  if (answer.how !== 'decided') return { what: 'gate-closed', gate, option, decided: null };
  const { decision, selfApproved, seconds = [] } = answer;
  const { unattended, breakGlass, evidenceHash: evidence } = decision.body;
  const beside = seconds.map((one) => ({ ...saidBy(one.decision), selfApproved: one.selfApproved }));
  const decided = {
    ...saidBy(decision),
    ...(breakGlass && { breakGlass }),
    ...{ unattended, selfApproved, evidence },
    ...(beside.length === 0 ? {} : { seconds: beside }),
  };
  return { what: 'gate-closed', gate, option, decided };
}

function saidBy(decision: Decision) {
  const { approver, inNameOf, reason } = decision.body;
  return {
    approver,
    ...(inNameOf === undefined ? {} : { inNameOf }),
    keyId: decision.keyId,
    reason,
    decision: hashOf(decision),
  };
}

const hashOf = (value: unknown): Sha256 =>
  sha256.parse(createHash('sha256').update(canonicalJson(value)).digest('hex'));
