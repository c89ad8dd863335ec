// The two effects that need a decision, with a real store, key and registry: what they refuse, whoever asks.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import {
  type Decision,
  type DecisionContext,
  evidence as evidenceSchema,
  FACTS,
  type GateKind,
} from '../contracts/gate.ts';
import { gateId, sha256 } from '../contracts/ids.ts';
import type { TaskSetLock } from '../contracts/task.ts';
import { lockTaskSet } from '../evals/construction/lock.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../infra/identity/local.ts';
import { BASE, CAMPAIGN, exampleRelease, openGate } from '../infra/releases/release.fixture.ts';
import { createReleases } from '../infra/releases/releases.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { auditIn } from '../tests/support/audit.ts';
import { scriptedSpec } from '../tests/support/scripted-activities.ts';
import { createCampaignActivities } from './campaign.ts';
import { createGateActivities } from './gates.ts';
import type { CampaignActivities } from './interface.ts';
import { createDocuments } from './read.ts';

const code = (wanted: string) => expect.objectContaining({ code: wanted });
const RUN = 'run-1';
type Effect = 'open-sealed' | 'release';
const GRANTS = { 'open-sealed': 'open', release: 'release' } as const;

let folder: string;
let store: ArtifactStore;
let identity: LocalIdentity;
let act: Pick<CampaignActivities, 'openSealed' | 'publishRelease' | 'sealedOpeningsLeft'>;
let spec: ArtifactRef;
let taskSet: ArtifactRef;
let lock: TaskSetLock;
let released: Awaited<ReturnType<typeof exampleRelease>>['body'];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-effects-'));
  store = createFolderStore(join(folder, 'store'));
  await initIdentity(join(folder, 'keys'));
  identity = createLocalIdentity(join(folder, 'keys'));
  const documents = createDocuments(store);
  spec = await documents.write(scriptedSpec(CAMPAIGN));
  const empty = { splits: { visible: [], gate: [], sealed: [] }, considered: 0, dropped: [], python: '3.11' };
  lock = await lockTaskSet(empty, { source: 'python-stdlib', seed: 1, put: (bytes) => store.put(bytes) });
  taskSet = await documents.write(lock);
  released = (await exampleRelease(store, identity)).body;
  const releases = createReleases(store, identity, auditIn(folder, store, identity));
  act = createCampaignActivities({ store, documents, releases, manifest: async () => released.manifest });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Asked {
  readonly context: DecisionContext;
  readonly evidence: ArtifactRef;
}
const gate = (effect: Effect, shown: Partial<Parameters<typeof openGate>[1]> = {}): Promise<Asked> =>
  openGate(store, {
    kind: effect as GateKind,
    options: [GRANTS[effect], 'keep'].map((name) => ({ name, effect: name })),
    facts: [
      { name: FACTS.taskSet, value: taskSet.sha256 },
      { name: FACTS.policy, value: released.policy.name },
      { name: FACTS.adapter, value: released.policy.adapter!.sha256 },
    ],
    ...shown,
  });
const decide = (asked: Asked, option: string, now = new Date()): Promise<Decision> =>
  identity.makeDecision(asked.context, { option, reason: 'A test', unattended: false, ttl: '1h', now });

/** Closes the gate with the decision, as the gate workflow does, and asks for the effect. */
async function carryOut(
  effect: Effect,
  decision: Decision,
  evidence: ArtifactRef,
  acceptedAt: string = new Date().toISOString(),
): Promise<void> {
  const { option } = decision.body;
  const shown = evidenceSchema.parse(JSON.parse(new TextDecoder().decode(await store.get(evidence))));
  if (acceptedAt !== 'never') {
    const result = { how: 'decided', gate: shown.gate, option, decision, selfApproved: true, acceptedAt } as const;
    await createGateActivities({
      store,
      documents: createDocuments(store),
      identity,
      critical: [],
      audit: auditIn(folder, store, identity),
    }).recordAnswer({
      result,
    });
  }
  const common = { spec, taskSet, decision, evidence, runChain: RUN };
  if (effect === 'open-sealed') return act.openSealed(common);
  const { policy, gate: measured, sealed } = released;
  await act.publishRelease({ ...common, policy: { ...policy, adapterGguf: policy.adapter }, gate: measured, sealed });
}
const happened = async (): Promise<string[]> => [
  ...(await store.listNamed('sealed/')),
  ...(await store.listNamed('released/')),
];

it('what is left of the budget is counted by the sealed split, and what was recorded by the whole set is spent', async () => {
  const left = async () => (await act.sealedOpeningsLeft({ spec, taskSet })).left;
  const before = await left();
  await store.createNamed(`sealed/${lock.splits.sealed.root}/1`, 'an opening');
  expect(await left()).toBe(before - 1);
  await store.createNamed(`sealed/${lock.root}/1`, 'an opening of before');
  expect(await left()).toBe(Math.max(0, before - 2));
  expect(before).toBeGreaterThan(0);
});

describe.each(['open-sealed', 'release'] as const)('%s', (effect) => {
  const other: Effect = effect === 'release' ? 'open-sealed' : 'release';

  it('happens once by a decision on this very thing', async () => {
    const asked = await gate(effect);
    const decision = await decide(asked, GRANTS[effect]);
    await carryOut(effect, decision, asked.evidence);
    await carryOut(effect, decision, asked.evidence);
    expect(await happened()).toEqual([
      effect === 'release' ? `released/${BASE}` : `sealed/${lock.splits.sealed.root}/1`,
    ]);
  });

  it('is refused by a decision for another gate of the campaign', async () => {
    const asked = await gate(effect);
    const elsewhere = await gate(effect, { gate: gateId.parse(`${CAMPAIGN}.${effect}-2`) });
    const decision = await decide(elsewhere, GRANTS[effect]);
    await expect(carryOut(effect, decision, asked.evidence)).rejects.toEqual(code('decision.other_run'));
  });

  it('is refused by a decision for a gate of another kind, even with its own evidence and the right option', async () => {
    const options = ['open', 'release', 'keep'].map((name) => ({ name, effect: name }));
    const elsewhere = await gate(other, { options });
    const decision = await decide(elsewhere, GRANTS[effect]);
    await expect(carryOut(effect, decision, elsewhere.evidence)).rejects.toEqual(code('decision.not_verified'));
  });

  it('is refused by a decision of another campaign, even with its own evidence', async () => {
    const foreign = { campaign: scriptedSpec('another').name };
    const elsewhere = await gate(effect, foreign);
    const decision = await decide({ ...elsewhere, context: { ...elsewhere.context, ...foreign } }, GRANTS[effect]);
    await expect(carryOut(effect, decision, elsewhere.evidence)).rejects.toEqual(code('decision.other_run'));
  });

  it('is refused when the option was altered, or is the other one', async () => {
    const asked = await gate(effect);
    const kept = await decide(asked, 'keep');
    const altered = { ...kept, body: { ...kept.body, option: GRANTS[effect] } };
    await expect(carryOut(effect, altered, asked.evidence)).rejects.toEqual(code('decision.altered'));
    const again = await gate(effect, { gate: gateId.parse(`${CAMPAIGN}.${effect}-2`) });
    const refused = await decide(again, 'keep');
    await expect(carryOut(effect, refused, again.evidence)).rejects.toEqual(code('decision.not_verified'));
  });

  it('is refused when the evidence is not the one decided on', async () => {
    const asked = await gate(effect);
    const decision = await decide(asked, GRANTS[effect]);
    // The same gate, but the approver was shown another text.
    const swapped = await gate(effect, { why: 'Other words' });
    await expect(carryOut(effect, decision, swapped.evidence)).rejects.toEqual(code('decision.altered'));
    const next = await gate(effect, { gate: gateId.parse(`${CAMPAIGN}.${effect}-2`) });
    const { body } = await decide(await gate(effect, { gate: next.context.gate, why: 'Other words' }), GRANTS[effect]);
    const pointed = { ...body, evidenceHash: sha256.parse(next.evidence.sha256) };
    const forged = { body: pointed, ...identity.signBytes(canonicalJson(body)) };
    await expect(carryOut(effect, forged, next.evidence)).rejects.toEqual(code('decision.altered'));
  });

  it('is refused when the evidence was about another task set or policy', async () => {
    const facts = [FACTS.taskSet, FACTS.policy, FACTS.adapter].map((name) => ({ name, value: 'f'.repeat(64) }));
    const asked = await gate(effect, { facts });
    const decision = await decide(asked, GRANTS[effect]);
    await expect(carryOut(effect, decision, asked.evidence)).rejects.toEqual(code('decision.replayed'));
  });

  it('happens late, after the decision expired, when the gate took it in before that', async () => {
    const hour = 3_600_000;
    const asked = await gate(effect);
    const decision = await decide(asked, GRANTS[effect], new Date(Date.now() - 25 * hour));
    const inTime = new Date(Date.parse(decision.body.expiresAt) - 1).toISOString();
    await carryOut(effect, decision, asked.evidence, inTime);
    expect(await happened()).toHaveLength(1);
  });

  it('is refused by a decision that had expired when the gate took it in', async () => {
    const asked = await gate(effect);
    const decision = await decide(asked, GRANTS[effect]);
    const { expiresAt } = decision.body;
    await expect(carryOut(effect, decision, asked.evidence, expiresAt)).rejects.toEqual(code('gate.expired'));
  });

  it('is refused by a decision that no gate took in, or that came second', async () => {
    const asked = await gate(effect);
    const decision = await decide(asked, GRANTS[effect]);
    await expect(carryOut(effect, decision, asked.evidence, 'never')).rejects.toEqual(code('decision.not_verified'));
    await expect(carryOut(effect, await decide(asked, 'keep'), asked.evidence)).rejects.toBeDefined();
    await expect(carryOut(effect, decision, asked.evidence)).rejects.toEqual(code('decision.not_verified'));
  });

  afterEach(async () => {
    // Whatever was refused left nothing behind.
    if (!expect.getState().currentTestName?.includes(' happens ')) expect(await happened()).toEqual([]);
  });
});
