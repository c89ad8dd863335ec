// Plays one campaign and kills on the way. It answers the gates itself and says what it does as it goes.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { type CampaignName, campaignName } from '../../contracts/ids.ts';
import { campaignWorkflowId } from '../../contracts/names.ts';
import type { CampaignStatus } from '../../contracts/record.ts';
import { signalProcess } from '../../infra/process/identity.ts';
import { type Journey, until } from '../support/journey.ts';
import { allProcesses, descendantsOf, type Found, living } from '../support/processes.ts';
import { jobOf, type Kill, type Scenario } from './kills.ts';

export type Say = (passed: boolean, name: string, seconds: number, detail: string) => void;

const SMALL = join(import.meta.dirname, '..', 'journeys', 'small.yaml');
/** Generous, for a machine that others use too; a campaign takes a minute or two. */
const MOMENT_MS = 420_000;
const RECOVERY_MS = 180_000;
const ORPHAN_MS = 10_000;

export async function playScenario(journey: Journey, scenario: Scenario, say: Say): Promise<CampaignName> {
  const name = campaignName.parse(scenario.campaign);
  const up = await journey.run(['up'], { timeoutMs: 300_000 });
  if (up.code !== 0) throw new Error(`the stack did not start:\n${up.stderr}`);
  const file = join(journey.home, 'run', `${name}.yaml`);
  writeFileSync(file, stringify({ ...parse(readFileSync(SMALL, 'utf8')), name, rounds: scenario.rounds }));
  const submitted = await journey.run(['submit', file]);
  if (submitted.code !== 0) throw new Error(`not submitted:\n${submitted.stderr}`);

  const answer = createAnswers(journey);
  for (const kill of scenario.kills) {
    const began = performance.now();
    try {
      const detail = await oneKill(journey, name, kill, answer);
      say(true, kill.name, (performance.now() - began) / 1_000, detail);
    } catch (failure) {
      say(false, kill.name, (performance.now() - began) / 1_000, String(failure));
      if ((await journey.status(name))?.stage === 'ended') break;
    }
  }
  await until(
    'the campaign has ended',
    async () => {
      const status = await journey.status(name);
      if (status !== undefined) answer(status);
      return status?.stage === 'ended' ? status : undefined;
    },
    MOMENT_MS,
  );
  // The last state is saved, and the run closed, a moment after the status says so.
  await until(
    'its run is closed',
    async () => ((await (await journey.campaigns()).phase(name)) === 'closed' ? true : undefined),
    RECOVERY_MS,
  );
  return name;
}

async function oneKill(journey: Journey, name: CampaignName, kill: Kill, answer: Answer): Promise<string> {
  const moment = await until(
    `the moment of ${kill.name}`,
    async () => {
      const status = await journey.status(name);
      if (status === undefined) return undefined;
      if (kill.at(status, journey)) return status;
      if (status.stage === 'ended') throw new Error('the campaign ended before the moment came');
      if (status.stage !== kill.gate) answer(status);
      return undefined;
    },
    MOMENT_MS,
    2,
  );
  const killedAt = performance.now();
  const { pid, left } = await strike(journey, name, kill, moment);
  const flying = kill.what === 'temporal' || kill.what === 'supervisor' ? [] : await inFlight(journey, name, moment);
  if (kill.during !== undefined && !flying.some((one) => one.endsWith(kill.during!)))
    throw new Error(`it died with no ${kill.during} in flight, only: ${flying.join(', ') || 'nothing'}`);

  if (kill.what === 'supervisor') {
    await until(
      'everything has ended with its supervisor',
      () => (journey.processes().length === 0 ? true : undefined),
      ORPHAN_MS,
    );
    const up = await journey.run(['up'], { timeoutMs: 300_000 });
    if (up.code !== 0) throw new Error(`the stack did not start again:\n${up.stderr}`);
  }
  // First its replacement, then progress that only the replacement can have made.
  await until(`${kill.what} is back`, () => replaced(journey, name, kill, pid, moment), RECOVERY_MS);
  let before: string | undefined;
  await until(
    `the campaign goes on after ${kill.name}`,
    async () => {
      const status = await journey.status(name);
      if (status === undefined) return undefined;
      before ??= footprint(journey, status);
      if (status.stage !== kill.gate) answer(status);
      // A gate stands still by itself: that it answers again is all there is to see.
      return status.stage === 'ended' || status.openGate !== undefined || footprint(journey, status) !== before
        ? true
        : undefined;
    },
    RECOVERY_MS,
  );
  const seconds = (performance.now() - killedAt) / 1_000;
  while (living(left).length > 0 && performance.now() - killedAt < ORPHAN_MS) await sleep(100);
  const orphans = living(left);
  if (orphans.length > 0)
    throw new Error(`left behind: ${orphans.map((one) => `${one.pid} ${one.command.slice(0, 80)}`).join('; ')}`);
  const { stage, progress } = moment;
  const where = `${stage}${progress ? ` ${progress.done}/${progress.total}` : ''}`;
  return `${kill.what} ${pid} at ${where}${flying.length > 0 ? `, in flight: ${flying.join(', ')}` : ''}; went on after ${seconds.toFixed(1)} s`;
}

/** Kills it. `left`: descendants that must be gone ten seconds later; jobs outlive their worker by design. */
async function strike(
  journey: Journey,
  name: CampaignName,
  kill: Kill,
  moment: CampaignStatus,
): Promise<{ pid: number; left: Found[] }> {
  if (kill.what === 'trainer' || kill.what === 'wrapper') {
    const trainer = journey.trainerOf(jobOf(name, moment.state.round + 1));
    if (trainer === undefined) throw new Error('no trainer runs');
    const all = allProcesses();
    const target = kill.what === 'trainer' ? trainer : all.find((one) => one.pid === trainer.parent);
    if (target === undefined || !signalProcess(target, 'SIGKILL')) throw new Error(`the ${kill.what} was gone already`);
    return { pid: target.pid, left: descendantsOf(target.pid, all) };
  }
  if (kill.what === 'engine') {
    const policy = await journey.processOf('policy');
    const engine = descendantsOf(policy?.pid ?? 0).find((one) => one.command.includes('anneal_server.engine'));
    if (engine === undefined || !signalProcess(engine, 'SIGKILL')) throw new Error('no engine runs');
    return { pid: engine.pid, left: [] };
  }
  const { killed, descendants } = await journey.kill(kill.what);
  const jobs = descendants.filter(
    (one) => one.command.includes('anneal-job') || one.command.includes('anneal_trainer'),
  );
  return {
    pid: killed.pid,
    left: kill.what === 'worker' ? descendants.filter((one) => !jobs.includes(one)) : descendants,
  };
}

/** Activities that the server knows to be with the worker: proof that the kill came amid work. */
async function inFlight(journey: Journey, name: CampaignName, { activeWorkflow }: CampaignStatus): Promise<string[]> {
  const ids = [
    campaignWorkflowId(name),
    ...(activeWorkflow === undefined ? [] : [activeWorkflow, `${activeWorkflow}/0`]),
  ];
  const client = await journey.temporal();
  const found = await Promise.all(
    ids.map(async (id) => {
      try {
        const { raw } = await client.workflow.getHandle(id).describe();
        return (raw.pendingActivities ?? []).map((activity) => activity.activityType?.name ?? '?');
      } catch {
        return [];
      }
    }),
  );
  const counts = new Map<string, number>();
  for (const activity of found.flat()) counts.set(activity, (counts.get(activity) ?? 0) + 1);
  return [...counts].map(([activity, count]) => (count > 1 ? `${count} ${activity}` : activity));
}

/** Whether something else does the work of the killed process, or that work is over. */
async function replaced(
  journey: Journey,
  name: CampaignName,
  { what }: Kill,
  pid: number,
  { state }: CampaignStatus,
): Promise<true | undefined> {
  // The policy server starts an engine when it is asked for one.
  if (what === 'engine') return true;
  if (what !== 'trainer' && what !== 'wrapper') {
    const now = await journey.processOf(what);
    return now !== undefined && now.pid !== pid ? true : undefined;
  }
  const job = jobOf(name, state.round + 1);
  const trainer = journey.trainerOf(job);
  const another = trainer !== undefined && trainer.pid !== pid && trainer.parent !== pid;
  return another || journey.jobIsDone(job) ? true : undefined;
}

/** Changes when the campaign has come further. Training is told by its checkpoints: heartbeats arrive late. */
function footprint(journey: Journey, { stage, progress, state, openGate }: CampaignStatus): string {
  const done =
    stage === 'train' ? journey.checkpointsOf(jobOf(state.campaign, state.round + 1)).length : (progress?.done ?? 0);
  return JSON.stringify([stage, done, state.stages.length, state.round, state.gates.length, openGate?.gate]);
}

type Answer = (status: CampaignStatus) => void;

/** Answers each open gate in the background, again if the answer was lost to a kill. A failed stage is a failure of the test. */
function createAnswers(journey: Journey): Answer {
  const asked = new Set<string>();
  return ({ openGate, error }) => {
    if (openGate === undefined || asked.has(openGate.gate)) return;
    const { gate } = openGate;
    if (gate.includes('job-failed')) throw new Error(`a stage failed: ${error?.code}: ${error?.message}`);
    asked.add(gate);
    const option = gate.includes('open-sealed') ? 'open' : gate.includes('release') ? 'release' : 'promote';
    void journey.run(['decide', gate, option, '--reason', 'kill matrix']).then(({ code }) => {
      if (code !== 0) asked.delete(gate);
    });
  };
}
