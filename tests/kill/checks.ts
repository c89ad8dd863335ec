// What must hold after the kills, each from sources that do not copy from each other.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createDocuments } from '../../activities/read.ts';
import { artifactRef } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import { jobResult } from '../../contracts/job.ts';
import { isArtifactTask } from '../../contracts/locked-set.ts';
import { sealedPrefix } from '../../contracts/names.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import type { ModelGateway } from '../../contracts/ports.ts';
import { type ReportData, reportData } from '../../contracts/record.ts';
import { releasedPointer } from '../../contracts/release.ts';
import { gradeReply } from '../../evals/verifiers/registry.ts';
import { endpointsOf } from '../../infra/config.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { stackStatus } from '../../infra/stack/stack.ts';
import type { Journey } from '../support/journey.ts';

/** What a check found wrong, or what it has seen. Throws where something is missing altogether. */
type Check = (of: Ended) => Promise<{ wrong: string[]; seen: string }>;

interface Ended {
  readonly journey: Journey;
  readonly name: CampaignName;
  readonly data: ReportData;
  readonly plans: readonly RolloutPlan[];
  readonly gateway: ModelGateway;
  readonly documents: ReturnType<typeof createDocuments>;
}

export async function lookAt(journey: Journey, name: CampaignName): Promise<Ended> {
  const documents = createDocuments(journey.store);
  const report = await (await journey.campaigns()).reportRef(name);
  if (report === undefined) throw new Error('the campaign left no report');
  const names = await journey.store.listNamed(`campaigns/${name}/plans/`);
  const plans = await Promise.all(
    names.map(async (key) => {
      const named = await journey.store.readNamed(key);
      return documents.plan(artifactRef.parse(JSON.parse(new TextDecoder().decode(named?.bytes))));
    }),
  );
  const url = endpointsOf(journey.config, (await stackStatus(journey.config)).ports).gateway;
  const gateway = createGatewayClient({ url, secretFile: journey.config.paths.gatewaySecret });
  return { journey, name, data: await documents.read(reportData, report), plans, gateway, documents };
}

export const CHECKS: Readonly<Record<string, Check>> = {
  async released({ data }) {
    const { ending } = data.state;
    return { wrong: ending === 'released' ? [] : [`it ended as ${ending}`], seen: ending };
  },

  async 'conservation-balanced'({ data }) {
    const { balanced, problems, prompts, trained, masked, cancelled } = data.conservation;
    const lost = Object.keys(masked).filter((reason) => /failure|unknown|no_trajectory/.test(reason));
    return {
      wrong: [
        ...(balanced ? [] : ['not balanced', ...problems]),
        ...lost.map((reason) => `${masked[reason]} masked by ${reason}: a kill must cost no sample`),
      ],
      seen: `${prompts} requested = ${trained} trained + ${sum(Object.values(masked))} masked + ${cancelled} cancelled`,
    };
  },

  async 'trained-ids-are-the-jobs-ids'({ journey, data, documents }) {
    const wrong: string[] = [];
    let count = 0;
    for (const round of data.state.rounds) {
      if (round.training === undefined) continue;
      const file = join(journey.config.paths.jobs, round.training.job, 'result.json');
      const result = jobResult.parse(JSON.parse(readFileSync(file, 'utf8')));
      const account = await documents.read(
        z.array(z.looseObject({ id: z.string(), state: z.string() })),
        round.account,
      );
      const sent = account.filter((one) => one.state === 'train').map((one) => one.id);
      const came = [...result.trained, ...result.dropped.map((one) => one.id)];
      if (!sameSet(sent, came)) wrong.push(`round ${round.round}: ${sent.length} sent, ${came.length} in result.json`);
      if (new Set(result.trained).size !== result.trained.length)
        wrong.push(`round ${round.round}: an id was trained twice`);
      count += result.trained.length;
    }
    if (count !== data.conservation.trained) wrong.push(`the report says ${data.conservation.trained}`);
    return { wrong, seen: `${count} ids` };
  },

  async 'one-record-a-rollout'({ name, plans, gateway }) {
    const wrong: string[] = [];
    const planned = plans.flatMap((plan) => plan.rollouts.map((rollout) => rollout.id));
    const trajectories = (await gateway.trajectories(`${name}/`)).map((one) => one.rollout);
    const answers = (await gateway.completions(`${name}/`)).filter(
      (one) => one.finish === 'stop' || one.finish === 'length',
    );
    if (!sameSet(planned, trajectories)) wrong.push(`${planned.length} planned, ${trajectories.length} trajectories`);
    if (
      !sameSet(
        planned,
        answers.map((one) => one.rollout),
      )
    )
      wrong.push(`${planned.length} planned, ${answers.length} usable completions`);
    const policies = new Map(
      plans.flatMap((plan) => plan.rollouts.map((rollout) => [rollout.id, plan.policy.name] as const)),
    );
    for (const answer of answers)
      if (policies.get(answer.rollout) !== answer.policy)
        wrong.push(`${answer.rollout} was answered by ${answer.policy}`);
    return { wrong, seen: `${planned.length} rollouts` };
  },

  async 'grading-again-gives-the-same-bytes'({ name, plans, gateway, documents }) {
    const wrong: string[] = [];
    const sandbox = createBubblewrapSandbox({});
    const trajectories = new Map((await gateway.trajectories(`${name}/`)).map((one) => [one.rollout, one]));
    const replies = new Map((await gateway.completions(`${name}/`)).map((one) => [one.id, one.text]));
    let graded = 0;
    for (const plan of plans.filter((one) => one.purpose === 'train' && one.round === 1)) {
      const { tasks } = await documents.split(plan.tasks);
      for (const { id, task: taskId } of plan.rollouts) {
        const kept = trajectories.get(id);
        const reply = replies.get(kept?.completions[0] ?? ('' as never));
        const task = tasks.find((one) => one.id === taskId);
        if (kept?.reward === undefined || reply === undefined || task === undefined || isArtifactTask(task)) {
          wrong.push(`${id} cannot be graded again`);
          continue;
        }
        const again = await gradeReply({ reply, task, weights: plan.reward, sandbox });
        const evidence = await documents.write(again.evidence);
        if (canonicalJson({ ...again.reward, evidence }) !== canonicalJson(kept.reward)) wrong.push(`${id} differs`);
        graded += 1;
      }
    }
    return { wrong, seen: `${graded} rewards` };
  },

  async 'one-release-one-opening'({ journey, name, data, documents }) {
    const shown = await journey.run(['release', name, '--json']);
    if (shown.code !== 0) return { wrong: [shown.stderr.trim()], seen: '' };
    const { history } = z.object({ history: releasedPointer.shape.history }).parse(JSON.parse(shown.stdout));
    const { sealed } = (await documents.lock(data.state.taskSet!)).splits;
    const openings = await journey.store.listNamed(sealedPrefix({ sealedRoot: sealed.root }));
    const gates = data.state.gates.map((gate) => gate.gate);
    return {
      wrong: [
        ...(history.length === 1 ? [] : [`${history.length} entries in the history of releases`]),
        ...(openings.length === 1 ? [] : [`${openings.length} openings of the sealed split`]),
        ...(gates.length === 2 && new Set(gates).size === 2 ? [] : [`gates: ${gates.join(', ')}`]),
      ],
      seen: `${history.length} release, ${openings.length} opening, ${gates.length} gates`,
    };
  },
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** The same members, none twice. */
const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && new Set(a).size === a.length && new Set([...a, ...b]).size === a.length;
