// Documents of an earlier release are read by this one. tests/fixtures/former-home is what a campaign of one round after the other left
// in its home by the code of commit e30873f, the last one before buckets and clusters: its store, its jobs, the gateway's pool, and who
// could sign. It is never written again: where this test fails, a contract has to take what it took then.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDocuments, type Documents } from '../../activities/read.ts';
import { readReport, writeReport } from '../../cli/report-file.ts';
import { remeasure } from '../../cli/reproduce/results.ts';
import { readPlans } from '../../cli/rollouts.ts';
import type { Session } from '../../cli/session.ts';
import { type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { evidence } from '../../contracts/gate.ts';
import { campaignName } from '../../contracts/ids.ts';
import { jobDocument, jobResult } from '../../contracts/job.ts';
import { lockedSet } from '../../contracts/locked-set.ts';
import type { ModelGateway } from '../../contracts/ports.ts';
import { releasedPointer, releaseManifest, reproducibilityManifest } from '../../contracts/release.ts';
import { completionRecord, trajectory } from '../../contracts/trajectory.ts';
import { openCompletions } from '../../gateway/pool/completions.ts';
import { openTrajectories } from '../../gateway/pool/trajectories.ts';
import { createLocalIdentity, initIdentity } from '../../infra/identity/local.ts';
import { createReleases } from '../../infra/releases/releases.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createCampaigns } from '../../infra/temporal/campaigns.ts';
import { auditIn } from '../support/audit.ts';

const NAME = campaignName.parse('quickstart');
const BASE = 'smollm2-135m-instruct';
const home = mkdtempSync(join(tmpdir(), 'anneal-former-'));
let store: ArtifactStore;
let documents: Documents;
let session: Session;
let gateway: Pick<ModelGateway, 'trajectories' | 'completions'>;
const opened: { log: { close(): Promise<void> } }[] = [];

beforeAll(async () => {
  cpSync(join(import.meta.dirname, '../fixtures/former-home'), home, { recursive: true });
  // Of the key that signed then, only the public half is kept: an approver beside today's.
  await initIdentity(join(home, 'keys'), 'today');
  const approvers = (path: string) => JSON.parse(readFileSync(join(home, path), 'utf8')) as { approvers: unknown[] };
  const [then, now] = [approvers('approvers.json'), approvers('keys/approvers.json')];
  writeFileSync(
    join(home, 'keys/approvers.json'),
    JSON.stringify({ ...now, approvers: [...then.approvers, ...now.approvers] }),
  );
  store = createFolderStore(join(home, 'store'));
  documents = createDocuments(store);
  // Temporal has forgotten it: everything comes from the store.
  const gone = async (): Promise<never> => {
    throw new WorkflowNotFoundError('gone', `campaign/${NAME}`, undefined);
  };
  const client = { workflow: { getHandle: () => ({ describe: gone, query: gone }) } };
  const campaigns = createCampaigns(client as never, store);
  session = { store, config: { home }, campaigns: async () => campaigns } as unknown as Session;
  const options = (part: string) => ({
    ...{ dir: join(home, 'pool', part), segmentBytes: 1 << 20, fsyncIntervalMs: 0 },
    log: (line: string) => expect.fail(line),
  });
  const [trajectories, completions] = [
    await openTrajectories(options('trajectories')),
    await openCompletions(options('completions')),
  ];
  opened.push(trajectories, completions);
  // As the gateway's client reads them.
  gateway = {
    trajectories: async (prefix) =>
      (await Array.fromAsync(trajectories.startingWith(prefix))).map((json) => trajectory.parse(JSON.parse(json))),
    completions: async (prefix) =>
      (await Array.fromAsync(completions.startingWith(prefix))).map((json) => completionRecord.parse(JSON.parse(json))),
  };
});
afterAll(async () => {
  for (const pool of opened) await pool.log.close();
  rmSync(home, { recursive: true, force: true });
});

const named = async (key: string): Promise<unknown> =>
  JSON.parse(new TextDecoder().decode((await store.readNamed(key))!.bytes));

describe('of a campaign of an earlier release', () => {
  test('status tells how it ended, and its specification', async () => {
    const campaigns = await session.campaigns();
    const { state, stage } = await campaigns.status(NAME);
    expect({ stage, ending: state.ending, rounds: state.rounds.length }).toEqual({
      ...{ stage: 'ended', ending: 'refused', rounds: 2 },
    });
    expect((await campaigns.spec(NAME)).name).toBe(NAME);
    expect(await campaigns.brokenOff(NAME)).toBeUndefined();
  });

  test('the report is read and drawn', async () => {
    const { path, data } = await writeReport(session, NAME);
    expect(readFileSync(path, 'utf8')).toContain(NAME);
    expect(data.state.rounds).toHaveLength(2);
  });

  test('the task set, every plan and what a round names of its job are read', async () => {
    const { state, taskSet } = await readReport(session, NAME);
    const lock = await documents.lock(state.taskSet!);
    expect(lockedSet.parse(taskSet)).toEqual(lock);
    for (const split of ['visible', 'gate', 'sealed'] as const)
      expect((await documents.splitOf(lock, split)).tasks).toHaveLength(2);
    expect(
      (await readPlans(store, documents, NAME)).map(({ plan }) => `r${plan.round}.${plan.purpose}`).sort(),
    ).toEqual(['r0.gate', 'r1.gate', 'r1.train', 'r2.gate', 'r2.train']);
    for (const { training, account } of state.rounds) {
      expect((await documents.read(jobResult, training!.result)).status).toBe('done');
      expect(await store.has(account)).toBe(true);
    }
    for (const job of readdirSync(join(home, 'jobs'))) {
      const file = (name: string): unknown => JSON.parse(readFileSync(join(home, 'jobs', job, name), 'utf8'));
      expect(jobDocument.parse(file('job.json')).name).toBe(jobResult.parse(file('result.json')).name);
    }
  });

  test('the pool is read, a record for every rollout that was planned', async () => {
    const plans = (await readPlans(store, documents, NAME)).map(({ plan }) => plan);
    const rollouts = plans.flatMap((plan) => plan.rollouts).map(({ id }) => id);
    const [trajectories, completions] = [await gateway.trajectories(NAME), await gateway.completions(NAME)];
    expect(trajectories.map(({ rollout }) => rollout).sort()).toEqual(rollouts.sort());
    expect(completions).toHaveLength(trajectories.length);
  });

  test('reproduce knows its manifest and measures the same again', async () => {
    const data = await readReport(session, NAME);
    expect(reproducibilityManifest.parse(data.manifest).seed).toBe(1);
    const spec = await (await session.campaigns()).spec(NAME);
    const again = { store, documents, gateway } as unknown as Parameters<typeof remeasure>[0];
    const measured = await remeasure(again, data, await readPlans(store, documents, NAME), spec.evaluation.confidence);
    expect(measured).toMatchObject({ verdict: 'same' });
  });

  test('the release is current under its signatures, with the decision and what was shown', async () => {
    const pointer = releasedPointer.parse(await named(`released/${BASE}`));
    const identity = createLocalIdentity(join(home, 'keys'));
    const releases = createReleases(store, identity, auditIn(home, store, identity));
    expect(await releases.current(BASE)).toEqual(pointer);
    const manifest = await documents.read(releaseManifest, pointer.manifest!);
    const { decision } = manifest.body;
    const shown = artifactRef.parse({
      uri: `store:objects/${decision.body.evidenceHash.slice(0, 2)}/${decision.body.evidenceHash}`,
      sha256: decision.body.evidenceHash,
      bytes: readFileSync(
        join(home, 'store/objects', decision.body.evidenceHash.slice(0, 2), decision.body.evidenceHash),
      ).length,
    });
    expect((await documents.read(evidence, shown)).gate).toBe(decision.body.gate);
  });
});
