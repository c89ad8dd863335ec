// The two effects that need a decision, with a real store, key and registry: what they refuse, whoever asks.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { type Decision, type DecisionContext, FACTS, type GateKind } from '../contracts/gate.ts';
import { gateId, sha256 } from '../contracts/ids.ts';
import type { TaskSetLock } from '../contracts/task.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../infra/identity/local.ts';
import { BASE, CAMPAIGN, exampleRelease, openGate } from '../infra/releases/release.fixture.ts';
import { createReleases } from '../infra/releases/releases.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { scriptedSpec } from '../tests/support/scripted-activities.ts';
import { createCampaignActivities } from './campaign.ts';
import type { CampaignActivities } from './interface.ts';
import { createDocuments } from './read.ts';

const code = (wanted: string) => expect.objectContaining({ code: wanted });
const RUN = 'run-1';
const ROOT = sha256.parse('d'.repeat(64));
type Effect = 'open-sealed' | 'release';
const GRANTS = { 'open-sealed': 'open', release: 'release' } as const;

let folder: string;
let store: ArtifactStore;
let identity: LocalIdentity;
let act: Pick<CampaignActivities, 'openSealed' | 'publishRelease'>;
let spec: ArtifactRef;
let taskSet: ArtifactRef;
let released: Awaited<ReturnType<typeof exampleRelease>>['body'];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-effects-'));
  store = createFolderStore(join(folder, 'store'));
  await initIdentity(join(folder, 'keys'));
  identity = createLocalIdentity(join(folder, 'keys'));
  const documents = createDocuments(store);
  spec = await documents.write(scriptedSpec(CAMPAIGN));
  const split = { tasks: 0, families: [], root: ROOT, object: spec };
  taskSet = await documents.write({
    schema: 'anneal/task-set/v1',
    source: 'python-stdlib',
    python: '3.11',
    seed: 1,
    root: ROOT,
    splits: { visible: split, gate: split, sealed: split },
    considered: 0,
    kept: 0,
    dropped: [],
  } satisfies TaskSetLock);
  released = (await exampleRelease(store, identity)).body;
  const releases = createReleases(store, identity);
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

async function carryOut(effect: Effect, decision: Decision, evidence: ArtifactRef): Promise<void> {
  const common = { spec, taskSet, decision, evidence, runChain: RUN };
  if (effect === 'open-sealed') return act.openSealed(common);
  const { policy, gate: measured, sealed } = released;
  await act.publishRelease({ ...common, policy: { ...policy, adapterGguf: policy.adapter }, gate: measured, sealed });
}
const happened = async (): Promise<string[]> => [
  ...(await store.listNamed('sealed/')),
  ...(await store.listNamed('released/')),
];

describe.each(['open-sealed', 'release'] as const)('%s', (effect) => {
  const other: Effect = effect === 'release' ? 'open-sealed' : 'release';

  it('happens once by a decision on this very thing', async () => {
    const asked = await gate(effect);
    const decision = await decide(asked, GRANTS[effect]);
    await carryOut(effect, decision, asked.evidence);
    await carryOut(effect, decision, asked.evidence);
    expect(await happened()).toEqual([effect === 'release' ? `released/${BASE}` : `sealed/${ROOT}/1`]);
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
    await expect(carryOut(effect, kept, asked.evidence)).rejects.toEqual(code('decision.not_verified'));
    const altered = { ...kept, body: { ...kept.body, option: GRANTS[effect] } };
    await expect(carryOut(effect, altered, asked.evidence)).rejects.toEqual(code('decision.altered'));
  });

  it('is refused when the evidence is not the one decided on', async () => {
    const asked = await gate(effect);
    const decision = await decide(asked, GRANTS[effect]);
    // The same gate, but the approver was shown another text.
    const swapped = await gate(effect, { why: 'Other words' });
    await expect(carryOut(effect, decision, swapped.evidence)).rejects.toEqual(code('decision.altered'));
    const body = { ...decision.body, evidenceHash: sha256.parse(swapped.evidence.sha256) };
    await expect(carryOut(effect, { ...decision, body }, swapped.evidence)).rejects.toEqual(code('decision.altered'));
    const resigned = { body, ...identity.signBytes(canonicalJson(decision.body)) };
    await expect(carryOut(effect, resigned, swapped.evidence)).rejects.toEqual(code('decision.altered'));
  });

  it('is refused when the evidence was about another task set or policy', async () => {
    const facts = [FACTS.taskSet, FACTS.policy, FACTS.adapter].map((name) => ({ name, value: 'f'.repeat(64) }));
    const asked = await gate(effect, { facts });
    const decision = await decide(asked, GRANTS[effect]);
    await expect(carryOut(effect, decision, asked.evidence)).rejects.toEqual(code('decision.replayed'));
  });

  it('is refused by an expired decision', async () => {
    const asked = await gate(effect);
    const decision = await decide(asked, GRANTS[effect], new Date(Date.now() - 2 * 3_600_000));
    await expect(carryOut(effect, decision, asked.evidence)).rejects.toEqual(code('gate.expired'));
  });

  afterEach(async () => {
    // Whatever was refused left nothing behind.
    if (!expect.getState().currentTestName?.includes('happens once')) expect(await happened()).toEqual([]);
  });
});
