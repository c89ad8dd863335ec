// A training that turns NaN while it runs, and whose worker dies as it tells of it: one sighting, one question, the same job, and it is stopped.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DecisionContext } from '../../contracts/gate.ts';
import type { GateId } from '../../contracts/ids.ts';
import { CAMPAIGN, campaignWorkflowId, GATE, gateWorkflowId, QUEUES } from '../../contracts/names.ts';
import { type CampaignStatus, campaignState } from '../../contracts/record.ts';
import { keepAlive, playEveryDeath, type Scene, until } from '../support/every-death.ts';
import { scriptedDecision } from '../support/play-campaign.ts';
import { firstState, scriptedSpec } from '../support/scripted-activities.ts';
import type { MortalMonitor } from './monitor-worker.ts';

const TRAINER = `
import json, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(85))
with open('metrics.jsonl', 'a', buffering=1) as metrics:
    for step in range(1, 2000):
        time.sleep(0.1)
        loss = float('nan') if step > 30 else 2 - step / 100
        print(f'step {step} loss {loss} step_time 0.1', flush=True)
`;

interface Played {
  readonly passed: readonly string[];
  readonly died: boolean;
  readonly wrong: readonly string[];
}

async function playMonitor(
  { client, address: temporal, namespace, bundle }: Scene,
  at: string | null,
): Promise<Played> {
  const home = await mkdtemp(join(tmpdir(), 'anneal-monitor-killed-'));
  const trainer = join(home, 'trainer.py');
  writeFileSync(trainer, TRAINER);
  const death = { at, died: join(home, 'died'), passed: join(home, 'passed') };
  const given: MortalMonitor = { temporal, namespace, bundle, home, trainer, death };
  const worker = keepAlive(join(import.meta.dirname, 'monitor-worker.ts'), given);
  try {
    const spec = scriptedSpec('watched', { rounds: 1 });
    const handle = await client.workflow.start('campaign', {
      ...{ workflowId: campaignWorkflowId(spec.name), taskQueue: QUEUES.control },
      args: [{ spec, state: firstState(spec) }],
    });
    const folder = join(home, 'jobs', 'watched-r1-train');
    const job = (): string => readFileSync(join(folder, 'process.json'), 'utf8');
    const first = await until(async () => job());
    const gate = (kind: string): Promise<GateId> =>
      until(async () => {
        const { openGate } = await handle.query<CampaignStatus>(CAMPAIGN.status);
        return openGate?.gate.includes(kind) ? openGate.gate : undefined;
      });
    const answer = async (id: GateId, option: string): Promise<void> => {
      const at = client.workflow.getHandle(gateWorkflowId(id));
      const { context } = await until(() => at.query<{ context: DecisionContext }>(GATE.view));
      await at.executeUpdate(GATE.decide, { args: [scriptedDecision(context, option)] });
    };
    const asked = await gate('monitor');
    // Whoever is to die does so before anybody answers.
    if (at !== null) await until(async () => (existsSync(death.died) ? true : undefined));
    const runsStill = !existsSync(join(folder, 'exit')) && job() === first;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await answer(asked, 'stop');
    await answer(await gate('job-failed'), 'abort');
    const state = campaignState.parse(await handle.result());
    const gates = await Array.fromAsync(client.workflow.list({ query: `WorkflowType = 'gate'` }));
    const exit = readFileSync(join(folder, 'exit'), 'utf8').trim();
    const wrong = [
      ...(runsStill ? [] : ['the job did not run on']),
      ...(exit === '85' ? [] : [`the job ended with ${exit}`]),
      ...(job() === first ? [] : ['another job was started']),
      ...(state.sightings?.map(({ cause, did }) => `${cause} ${did}`).join() === 'nan-or-inf stopped'
        ? []
        : [`sightings: ${JSON.stringify(state.sightings)}`]),
      ...(state.gates.map(({ kind }) => kind).join() === 'monitor,job-failed' ? [] : ['other gates were opened']),
      ...(gates.filter(({ startTime }) => startTime >= new Date(state.startedAt)).length >= 2 ? [] : ['no gates']),
    ];
    const passed = readFileSync(death.passed, 'utf8').trim().split('\n');
    return { passed, died: existsSync(death.died), wrong };
  } finally {
    await worker.stop();
    await rm(home, { recursive: true, force: true });
  }
}

test('whoever dies while it tells what it saw: told once, asked once, and the job runs on meanwhile', {
  timeout: 600_000,
}, async () => {
  const played = await playEveryDeath(
    playMonitor,
    (passed) => [...new Set(passed.filter((one) => /runJob’s (sightings|an object, 3)|told the campaign/.test(one)))],
    { lanes: 2 },
  );
  expect(played.size).toBeGreaterThanOrEqual(4);
  for (const [at, { died, wrong }] of played) expect({ at, died, wrong }).toEqual({ at, died: at !== null, wrong: [] });
});
