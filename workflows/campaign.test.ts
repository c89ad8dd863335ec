// The campaign's decisions on a real Temporal server, with scripted activities.

import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ApplicationFailure, WorkflowUpdateFailedError } from '@temporalio/client';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Decision, DecisionContext } from '../contracts/gate.ts';
import { decisionId, sha256 } from '../contracts/ids.ts';
import { CAMPAIGN, campaignWorkflowId, GATE, gateWorkflowId, QUEUES } from '../contracts/names.ts';
import { type CampaignInput, type CampaignState, type CampaignStatus, campaignState } from '../contracts/record.ts';
import {
  firstState,
  type Script,
  scriptedActivities,
  scriptedSpec,
  type Told,
} from '../tests/support/scripted-activities.ts';
import { temporalBinary } from '../tests/support/temporal-binary.ts';
import { startTemporal, type TestServer } from '../tests/support/temporal-server.ts';

let server: TestServer;
let bundle: { code: string };

beforeAll(async () => {
  [server, bundle] = await Promise.all([
    startTemporal(),
    bundleWorkflowCode({
      workflowsPath: join(import.meta.dirname, 'index.ts'),
      logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    }),
  ]);
});
afterAll(() => server.stop());

type Body = Decision['body'];

async function play(
  name: string,
  script: Script,
  act: (api: {
    status(): Promise<CampaignStatus>;
    gateOpen(kind: string): Promise<string>;
    answer(gate: string, option: string, change?: (d: Decision) => void): Promise<unknown>;
    cancel(): Promise<unknown>;
    told: Told;
  }) => Promise<void>,
  options: { spec?: Parameters<typeof scriptedSpec>[1]; state?: Partial<CampaignState> } = {},
): Promise<{ state: CampaignState; told: Told }> {
  const { activities, told } = scriptedActivities(script);
  const { NativeConnection } = await import('@temporalio/worker');
  const connection = await NativeConnection.connect({ address: server.address });
  const workers = await Promise.all(
    Object.values(QUEUES).map((taskQueue) =>
      Worker.create({
        connection,
        taskQueue,
        activities,
        ...(taskQueue === QUEUES.control ? { workflowBundle: bundle } : {}),
        shutdownGraceTime: 0,
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  try {
    const spec = scriptedSpec(name, options.spec);
    const input: CampaignInput = { spec, state: { ...firstState(spec), ...options.state } };
    const handle = await server.client.workflow.start('campaign', {
      workflowId: campaignWorkflowId(spec.name),
      taskQueue: QUEUES.control,
      args: [input],
    });
    const live = server.client.workflow.getHandle(handle.workflowId);
    const status = () => live.query<CampaignStatus>(CAMPAIGN.status);
    await act({
      told,
      status,
      cancel: () => live.cancel(),
      async gateOpen(kind) {
        for (let tries = 0; tries < 300; tries += 1) {
          const { openGate } = await status().catch(() => ({ openGate: undefined }));
          if (openGate?.gate.includes(kind)) return openGate.gate;
          await sleep(50);
        }
        throw new Error(`no gate ${kind} opened; calls: ${told.calls.join('; ')}`);
      },
      async answer(gate, option, change) {
        const gateHandle = server.client.workflow.getHandle(gateWorkflowId(gate as never));
        const { context } = await gateHandle.query<{ context: DecisionContext }>(GATE.view);
        const body: Body = {
          schema: 'anneal/decision/v1',
          id: decisionId.parse(`decision-${Math.random()}`),
          campaign: context.campaign,
          runChain: context.runChain,
          gate: context.gate,
          evidenceHash: context.evidenceHash,
          option,
          approver: 'local',
          reason: 'scripted',
          unattended: false,
          signedAt: new Date().toISOString(),
          expiresAt: new Date(Date.now() + 60_000).toISOString(),
          nonce: '0123456789abcdef',
        };
        const decision: Decision = { body, keyId: sha256.parse('2'.repeat(64)), signature: 'scripted-valid' };
        change?.(decision);
        return gateHandle.executeUpdate(GATE.decide, { args: [decision] });
      },
    });
    const state = campaignState.parse(await live.result());
    await keepHistory(name, handle.workflowId);
    return { state, told };
  } finally {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await connection.close();
  }
}

/** With RECORD_HISTORIES set, writes what ran here as the histories that tests/replay replays for ever after. */
async function keepHistory(name: string, workflowId: string): Promise<void> {
  const folder = process.env.RECORD_HISTORIES;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  for await (const w of server.client.workflow.list({
    query: `WorkflowId STARTS_WITH '${workflowId}' OR WorkflowId STARTS_WITH 'gate/${name}'`,
  })) {
    const args = [
      'workflow',
      'show',
      '-w',
      w.workflowId,
      '-r',
      w.runId,
      '--output',
      'json',
      '--address',
      server.address,
    ];
    const { stdout } = await promisify(execFile)(await temporalBinary(), args, { maxBuffer: 64 << 20 });
    const file = `${w.workflowId.replaceAll('/', '_')}.${w.runId.slice(0, 8)}.json`;
    writeFileSync(join(folder, file), JSON.stringify(JSON.parse(stdout)));
  }
}

describe('campaign', () => {
  test('promotes, opens the sealed split, releases', async () => {
    const { state, told } = await play('better', { passRates: [0.1, 0.3, 0.2] }, async ({ gateOpen, answer }) => {
      await answer(await gateOpen('open-sealed'), 'open');
      await answer(await gateOpen('release'), 'release');
    });
    expect(state.ending).toBe('released');
    expect(state.rounds.map((r) => r.verdict)).toEqual(['promote', 'hold']);
    expect(state.best).toBe(1);
    expect(told.calls).toContain('publishRelease better.v1');
    expect(told.calls.filter((call) => call.startsWith('runJob'))).toHaveLength(2);
    expect(state.gates.map((g) => g.result?.how)).toEqual(['decided', 'decided']);
    expect(told.saved.at(-1)?.ending).toBe('released');
  });

  test('a refusal of the sealed split ends the campaign cleanly', async () => {
    const { state, told } = await play('closed', { passRates: [0.1, 0.2, 0.3] }, async ({ gateOpen, answer }) => {
      await answer(await gateOpen('open-sealed'), 'keep');
    });
    expect(state.ending).toBe('not-opened');
    expect(told.calls).not.toContain('openSealed');
    expect(told.calls.at(-1)).toBe('assembleReport');
  });

  test('a fall reverts, and the next round trains from the best version again', async () => {
    const { state, told } = await play('worse', { passRates: [0.5, 0.2, 0.6] }, async ({ gateOpen, answer }) => {
      await answer(await gateOpen('open-sealed'), 'keep');
    });
    expect(state.rounds.map((r) => [r.from, r.to, r.verdict])).toEqual([
      [0, 1, 'revert'],
      [0, 2, 'promote'],
    ]);
    expect(told.calls).toContain('planTraining r2 v0');
  });

  test('a failed job opens a gate with its reason; retry goes on', async () => {
    const failure = ApplicationFailure.create({
      type: 'job.failed',
      message: 'scripted crash',
      nonRetryable: true,
      details: [{ logTail: ['line 1', 'line 2'] }],
    });
    const { state } = await play(
      'crash',
      { passRates: [0.1, 0.2, 0.3], jobFailures: [failure] },
      async ({ gateOpen, answer, status }) => {
        const gate = await gateOpen('job-failed');
        expect((await status()).error).toEqual({ code: 'job.failed', message: 'scripted crash' });
        await answer(gate, 'retry');
        await answer(await gateOpen('open-sealed'), 'keep');
      },
    );
    expect(state.rounds).toHaveLength(2);
    expect(state.gates[0]?.kind).toBe('job-failed');
  });

  test('abort leaves a state that resume starts from', async () => {
    const failure = ApplicationFailure.nonRetryable('scripted', 'job.configuration');
    const { state } = await play(
      'abort',
      { passRates: [0.1], jobFailures: [failure] },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('job-failed'), 'abort');
      },
    );
    expect(state.ending).toBe('aborted');
    expect(state.round).toBe(0);
  });

  test('invalid, altered and replayed decisions are refused; the gate stays open', async () => {
    const { state } = await play('refuse', { passRates: [0.1, 0.2, 0.3] }, async ({ gateOpen, answer }) => {
      const gate = await gateOpen('open-sealed');
      const forged = answer(gate, 'open', (d) => {
        d.signature = 'forged';
      });
      await expect(forged).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
      const shapeless = answer(gate, 'open', (d) => {
        (d as { body: unknown }).body = { option: 'open' };
      });
      await expect(shapeless).rejects.toBeInstanceOf(Error);
      let kept: Decision | undefined;
      await answer(gate, 'keep', (d) => {
        kept = structuredClone(d);
      });
      expect(kept).toBeDefined();
    });
    expect(state.ending).toBe('not-opened');
  });

  test('silence takes the safe option', async () => {
    const { state } = await play('silent', { passRates: [0.1, 0.2, 0.3] }, async () => undefined, {
      spec: { gates: { deadline: '2s', remindAfter: '1s' } },
    });
    expect(state.gates[0]?.result).toMatchObject({ how: 'expired', option: 'keep' });
    expect(state.ending).toBe('not-opened');
  });

  test('cancelling ends cleanly, withdraws the open gate and writes the report', async () => {
    const { state, told } = await play('stop', { passRates: [0.1, 0.2, 0.3] }, async ({ gateOpen, cancel }) => {
      await gateOpen('open-sealed');
      await cancel();
    });
    expect(state.ending).toBe('cancelled');
    expect(told.calls.at(-1)).toBe('assembleReport');
  });

  test('a rollout that fails for good masks its sample and the round goes on', async () => {
    const { told } = await play(
      'masked',
      { passRates: [0.1, 0.2, 0.3], brokenRollouts: [1] },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('open-sealed'), 'keep');
      },
    );
    expect(told.calls).toContain('mask 1 infrastructure_failure gateway.bad_request');
  });

  test('a spent budget stops the rounds and says why; the closing gates still open', async () => {
    const { state } = await play(
      'ask',
      { passRates: [0.1, 0.2, 0.3] },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      { spec: { budget: { tokens: 1, wallClock: '1h', sealedOpenings: 1 } } },
    );
    expect(state.rounds).toHaveLength(0);
    expect(state.stoppedBy).toMatch(/token/i);
  });
});
