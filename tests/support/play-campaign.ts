// Plays whole campaigns on a real Temporal server, with scripted activities and a human who answers as told.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll } from 'vitest';
import type { Decision, DecisionContext } from '../../contracts/gate.ts';
import { decisionId, sha256 } from '../../contracts/ids.ts';
import { CAMPAIGN, campaignWorkflowId, GATE, gateWorkflowId, QUEUES } from '../../contracts/names.ts';
import { type CampaignInput, type CampaignState, type CampaignStatus, campaignState } from '../../contracts/record.ts';
import { firstState, type Script, scriptedActivities, scriptedSpec, type Told } from './scripted-activities.ts';
import { temporalBinary } from './temporal-binary.ts';
import { startTemporal, type TestServer } from './temporal-server.ts';

let server: TestServer;
let bundle: { code: string };

/** Starts a server for a file of tests and stops it after the last one. */
export function withTemporal(): void {
  beforeAll(async () => {
    [server, bundle] = await Promise.all([
      startTemporal(),
      bundleWorkflowCode({
        workflowsPath: join(import.meta.dirname, '../../workflows/index.ts'),
        logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
      }),
    ]);
  });
  afterAll(() => server.stop());
}

export const temporal = (): TestServer['client'] => server.client;
export const temporalAddress = (): string => server.address;

/** The worker of every queue, until `stop`. */
export async function startWorkers(script: Script): Promise<{ told: Told; stop(): Promise<void> }> {
  const { activities, told } = scriptedActivities(script);
  return { told, stop: await workersOf(activities) };
}

/** The worker of every queue with these activities; what is returned stops them. */
export async function workersOf(activities: object): Promise<() => Promise<void>> {
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
  return async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await connection.close();
  };
}

/** A decision that the scripted verification calls valid. */
export function scriptedDecision(context: DecisionContext, option: string): Decision {
  const { options: _, owner: __, ...bound } = context;
  return {
    body: {
      schema: 'anneal/decision/v1',
      id: decisionId.parse(`decision-${Math.random()}`),
      ...bound,
      option,
      approver: 'local',
      reason: 'scripted',
      unattended: false,
      signedAt: new Date().toISOString(),
      expiresAt: new Date(Date.now() + 60_000).toISOString(),
      nonce: '0123456789abcdef',
    },
    keyId: sha256.parse('2'.repeat(64)),
    signature: 'scripted-valid',
  };
}

export async function play(
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
  const { told, stop } = await startWorkers(script);
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
        const decision = scriptedDecision(context, option);
        change?.(decision);
        return gateHandle.executeUpdate(GATE.decide, { args: [decision] });
      },
    });
    const state = campaignState.parse(await live.result());
    await keepHistory(name, handle.workflowId);
    return { state, told };
  } finally {
    await stop();
  }
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** With RECORD_HISTORIES set, writes what ran here as the histories that tests/replay replays for ever after. */
export async function keepHistory(name: string, workflowId: string): Promise<void> {
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
    // Where this checkout lies is nobody's business: stacks of failures name its files.
    writeFileSync(join(folder, file), JSON.stringify(JSON.parse(stdout)).replaceAll(ROOT, ''));
  }
}
