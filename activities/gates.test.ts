import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { evidence as evidenceSchema } from '../contracts/gate.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../infra/identity/local.ts';
import { openGate } from '../infra/releases/release.fixture.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { auditIn } from '../tests/support/audit.ts';
import { createGateActivities } from './gates.ts';
import type { GateActivities } from './interface.ts';
import { createDocuments } from './read.ts';

let folder: string;
let store: ArtifactStore;
let identity: LocalIdentity;
let act: GateActivities;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-gates-'));
  store = createFolderStore(join(folder, 'store'));
  await initIdentity(join(folder, 'keys'));
  identity = createLocalIdentity(join(folder, 'keys'));
  act = createGateActivities({
    store,
    documents: createDocuments(store),
    identity,
    critical: ['promotion'],
    audit: auditIn(folder, store, identity),
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const options = ['retry', 'abort'].map((name) => ({ name, effect: name }));

it('says whether the list demands a human for this kind of gate', async () => {
  const listed = async (kind: 'promotion' | 'job-failed') => {
    const { evidence } = await openGate(store, { kind, options });
    const shown = evidenceSchema.parse(JSON.parse(new TextDecoder().decode(await store.get(evidence))));
    return (await act.freezeEvidence({ evidence: shown })).listed;
  };
  expect(await listed('promotion')).toBe(true);
  expect(await listed('job-failed')).toBe(false);
});

it('judges expiry by when the gate took the decision in, and keeps every refusal', async () => {
  const { context } = await openGate(store, { kind: 'job-failed', options });
  const now = new Date(Date.now() - 3 * 3_600_000);
  const own = { option: 'retry', reason: 'A test', unattended: false, ttl: '1h', now } as const;
  const decision = await identity.makeDecision(context, own);
  expect(await act.verifyDecision({ decision, context, acceptedAt: now.toISOString() })).toEqual({
    ...{ selfApproved: true, needed: 1 },
  });
  const late = act.verifyDecision({ decision, context, acceptedAt: new Date().toISOString() });
  await expect(late).rejects.toMatchObject({ code: 'gate.expired' });
  expect(await store.listNamed(`gates/${context.gate}/refusals/`)).toHaveLength(1);
});
