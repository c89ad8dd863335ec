// A campaign's records without a campaign: a real file store and job folder, the activities that plan, measure and assemble,
// and a pool in memory in place of the gateway. What a model would have answered is made up, what is made of it is not.
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createEvaluationActivities } from '../../activities/evaluation.ts';
import { createDocuments, type Documents } from '../../activities/read.ts';
import { createReportActivities } from '../../activities/report.ts';
import { createRolloutActivities } from '../../activities/rollouts.ts';
import { createTrainingActivities } from '../../activities/training.ts';
import { type ArtifactRef, artifactRef } from '../../contracts/artifact.ts';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { completionId, makePolicyName, sha256, taskId } from '../../contracts/ids.ts';
import { type JobDocument, type JobResult, jobResult } from '../../contracts/job.ts';
import type { PlanHandle } from '../../contracts/plan.ts';
import type { EvaluationResult, PolicyVersion } from '../../contracts/policy-version.ts';
import type { ModelGateway } from '../../contracts/ports.ts';
import { type CampaignState, type ReportData, type RoundRecord, reportData } from '../../contracts/record.ts';
import type { Split, Task } from '../../contracts/task.ts';
import type { CompletionRecord, Trajectory } from '../../contracts/trajectory.ts';
import { lockTaskSet } from '../../evals/construction/lock.ts';
import { createLocalJobRunner } from '../../infra/jobs/local.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { firstState, scriptedSpec } from './scripted-activities.ts';

type Change = (job: JobResult) => Partial<JobResult>;
const unchanged: Change = () => ({});
const unused = (): never => {
  throw new Error('no model and no sandbox here');
};

/** Two tasks a split, of one function each. */
export function tasksOf(split: Split): Task[] {
  return [1, 2].map((n) => ({
    id: taskId.parse(`math.${split}${n}#plain`),
    family: `math.${split}${n}`,
    phrasing: 'plain',
    instruction: `Write ${split}${n}.`,
    entrypoint: { name: 'f', parameters: ['a'] },
    verifier: { name: 'python-function', version: 1 },
    cases: [{ args: [{ t: 'none' }], expected: { t: 'none' } }],
    gold: 'def f(a): pass',
  }));
}

export type RecordedCampaign = Awaited<ReturnType<typeof recordCampaign>>;

export async function recordCampaign(root: string, changes: Partial<CampaignSpec> = {}) {
  const spec = scriptedSpec('quickstart', changes);
  const store = createFolderStore(join(root, 'store'));
  const documents: Documents = createDocuments(store);
  const jobs = createLocalJobRunner({
    store,
    jobsDir: join(root, 'jobs'),
    argv: ['false'],
    env: {},
    supervisor: undefined,
  });
  const pool = { trajectories: [] as Trajectory[], completions: [] as CompletionRecord[] };
  const gateway: ModelGateway = {
    complete: unused,
    recordTrajectory: unused,
    trajectories: async (prefix) => pool.trajectories.filter((one) => one.rollout.startsWith(prefix)),
    completions: async (prefix) => pool.completions.filter((one) => one.rollout.startsWith(prefix)),
    operations: async () => [],
  };
  const activities = {
    ...createRolloutActivities({
      ...{ store, documents, gateway },
      policies: { serve: unused, ensure: unused, repair: unused },
      sandbox: { describe: unused, run: unused },
    }),
    ...createEvaluationActivities({ documents, gateway }),
    ...createTrainingActivities({ store, documents, gateway, jobs }),
  };
  const specRef = await documents.write(spec);
  const splits = { visible: tasksOf('visible'), gate: tasksOf('gate'), sealed: tasksOf('sealed') };
  const built = { splits, considered: 6, dropped: [], python: 'CPython 3.12' };
  const lock = await lockTaskSet(built, { source: 'math', seed: 1, put: (bytes) => store.put(bytes) });
  const taskSet = await documents.write(lock);
  const base = { spec: specRef, taskSet };

  const latest = (): PolicyVersion => {
    const { policies, latest: number } = campaign.state;
    return { ...policies[0]!, number, name: makePolicyName(spec.name, number) };
  };
  const campaign = {
    root,
    spec,
    store,
    documents,
    pool,
    activities,
    lock,
    state: { ...firstState(spec), spec: specRef } as CampaignState,

    /** Records the first `count` rollouts of a plan: every other one passes. */
    async record({ plan: ref }: PlanHandle, count = Number.POSITIVE_INFINITY): Promise<void> {
      const plan = await documents.plan(ref);
      for (const [index, { id, task }] of plan.rollouts.slice(0, count).entries()) {
        const answer = completionId.parse(`${id}/c0`);
        const common = { rollout: id, campaign: plan.campaign, policy: plan.policy.name };
        const components = { format: 1, correctness: (index + 1) % 2, partial: (index + 1) % 2 };
        const verifier = { name: 'python-function', version: 1 };
        pool.trajectories.push({
          ...{ ...common, schema: 'anneal/trajectory/v1', round: plan.round, purpose: plan.purpose, split: plan.split },
          ...{ task, family: task.split('#')[0]!, completions: [answer] },
          outcome: components.correctness === 1 ? 'success' : 'policy_failure',
          reward: { total: 0.2 + components.correctness, components, verifier, evidence: specRef },
          tokens: { prompt: 3, completion: 2 },
        });
        pool.completions.push({
          ...{ ...common, schema: 'anneal/completion/v1', id: answer, index: 0, requestHash: specRef.sha256 },
          ...{ fidelity: 'token-exact', messages: [], sampling: { temperature: 1, maxTokens: 48 } },
          ...{ promptIds: [1, 2, 3], completionIds: [4, 5], logprobs: [-1, -1], text: '', finish: 'stop' },
          ...{ startedAt: '2026-01-01T00:00:00.000Z', milliseconds: 1 },
        });
      }
    },

    async evaluate(round: number, policy: PolicyVersion, count?: number): Promise<PlanHandle> {
      const plan = await activities.planEvaluation({ ...base, round, split: 'gate', policy });
      await campaign.record(plan, count);
      return plan;
    },

    measure: ({ plan }: PlanHandle): Promise<EvaluationResult> => activities.measure({ plan, confidence: 0.95 }),

    async start(): Promise<void> {
      const baseline = await campaign.measure(await campaign.evaluate(0, campaign.state.policies[0]!));
      Object.assign(campaign.state, { taskSet, baseline, ending: 'running' });
    },

    /** Plans the next round and records `count` of its rollouts. */
    async roll(count?: number): Promise<PlanHandle> {
      const round = campaign.state.round + 1;
      const plan = await activities.planTraining({ ...base, round, policy: campaign.state.policies[0]! });
      await campaign.record(plan, count);
      return plan;
    },

    /** Assembles the batch and leaves what a finished trainer leaves; `change` is the trainer's own idea of it. */
    async train({ plan }: PlanHandle, change: Change = unchanged): Promise<{ account: ArtifactRef; job: JobResult }> {
      const round = campaign.state.round + 1;
      const from = latest();
      const { document, account } = await activities.assembleBatch({ spec: specRef, plan, round, from, to: round });
      return { account, job: await finishJob(root, store, document!, change) };
    },

    /** A whole round that trained from version 0 and was held. */
    async finish(change: Change = unchanged): Promise<RoundRecord> {
      const round = campaign.state.round + 1;
      const from = campaign.state.policies[0]!;
      const plan = await campaign.roll();
      const { account, job } = await campaign.train(plan, change);
      const policy = { ...from, number: round, name: `quickstart.v${round}` as PolicyVersion['name'], parent: 0 };
      const gate = await campaign.measure(await campaign.evaluate(round, policy));
      const record: RoundRecord = {
        ...{ round, from: 0, to: round, verdict: 'hold', why: 'Held.', policy, gate, account },
        ...{ visible: await campaign.measure(plan), plan: plan.plan, tokens: 10, seconds: 1 },
        // Metrics are not looked at here.
        training: { job: job.name, result: await documents.write(job), metrics: await documents.write([]) },
        ledger: { requested: plan.rollouts, trained: job.trained.length, masked: {}, cancelled: 0 },
      };
      campaign.state.rounds.push(record);
      campaign.state.round = round;
      return record;
    },

    async report(ending: CampaignState['ending']): Promise<ReportData> {
      const { report } = await createReportActivities({
        ...{ store, documents, gateway, jobs },
        manifest: async (of) => {
          await documents.lock(of.taskSet);
          return {} as never;
        },
      }).assembleReport({ state: { ...campaign.state, ending } });
      const named = await store.readNamed('campaigns/quickstart/report');
      const stored = artifactRef.parse(JSON.parse(new TextDecoder().decode(named!.bytes)));
      if (stored.sha256 !== report.sha256) throw new Error('the report that is named is not the one returned');
      return documents.read(reportData, stored);
    },
  };
  return campaign;
}

async function finishJob(
  root: string,
  store: { get(ref: ArtifactRef): Promise<Uint8Array> },
  document: JobDocument,
  change: Change,
): Promise<JobResult> {
  const batch = new TextDecoder()
    .decode(await store.get(document.inputs.batch))
    .trim()
    .split('\n');
  const output = { path: 'out', sha256: sha256.parse(createHash('sha256').digest('hex')), bytes: 0 };
  const result = jobResult.parse({
    ...{ schema: 'anneal/job-result/v1', name: document.name, specHash: document.specHash, status: 'done' },
    ...{ policyVersion: document.policyVersion.to, steps: 3, dropped: [], seconds: {} },
    trained: batch.map((line) => (JSON.parse(line) as { id: string }).id),
    outputs: { adapter: output, adapterGguf: output, optimizer: output },
  });
  Object.assign(result, change(result));
  const folder = join(root, 'jobs', document.name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'job.json'), canonicalJson(document));
  await writeFile(join(folder, 'result.json'), canonicalJson(result));
  return result;
}
