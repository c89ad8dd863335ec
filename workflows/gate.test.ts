// A gate by itself: which answers count around its deadline, on a real Temporal server.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { DecisionContext, GateResult } from '../contracts/gate.ts';
import { campaignName, gateId } from '../contracts/ids.ts';
import { GATE, gateWorkflowId, QUEUES } from '../contracts/names.ts';
import { createGates } from '../infra/temporal/gates.ts';
import { play, scriptedDecision, startWorkers, temporal, withTemporal } from '../tests/support/play-campaign.ts';
import { refOf } from '../tests/support/scripted-activities.ts';
import type { GateInput, GateView } from './gate.ts';

withTemporal();

const evidence = refOf('evidence');
const contextOf = (name: string): DecisionContext => ({
  campaign: campaignName.parse(name),
  runChain: 'run-1',
  gate: gateId.parse(`${name}.release-1`),
  evidenceHash: evidence.sha256,
  options: ['release', 'keep'],
  owner: 'local',
});

async function openGate(name: string, deadlineMs: number) {
  const context = contextOf(name);
  const input: GateInput = {
    context,
    evidence,
    title: 'Release?',
    recommended: 'release',
    safe: 'keep',
    deadlineMs,
    remindMs: deadlineMs,
    campaignWorkflowId: 'campaign/nobody',
  };
  const options = { workflowId: gateWorkflowId(context.gate), taskQueue: QUEUES.control, args: [input] };
  const gate = await temporal().workflow.start('gate', options);
  await expect
    .poll(() => gate.query<GateView>(GATE.view).catch(() => undefined), { timeout: 10_000 })
    .toMatchObject({ state: 'open' });
  return { gate, context, result: () => gate.result() as Promise<GateResult> };
}

describe('a gate', () => {
  test('an answer taken in before the deadline counts, although its verification ends after it', async () => {
    const workers = await startWorkers({ passRates: [], verifyMs: 4_000 });
    try {
      const { gate, context, result } = await openGate('slow', 3_000);
      const before = Date.now();
      const answered = gate.executeUpdate<GateResult, [unknown]>(GATE.decide, {
        args: [scriptedDecision(context, 'release')],
      });
      await expect(answered).resolves.toMatchObject({ how: 'decided', option: 'release' });
      const closed = await result();
      expect(closed).toMatchObject({ how: 'decided', option: 'release' });
      // The moment that counts is the one in which the gate took it in, not the end of the verification.
      const acceptedAt = closed.how === 'decided' ? Date.parse(closed.acceptedAt) : 0;
      expect(acceptedAt - before).toBeLessThan(3_000);
      expect(workers.told.answers).toEqual([closed]);
    } finally {
      await workers.stop();
    }
  });

  test('an answer that a worker finds only after the deadline is refused, and silence takes the safe option', async () => {
    const first = await startWorkers({ passRates: [] });
    const { gate, context, result } = await openGate('down', 2_000);
    await first.stop();
    await gate.signal(GATE.decideSignal, scriptedDecision(context, 'release'));
    await sleep(3_000);
    const second = await startWorkers({ passRates: [] });
    try {
      expect(await result()).toEqual({ how: 'expired', gate: context.gate, option: 'keep' });
    } finally {
      await second.stop();
    }
  });

  test('an answer that arrives after the deadline is refused with its code', async () => {
    const decide = createGates(temporal(), undefined as never).decide;
    await play('late', { passRates: [0.1, 0.2, 0.3] }, async () => undefined, {
      spec: { gates: { deadline: '2s', remindAfter: '1s' } },
    });
    const context = { ...contextOf('late'), gate: gateId.parse('late.open-sealed-1') };
    await expect(decide(scriptedDecision(context, 'open'))).rejects.toMatchObject({
      code: 'gate.expired',
      exitCode: 3,
    });
  });

  test('people are told when it is due, whatever becomes of a telling, and nobody once it is closed', async () => {
    const tellings = [
      { id: 'failing', afterMs: 0 },
      { id: 'slow', afterMs: 0 },
      { id: 'later', afterMs: 700 },
      { id: 'never', afterMs: 60_000 },
    ];
    const workers = await startWorkers({ passRates: [], tellings });
    try {
      const { gate, context, result } = await openGate('told', 120_000);
      const told = () => workers.told.calls.filter((call) => call.startsWith('tell ')).sort();
      await expect.poll(told, { timeout: 10_000 }).toEqual(['tell failing', 'tell later', 'tell slow']);
      await gate.executeUpdate(GATE.decide, { args: [scriptedDecision(context, 'release')] });
      // One telling still runs: the gate does not wait for it.
      expect(await result()).toMatchObject({ how: 'decided', option: 'release' });
      expect(told()).toHaveLength(3);
    } finally {
      await workers.stop();
    }
  });
});
