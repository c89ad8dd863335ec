// Gates as commands see them after they have closed, on a real Temporal server.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DecisionContext } from '../../contracts/gate.ts';
import { campaignName, gateId } from '../../contracts/ids.ts';
import { gateWorkflowId, QUEUES } from '../../contracts/names.ts';
import { fixtureWaiting } from '../../tests/fixtures/report.fixture.ts';
import { scriptedDecision, startWorkers, temporal, withTemporal } from '../../tests/support/play-campaign.ts';
import { createFolderStore } from '../store/folder.ts';
import { createGates } from './gates.ts';

withTemporal();
let folder: string;
let store: ReturnType<typeof createFolderStore>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-gates-'));
  store = createFolderStore(folder);
  workers = await startWorkers({ passRates: [] });
});
afterAll(async () => {
  await workers?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function opened(name: string, deadlineMs: number) {
  const evidence = await store.put(JSON.stringify(fixtureWaiting().shown));
  const gate = gateId.parse(`${name}.release-1`);
  const context: DecisionContext = {
    ...{ campaign: campaignName.parse(name), runChain: 'run-1', gate, evidenceHash: evidence.sha256 },
    ...{ options: ['release', 'keep'], owner: 'local' },
  };
  const input = {
    ...{ context, evidence, title: 'Release?', recommended: 'release', safe: 'keep', deadlineMs, remindMs: deadlineMs },
    campaignWorkflowId: 'campaign/nobody',
  };
  const options = { workflowId: gateWorkflowId(gate), taskQueue: QUEUES.control, args: [input] };
  const handle = await temporal().workflow.start('gate', options);
  return { gates: createGates(temporal(), store), gate, context, handle };
}

test('a decided gate tells what was decided, by whom, when and why', async () => {
  const { gates, gate, context, handle } = await opened('answered', 60_000);
  expect(await gates.look(gate)).not.toHaveProperty('outcome');
  const decision = scriptedDecision(context, 'keep');
  const before = new Date().toISOString();
  await gates.decide(decision);
  await handle.result();
  const { view, outcome } = await gates.look(gate);
  expect(view.state).toBe('decided');
  expect(outcome).toMatchObject({
    ...{ how: 'decided', option: 'keep', approver: 'local', keyId: decision.keyId, reason: 'scripted' },
    ...{ unattended: false, selfApproved: expect.any(Boolean), decision },
  });
  expect(Date.parse(outcome!.at)).toBeGreaterThanOrEqual(Date.parse(before) - 1_000);
});

test('an expired gate tells which option was taken and when, a withdrawn one only when', async () => {
  const { gates, gate, handle } = await opened('silent', 1_000);
  await handle.result();
  const { closeTime } = await handle.describe();
  const expired = { how: 'expired', option: 'keep', at: closeTime!.toISOString() };
  expect((await gates.look(gate)).outcome).toEqual(expired);

  const other = await opened('withdrawn', 60_000);
  await other.gates.look(other.gate);
  await other.handle.cancel();
  await other.handle.result();
  expect((await gates.look(other.gate)).outcome).toEqual({ how: 'withdrawn', at: expect.any(String) });
});
