// Judges the stored rollouts of a plan once more, without asking any policy: by another version of the verifier, or by the same.
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { RolloutId } from '../../contracts/ids.ts';
import type { VerifierRef } from '../../contracts/judgement.ts';
import type { LockedTask } from '../../contracts/locked-set.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import type { ModelGateway, Sandbox } from '../../contracts/ports.ts';
import type { Reverification, ReverifiedRollout } from '../../contracts/reverification.ts';
import type { Trajectory } from '../../contracts/trajectory.ts';
import { createSpecialCasing } from '../detectors/special-casing.ts';
import { episodeBy, sessionOf } from '../episode/recorded.ts';
import { hold } from '../held.ts';
import { type Grader, judgeTask, requireVerifier } from '../verifiers/judge-task.ts';

export interface ReverifyPorts {
  /** Evidence goes there, as at the first judgement; files of tasks come from there. */
  readonly store: Pick<ArtifactStore, 'put' | 'get'>;
  readonly gateway: Pick<ModelGateway, 'trajectories' | 'completions'>;
  readonly sandbox: Sandbox;
  readonly tasksOf: (plan: RolloutPlan) => Promise<readonly LockedTask[]>;
  /** What a judge said before is found, not asked. */
  readonly judgeOf?: Grader['judgeOf'];
  readonly tools?: Grader['tools'];
  readonly browser?: Grader['browser'];
}

export interface ReverifyRequest {
  readonly plans: readonly RolloutPlan[];
  readonly verifier: VerifierRef;
  readonly secret: string;
  /** At once; the sandbox bounds it as well. */
  readonly concurrency: number;
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Only what was judged, or was to be: a rollout without a usable completion is listed as left.
 * @throws AnnealError `verifier.failed` where this build has no such verifier; `sandbox.unavailable`
 */
export async function reverify(
  { store, gateway, sandbox, tasksOf, judgeOf, tools, browser }: ReverifyPorts,
  { plans, verifier, secret, concurrency, onProgress, signal }: ReverifyRequest,
): Promise<Pick<Reverification, 'rollouts' | 'left'>> {
  // Refused before anything is judged.
  const [first] = plans;
  requireVerifier(verifier, first && (await tasksOf(first))[0]);
  const specialCasing = createSpecialCasing(secret);
  const load = (ref: ArtifactRef) => store.get(ref);
  const grader = { sandbox, secret, specialCasing, load, judgeOf, tools, browser };
  const rollouts: ReverifiedRollout[] = [];
  const left: { rollout: RolloutId; why: string }[] = [];
  const total = plans.reduce((sum, plan) => sum + plan.rollouts.length, 0);
  const tell = (): void => onProgress?.(rollouts.length + left.length, total);

  for (const plan of plans) {
    const prefix = `${plan.campaign}/r${plan.round}/${plan.purpose}.v${plan.policy.number}/`;
    const tasks = new Map((await tasksOf(plan)).map((task) => [task.id, task]));
    const known = new Map((await gateway.trajectories(prefix)).map((one) => [one.rollout, one]));
    const replies = new Map((await gateway.completions(prefix)).map((one) => [one.id, one]));
    const waiting = [...plan.rollouts];
    const replyOf = async ({ rollout, episode, completions }: Trajectory) => {
      if (episode !== undefined)
        return sessionOf(
          store,
          await episodeBy(store, episode),
          completions.flatMap((id) => replies.get(id) ?? []),
        );
      const said = completions[0] === undefined ? undefined : replies.get(completions[0]);
      return said && { rollout, text: said.text, milliseconds: said.milliseconds };
    };
    const verdictOn = async (of: Pick<Parameters<typeof judgeTask>[1], 'task' | 'reply'>) => {
      const judged = await judgeTask(grader, { ...of, verifier, weights: plan.reward, purpose: plan.purpose });
      const evidence = await hold(store, canonicalJson(judged.evidence));
      return {
        outcome: judged.outcome,
        ...(judged.reward === undefined ? {} : { reward: { ...judged.reward, evidence } }),
      };
    };
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        signal?.throwIfAborted();
        const { id } = next;
        const kept = known.get(id);
        const task = tasks.get(next.task);
        const reply = kept && (await replyOf(kept));
        if (kept === undefined || reply === undefined || task?.verifier.name !== verifier.name) {
          left.push({ rollout: id, why: whyLeft(task, verifier) });
        } else {
          const after = await verdictOn({ task, reply }).catch(oddity);
          if ('why' in after) left.push({ rollout: id, why: after.why });
          else rollouts.push(compare(kept, after));
        }
        tell();
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, concurrency) }, work));
  }
  const byId = (a: { rollout: string }, b: { rollout: string }): number => (a.rollout < b.rollout ? -1 : 1);
  return { rollouts: rollouts.sort(byId), left: left.sort(byId) };
}

/** A mistake of ours that one rollout meets keeps no other from being judged; what concerns them all is thrown. */
function oddity(failure: unknown): { why: string } {
  if (failure instanceof AnnealError) throw failure;
  return { why: `it cannot be judged: ${failure}` };
}

function whyLeft(task: LockedTask | undefined, { name }: VerifierRef): string {
  if (task === undefined) return 'its task is not in the set';
  return task.verifier.name === name
    ? 'it has no stored completion'
    : `${task.verifier.name} judges its task, not ${name}`;
}

function compare(kept: Trajectory, after: ReverifiedRollout['after']): ReverifiedRollout {
  const before = { outcome: kept.outcome, ...(kept.reward === undefined ? {} : { reward: kept.reward }) };
  const { rollout, task, round, purpose, policy } = kept;
  return { rollout, task, round, purpose, policy, before, after, difference: differenceOf(before, after) };
}

/**
 * Evidence names the verifier, so that it differs between two versions although all else is the same. Its hash is compared: it may have
 * been held in one of the two and stored in the other.
 */
function differenceOf(
  before: ReverifiedRollout['before'],
  after: ReverifiedRollout['after'],
): ReverifiedRollout['difference'] {
  if (before.reward === undefined || after.reward === undefined)
    return before.outcome === after.outcome ? 'same' : 'unjudged';
  const sameVersion = canonicalJson(before.reward.verifier) === canonicalJson(after.reward.verifier);
  const bare = ({ outcome, reward }: ReverifiedRollout['before']): string =>
    canonicalJson({
      outcome,
      total: reward?.total ?? null,
      ...(sameVersion ? { components: reward?.components, evidence: reward?.evidence.sha256 } : {}),
    });
  return bare(before) === bare(after) ? 'same' : 'changed';
}

/** What a reverification comes to, by purpose and policy version. */
export interface ReverifiedGroup {
  readonly purpose: ReverifiedRollout['purpose'];
  readonly policy: string;
  readonly judged: number;
  readonly changed: number;
  readonly unjudged: number;
  /** Shares of solved rollouts among those with a verdict. */
  readonly passedBefore: number;
  readonly passedAfter: number;
}

export function groupsOf(rollouts: readonly ReverifiedRollout[]): ReverifiedGroup[] {
  const groups = Map.groupBy(rollouts, ({ purpose, policy }) => `${purpose} ${policy}`);
  return [...groups.values()].map((of) => {
    const share = (side: 'before' | 'after'): number => {
      const judged = of.filter((one) => one[side].reward !== undefined);
      const solved = judged.filter((one) => one[side].outcome === 'success');
      return judged.length === 0 ? 0 : solved.length / judged.length;
    };
    const { purpose, policy } = of[0]!;
    const count = (difference: ReverifiedRollout['difference']): number =>
      of.filter((one) => one.difference === difference).length;
    return {
      ...{ purpose, policy, judged: of.length, changed: count('changed'), unjudged: count('unjudged') },
      ...{ passedBefore: share('before'), passedAfter: share('after') },
    };
  });
}
