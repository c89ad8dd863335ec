// Planning rollouts, asking the policy, judging what it produced.
import { cancellationSignal } from '@temporalio/activity';
import type { ArtifactRef, ArtifactStore } from '../contracts/artifact.ts';
import type { Browser } from '../contracts/browser.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { AnnealError } from '../contracts/errors.ts';
import { episodeHarness } from '../contracts/harness.ts';
import type { Purpose, RolloutId } from '../contracts/ids.ts';
import { isArtifactTask, type LockedSplit, type LockedTask } from '../contracts/locked-set.ts';
import type { PlanHandle, PlannedRollout, RolloutPlan } from '../contracts/plan.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { ModelGateway, PolicyHost, Sandbox } from '../contracts/ports.ts';
import type { Split } from '../contracts/task.ts';
import type { CompletionRecord, Trajectory } from '../contracts/trajectory.ts';
import { createSpecialCasing } from '../evals/detectors/special-casing.ts';
import { episodeOf, sessionOf } from '../evals/episode/recorded.ts';
import { hold } from '../evals/held.ts';
import type { JudgedTurn } from '../evals/single-turn/judge.ts';
import { judgeTask } from '../evals/verifiers/judge-task.ts';
import type { OpenTools } from '../evals/verifiers/patch/tools.ts';
import { visiblePart } from '../policies/visible-part.ts';
import { createEpisodes, type EpisodePorts } from './episodes.ts';
import type { RolloutActivities } from './interface.ts';
import type { Judges } from './judges.ts';
import { drawTasks, instructionOf } from './locked-tasks.ts';
import { planOf } from './plan-document.ts';
import { createPlay } from './play.ts';
import type { Documents } from './read.ts';
import { recordedOf, recordOnce } from './recorded.ts';
import { countOpenings } from './sealed-openings.ts';
import { startingPassRates } from './starting-pass-rates.ts';

export interface RolloutPorts {
  store: ArtifactStore;
  documents: Documents;
  gateway: ModelGateway;
  policies: PolicyHost;
  sandbox: Sandbox;
  /** Inputs that no policy can know follow from it; without it none are tried. */
  secret?: string;
  /** Of campaigns that name one. */
  judges?: Pick<Judges, 'ofRollout'>;
  /** For tasks whose tests need one. */
  tools?: OpenTools;
  /** For tasks that are judged by how they look; null where there is none. */
  browser?: Browser | null;
  /** For campaigns whose harness takes several steps. */
  agents?: Pick<EpisodePorts, 'access' | 'agentFolder'>;
}

export function createRolloutActivities(ports: RolloutPorts): RolloutActivities {
  const { store, documents, gateway, policies, sandbox, secret, judges, tools, browser, agents } = ports;
  const episodes = agents && createEpisodes({ store, gateway, sandbox, ...agents });
  const specialCasing = secret === undefined ? undefined : createSpecialCasing(secret);
  const load = (ref: ArtifactRef) => store.get(ref);
  const grader = { sandbox, secret, specialCasing, load, judgeOf: judges?.ofRollout, tools, browser };

  const activities: Omit<RolloutActivities, 'play'> = {
    async planTraining({ spec: specRef, taskSet, round, policy }) {
      const spec = await documents.spec(specRef);
      const lock = await documents.lock(taskSet);
      const { tasks } = await documents.splitOf(lock, 'visible');
      const chosen = drawTasks(spec, { tasks, startingPassRates: await startingPassRates(store, spec), round });
      return write(
        spec,
        round,
        'train',
        'visible',
        policy,
        lock.splits.visible.object,
        chosen.tasks,
        spec.rollouts.groupSize,
        chosen.notes,
      );
    },

    async planEvaluation({ spec: specRef, taskSet, round, split, again, policy }) {
      const spec = await documents.spec(specRef);
      const lock = await documents.lock(taskSet);
      if (split === 'sealed' && (await countOpenings(store, lock)) === 0) {
        throw new AnnealError('decision.not_verified', 'the sealed split was not opened by a decision');
      }
      const { tasks } = await documents.splitOf(lock, split);
      const ids = split === 'visible' ? fixedPart(spec, tasks) : tasks.map((task) => task.id);
      const purpose = again ? 'again' : split;
      return write(spec, round, purpose, split, policy, lock.splits[split].object, ids, spec.evaluation.samplesPerTask);
    },

    async planPilot({ spec: specRef, taskSet, policy, samples }) {
      const spec = await documents.spec(specRef);
      const lock = await documents.lock(taskSet);
      const { tasks } = await documents.splitOf(lock, 'visible');
      const ids = tasks.map((task) => task.id);
      return write(spec, 0, 'pilot', 'visible', policy, lock.splits.visible.object, ids, samples);
    },

    async generate({ plan: ref, index }) {
      const began = performance.now();
      const plan = await documents.plan(ref);
      const planned = plan.rollouts[index]!;
      const task = await taskOf(plan, planned);
      if (isEpisode(plan)) {
        if (episodes === undefined) throw new AnnealError('internal.bug', 'this worker has no agents');
        await policies.ensure(plan.policy);
        const record = await episodes
          .play({ plan, planned, task }, cancellationSignal())
          .catch((failure: unknown) => repaired(plan.policy, failure));
        return { tokens: record.tokens.completion, milliseconds: performance.now() - began };
      }
      const instruction = await instructionOf(task, store);
      await policies.ensure(plan.policy);
      const asked = gateway.complete(
        {
          rollout: planned.id,
          index: 0,
          policy: plan.policy.name,
          messages: [
            ...(plan.harness.system === '' ? [] : [{ role: 'system' as const, content: plan.harness.system }]),
            // A function, since `$&` in an instruction is text, not a pattern.
            { role: 'user', content: plan.harness.prompt.replace('{instruction}', () => instruction) },
          ],
          temperature: plan.harness.temperature,
          maxTokens: plan.harness.maxTokens,
          seed: planned.seed,
          timeoutMs: plan.timeoutMs,
        },
        cancellationSignal(),
      );
      const completion = await asked.catch((failure: unknown) => repaired(plan.policy, failure));
      return { tokens: completion.completionIds.length, milliseconds: performance.now() - began };
    },

    async grade({ plan: ref, index }) {
      const began = performance.now();
      const plan = await documents.plan(ref);
      const planned = plan.rollouts[index]!;
      const task = await taskOf(plan, planned);
      const [known, asked] = await Promise.all([recordedOf(gateway, planned), gateway.completions(planned.id)]);
      // No time is told: it would say nothing of how long a rollout takes.
      if (known !== undefined) return undefined;
      if (isEpisode(plan)) {
        await gradeEpisode(plan, planned, task, asked);
        return { milliseconds: performance.now() - began };
      }
      const completion = usable(asked, planned.id);
      if (completion === undefined)
        throw new AnnealError('gateway.upstream_failed', `${planned.id} has no completion to judge`);
      const judged = await judgeTask(grader, {
        ...{ task, weights: plan.reward, purpose: plan.purpose },
        reply: { rollout: planned.id, text: completion.text, milliseconds: completion.milliseconds },
      });
      await recordOnce(gateway, planned, {
        ...trajectoryOf(plan, planned, task),
        completions: [completion.id],
        ...(await recordedAs(judged)),
        tokens: { prompt: completion.promptIds.length, completion: completion.completionIds.length },
      });
      return { milliseconds: performance.now() - began };
    },

    async mask({ plan: ref, index, outcome, reason }) {
      const plan = await documents.plan(ref);
      const planned = plan.rollouts[index]!;
      if ((await recordedOf(gateway, planned)) !== undefined) return { masked: false };
      const masked = { ...trajectoryOf(plan, planned, await taskOf(plan, planned)), outcome, reason };
      return { masked: await recordOnce(gateway, planned, masked) };
    },
  };
  return { ...activities, ...createPlay({ documents, gateway, single: activities }) };

  /** Servers that were started anew hold other weights: the next attempt finds them brought back. */
  async function repaired(policy: PolicyVersion, failure: unknown): Promise<never> {
    if (failure instanceof AnnealError && failure.code === 'policy.version_mismatch') await policies.repair(policy);
    throw failure;
  }

  async function gradeEpisode(
    plan: RolloutPlan,
    planned: PlannedRollout,
    task: LockedTask,
    asked: readonly CompletionRecord[],
  ): Promise<void> {
    const episode = await episodeOf(store, plan, planned.id);
    if (episode === undefined) throw new AnnealError('gateway.upstream_failed', `${planned.id} left nothing to judge`);
    const { record, ref } = episode;
    const judged = await judgeTask(grader, {
      ...{ task, weights: plan.reward, purpose: plan.purpose },
      reply: await sessionOf(store, record, asked),
    });
    await recordOnce(gateway, planned, {
      ...trajectoryOf(plan, planned, task),
      ...(await recordedAs(judged)),
      ...{ completions: record.completions, episode: ref, tokens: record.tokens },
    });
  }

  async function recordedAs(
    judged: JudgedTurn,
  ): Promise<Pick<Trajectory, 'outcome' | 'reason' | 'artifact' | 'reward' | 'alarms'>> {
    const evidence = await hold(store, canonicalJson(judged.evidence));
    return {
      outcome: judged.outcome,
      ...(judged.reason === undefined ? {} : { reason: judged.reason }),
      ...(judged.artifact === undefined ? {} : { artifact: await hold(store, judged.artifact) }),
      ...(judged.reward === undefined ? {} : { reward: { ...judged.reward, evidence } }),
      ...(judged.alarms.length === 0 ? {} : { alarms: [...judged.alarms] }),
    };
  }

  async function taskOf(plan: RolloutPlan, planned: PlannedRollout): Promise<LockedTask> {
    const task = byId(await documents.split(plan.tasks)).get(planned.task);
    if (task === undefined)
      throw new AnnealError('tasks.lock_mismatch', `${planned.task} is not in the split that the plan names`);
    return task;
  }

  async function write(
    spec: CampaignSpec,
    round: number,
    purpose: Purpose,
    split: Split,
    policy: PolicyVersion,
    tasks: RolloutPlan['tasks'],
    chosen: readonly LockedTask['id'][],
    samples: number,
    notes: readonly string[] = [],
  ): Promise<PlanHandle> {
    const document = planOf(spec, { round, purpose, split, policy, tasks, chosen, samples, notes });
    const plan = await documents.write(document);
    // The name is what the conservation check starts from: a plan that was written counts, whatever happened to it later.
    await store.createNamed(
      `campaigns/${spec.name}/plans/r${round}.${purpose}.v${policy.number}`,
      JSON.stringify(plan),
    );
    return { plan, rollouts: document.rollouts.length, groupSize: samples };
  }
}

const isEpisode = ({ harness }: RolloutPlan): boolean => episodeHarness(harness) !== undefined;

function trajectoryOf(plan: RolloutPlan, planned: PlannedRollout, task: LockedTask): Omit<Trajectory, 'outcome'> {
  return {
    schema: 'anneal/trajectory/v1',
    rollout: planned.id,
    campaign: plan.campaign,
    round: plan.round,
    purpose: plan.purpose,
    split: plan.split,
    task: task.id,
    family: task.family,
    ...(isArtifactTask(task) ? { capability: task.capability } : {}),
    policy: plan.policy.name,
    completions: [],
    tokens: { prompt: 0, completion: 0 },
  };
}

/** The answer that counts: the one record of this rollout that did not end in an error or an abort. */
function usable(records: readonly CompletionRecord[], rollout: RolloutId): CompletionRecord | undefined {
  return records.find((r) => r.rollout === rollout && (r.finish === 'stop' || r.finish === 'length'));
}

/** Of a split that `documents` keeps: looking through thousands of tasks for each rollout would take longer than judging it. */
function byId(split: LockedSplit): ReadonlyMap<string, LockedTask> {
  const known = INDEXED.get(split) ?? new Map(split.tasks.map((task) => [task.id, task]));
  INDEXED.set(split, known);
  return known;
}
const INDEXED = new WeakMap<LockedSplit, ReadonlyMap<string, LockedTask>>();

function fixedPart({ seed, promotion }: CampaignSpec, tasks: readonly LockedTask[]): LockedTask['id'][] {
  return visiblePart(tasks, promotion.certified?.gap?.tasks ?? tasks.length, seed);
}
