// What a manifest names of decisions and recorded answers, and what reproducing says of them when something was changed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareDecisions, compareImages, compareRecordings } from '../cli/reproduce/sources.ts';
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { DecisionContext } from '../contracts/gate.ts';
import { campaignName, gateId, sha256 } from '../contracts/ids.ts';
import type { RolloutPlan } from '../contracts/plan.ts';
import type { ReproducibilityManifest } from '../contracts/release.ts';
import type { CompletionRecord } from '../contracts/trajectory.ts';
import { createLocalIdentity, initIdentity } from '../infra/identity/local.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { partsOf } from './manifest-parts.ts';

let folder: string;
let store: ArtifactStore;
const campaign = campaignName.parse('told');
const context: DecisionContext = {
  ...{ campaign, runChain: 'run-1', gate: gateId.parse('told.release-1'), owner: 'local' },
  ...{ evidenceHash: sha256.parse('a'.repeat(64)), options: ['release', 'keep'] },
};
let said: string[];
const completions = async (prefix: string): Promise<CompletionRecord[]> =>
  said.map((text, at) => ({ id: `${prefix}${said.length - at}`, text }) as unknown as CompletionRecord);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-manifest-parts-'));
  store = createFolderStore(join(folder, 'store'));
  said = ['one', 'two'];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function parts(purpose = 'sealed'): Promise<ReproducibilityManifest> {
  await store.createNamed(
    `campaigns/told/plans/r3-${purpose}`,
    JSON.stringify(await store.put(`{"plan": "${purpose}"}`)),
  );
  const plan = { purpose, round: 3, policy: { number: 3 } } as unknown as RolloutPlan;
  const profile = { trainer: { image: 'hub/trainer@sha256:1' }, rollout: { image: 'hub/server:1' } } as never;
  const documents = { plan: async () => plan, profile: async () => profile };
  return (await partsOf({ store, documents, gateway: { completions } }, campaign)) as ReproducibilityManifest;
}

test('gates with who signed them, the sealed answers by their hash, and the images that a profile names', async () => {
  await initIdentity(join(folder, 'keys'), 'ada');
  const identity = createLocalIdentity(join(folder, 'keys'));
  const decision = await identity.makeDecision(context, {
    option: 'release',
    reason: 'It rose.',
    unattended: false,
    ttl: '1h',
  });
  const decided = {
    how: 'decided',
    option: 'release',
    decision,
    selfApproved: true,
    acceptedAt: '2030-01-01T00:00:00.000Z',
  };
  await store.createNamed('gates/told.release-1/answer', JSON.stringify({ ...decided, gate: context.gate }));
  await store.createNamed('gates/told.release-1/refusals/x', '{}');
  await store.createNamed(
    'gates/told.open-sealed-1/answer',
    '{"how":"automatic","gate":"told.open-sealed-1","option":"open"}',
  );
  await store.createNamed(
    'gates/told-other.release-1/answer',
    '{"how":"expired","gate":"told-other.release-1","option":"keep"}',
  );

  const manifest = await parts();
  expect(manifest.approvals).toMatchObject([
    { gate: 'told.open-sealed-1', how: 'automatic', option: 'open' },
    { gate: 'told.release-1', option: 'release', by: { approver: 'ada', keyId: identity.keyId, selfApproved: true } },
  ]);
  expect(manifest.recordings).toMatchObject({ completions: 2 });
  expect(compareRecordings(manifest, (await parts()).recordings)).toMatchObject({ verdict: 'same' });
  said = ['one', 'three'];
  expect(compareRecordings(manifest, (await parts()).recordings)).toMatchObject({ verdict: 'different' });
  expect(compareRecordings(manifest, undefined).why).toMatch(/none is kept here/);
  expect(compareImages(manifest)[0]!.why).toMatch(/trainer hub\/trainer@sha256:1.*a tag may mean another/);

  const kept = manifest.approvals!;
  expect(compareDecisions(manifest, kept)).toMatchObject({
    verdict: 'left',
    why: expect.stringMatching(/release by ada/),
  });
  expect(compareDecisions(manifest, kept.slice(0, 1))).toMatchObject({ verdict: 'different' });
});

test('without a sealed evaluation there are no recordings; a manifest from before is read, and says that it names nothing', async () => {
  expect((await parts('gate')).recordings).toBeUndefined();
  const before = {} as ReproducibilityManifest;
  expect(compareRecordings(before, undefined)).toMatchObject({ verdict: 'left' });
  expect(compareDecisions(before, [])).toMatchObject({ verdict: 'left' });
  expect(compareImages(before)).toEqual([]);
});
