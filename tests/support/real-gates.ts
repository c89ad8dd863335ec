// Gates as they are: the workflow on a real Temporal server, the real activities, identity, registry of people and audit log in a store of the
// test's own. Only what a campaign would do around a gate is left out.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { expect, vi } from 'vitest';
import { atBoundary } from '../../activities/boundary.ts';
import { createGateActivities } from '../../activities/gates.ts';
import { createDocuments } from '../../activities/read.ts';
import { createTellingActivities, type TellingPorts } from '../../activities/tellings.ts';
import type { Session } from '../../cli/session.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { Decision, DecisionBody, DecisionContext, Evidence, GateKind, GateResult } from '../../contracts/gate.ts';
import { campaignName, decisionId, gateId } from '../../contracts/ids.ts';
import { GATE, gateWorkflowId, QUEUES } from '../../contracts/names.ts';
import type { OnCallSpec } from '../../contracts/on-call.ts';
import { readAudit } from '../../infra/audit/verify.ts';
import { createWitness } from '../../infra/audit/witness.ts';
import type { LocalIdentity } from '../../infra/identity/local.ts';
import { createGates, type Gates } from '../../infra/temporal/gates.ts';
import type { Critical } from '../../policies/critical.ts';
import { delegationsAt } from '../../policies/people.ts';
import type { GateInput, GateView } from '../../workflows/gate.ts';
import { openPeople, type PeopleAtHand } from './people.ts';
import { temporal, workersOf } from './play-campaign.ts';
import type { SoftwarePasskey } from './software-passkey.ts';

export interface OpenedGate {
  readonly context: DecisionContext;
  readonly evidence: Evidence;
  readonly view: () => Promise<GateView>;
  readonly result: () => Promise<GateResult | null>;
  /** As whoever reaches Temporal may. */
  readonly signal: (decision: unknown) => Promise<void>;
  /** To this gate, whatever it names; a refusal's `code` as commands have it. */
  readonly update: (decision: unknown) => Promise<unknown>;
  readonly terminate: () => Promise<unknown>;
}

export interface RealGates extends PeopleAtHand {
  readonly gates: Gates;
  readonly told: Parameters<TellingPorts['tell']>[0][];
  open(campaign: string, options?: GateOptions): Promise<OpenedGate>;
  /** As commands have it: answers of this identity. */
  session(identity?: LocalIdentity): Session;
  send(decision: Decision): Promise<unknown>;
  /** What stands in the audit log, in order; whole, or the test fails. */
  noted(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface GateOptions {
  readonly kind?: GateKind;
  readonly owner?: string;
  readonly deadlineMs?: number;
  readonly runChain?: string;
}

export async function realGates(
  approvals: Partial<Critical['approvals']> = {},
  { onCall }: { readonly onCall?: OnCallSpec } = {},
): Promise<RealGates> {
  const at = await openPeople(approvals);
  const { store, identity, audit } = at;
  const documents = createDocuments(store);
  const told: RealGates['told'] = [];
  const activities = {
    ...createGateActivities({ store, documents, identity, critical: ['release', 'open-sealed'], audit }),
    ...createTellingActivities({
      ...{ store, documents, onCall },
      tell: async (input) => void told.push(input),
      lent: async (kind) => delegationsAt(await at.people.current(), kind, new Date()),
    }),
  };
  const stop = await workersOf(atBoundary(activities));
  const gates = createGates(temporal(), store);

  return {
    ...at,
    gates,
    told,
    async open(
      campaign,
      { kind = 'release', owner = 'somebody', deadlineMs = 120_000, runChain = `run-of-${campaign}` } = {},
    ) {
      const gate = gateId.parse(`${campaign}.${kind}-1`);
      const shown: Evidence = {
        ...{ schema: 'anneal/evidence/v1', gate, campaign: campaignName.parse(campaign), kind, runChain },
        ...{ title: 'Release?', why: 'It gained.', risk: 'Users get it.', facts: [], logTail: [], attachments: [] },
        ...{ cost: { tokens: 0, seconds: 0 }, waiting: { held: [] }, recommended: 'release', safe: 'keep' },
        options: ['release', 'wait', 'keep'].map((name) => ({ name, effect: name })),
      };
      const { object, quorum } = await activities.freezeEvidence({ evidence: shown });
      const context: DecisionContext = {
        ...{ campaign: shown.campaign, runChain, gate, evidenceHash: object.sha256, owner },
        options: shown.options.map(({ name }) => name),
      };
      const input: GateInput = {
        ...{ context, evidence: object, title: shown.title, recommended: 'release', safe: 'keep' },
        ...{ deadlineMs, remindMs: deadlineMs, campaignWorkflowId: 'campaign/nobody' },
        ...(quorum === undefined ? {} : { quorum }),
      };
      const options = { workflowId: gateWorkflowId(gate), taskQueue: QUEUES.control, args: [input] };
      const handle = await temporal().workflow.start('gate', options);
      const view = () => handle.query<GateView>(GATE.view);
      await vi.waitFor(async () => expect(await view()).toMatchObject({ state: 'open' }), { timeout: 20_000 });
      return {
        ...{ context, evidence: shown, view },
        result: () => handle.result() as Promise<GateResult | null>,
        update: (decision) => handle.executeUpdate(GATE.decide, { args: [decision] }).catch(withCode),
        signal: (decision) => handle.signal(GATE.decideSignal, decision),
        terminate: () => handle.terminate('a test'),
      };
    },
    session: (by = identity) =>
      ({ json: false, colour: false, store, gates: async () => gates, identity: async () => by }) as unknown as Session,
    send: (decision) => gates.decide(decision),
    async noted() {
      const seen = await createWitness(join(at.root, 'audit', 'head.json')).read();
      const { entries, problems } = await readAudit({
        ...{ store, verifyBytes: identity.verifyBytes, witnesses: seen === undefined ? [] : [seen] },
      });
      expect(problems).toEqual([]);
      return entries.map(({ entry }) => entry.event.what);
    },
    async close() {
      await stop();
      await rm(at.root, { recursive: true, force: true });
    },
  };
}

function withCode(failure: unknown): never {
  let cause: unknown = failure;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  throw cause instanceof ApplicationFailure ? Object.assign(new Error(cause.message), { code: cause.type }) : failure;
}

/** What a phone signs. */
export function byPhone(
  by: SoftwarePasskey,
  context: DecisionContext,
  option: string,
  change: Partial<DecisionBody> = {},
): Decision {
  const { options: _options, owner: _owner, ...bound } = context;
  const body: DecisionBody = {
    ...{ schema: 'anneal/decision/v1', id: decisionId.parse(`of-${Math.random()}`), ...bound, option },
    ...{ approver: by.entry.name, reason: 'It holds.', unattended: false, nonce: 'n'.repeat(22) },
    signedAt: new Date().toISOString(),
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    ...change,
  };
  return { body, keyId: by.entry.keyId, ...by.assert(canonicalJson(body)) };
}

/** The answer as it is kept. */
export const keptAnswer = async ({ root }: PeopleAtHand, gate: string): Promise<unknown> =>
  JSON.parse(await readFile(join(root, 'store', 'names', 'gates', gate, 'answer', '@1'), 'utf8'));
