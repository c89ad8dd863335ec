// Task set, rewards and statistics, made once more from what is stored and compared with what was recorded.

import { createEvaluationActivities } from '../../activities/evaluation.ts';
import type { Documents } from '../../activities/read.ts';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Purpose } from '../../contracts/ids.ts';
import type { VerifierRef } from '../../contracts/judgement.ts';
import { isArtifactTask, type LockedSet } from '../../contracts/locked-set.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import type { EvaluationResult } from '../../contracts/policy-version.ts';
import type { ModelGateway, Sandbox } from '../../contracts/ports.ts';
import type { ReportData } from '../../contracts/record.ts';
import type { ReproducedPart } from '../../contracts/reproduction.ts';
import type { ReverifiedRollout } from '../../contracts/reverification.ts';
import { constructTaskSet } from '../../evals/construction/construct.ts';
import { lockTaskSet } from '../../evals/construction/lock.ts';
import type { VerifyBytes } from '../../evals/construction/signed-lock.ts';
import { reverify } from '../../evals/reverify/reverify.ts';
import type { Grader } from '../../evals/verifiers/judge-task.ts';
import { rubricOf } from '../../evals/verifiers/rubric/tasks.ts';
import { rebuildArtifacts } from './artifact-tasks.ts';
import { browserMissing, isLookedAt } from './no-browser.ts';
import type { RecordedJudges } from './recorded-judge.ts';

export interface Again {
  readonly store: ArtifactStore;
  readonly documents: Documents;
  readonly gateway: ModelGateway;
  readonly sandbox: Sandbox;
  readonly judges: RecordedJudges;
  readonly tools?: Grader['tools'];
  readonly browser?: Grader['browser'];
  /** Of the identity: whose signature on a lock counts. */
  readonly verifyBytes: VerifyBytes;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

/** From the source, with the same seed: the same root or another one. */
export async function rebuildTasks(again: Again, spec: CampaignSpec, lock: LockedSet): Promise<ReproducedPart> {
  const { store, sandbox, signal, onProgress } = again;
  if (spec.tasks.source !== 'python-stdlib' || lock.schema !== 'anneal/task-set/v1')
    return rebuildArtifacts(again, spec, lock);
  const built = await constructTaskSet({
    ...{ spec: spec.tasks, seed: spec.seed, sandbox, signal },
    onProgress: ({ done, total, unit }) => onProgress(`${done} of ${total} ${unit}`),
  });
  if (built.python !== lock.python) {
    const why = `its source was ${lock.python}, here it is ${built.python}: another Python words and rounds differently`;
    return { part: 'task set', verdict: 'left', why };
  }
  const made = await lockTaskSet(built, { source: lock.source, seed: spec.seed, put: (bytes) => store.put(bytes) });
  const same = made.root === lock.root;
  const why = same
    ? `${made.kept} tasks built anew have the root ${lock.root.slice(0, 12)}`
    : `built anew it has the root ${made.root.slice(0, 12)}, locked was ${lock.root.slice(0, 12)}`;
  return { part: 'task set', verdict: same ? 'same' : 'different', why };
}

/**
 * Every stored rollout by the verifier that its task names; a set of artifacts may name several. Of a rubric the rules before it are gone
 * through again, and what the judge said is read: where nothing of it is kept, no reward can be made again. What is judged by how it looks is
 * left out where no browser is.
 */
export async function rejudge(again: Again, plans: readonly RolloutPlan[], secret: string): Promise<ReproducedPart[]> {
  const { store, documents, gateway, sandbox, judges, tools, browser, signal, onProgress } = again;
  const tasksOf = async (plan: RolloutPlan) => (await documents.split(plan.tasks)).tasks;
  const all = (await Promise.all(plans.map(tasksOf))).flat();
  if (all.length === 0) return [{ part: 'rewards', verdict: 'left', why: 'it has no rollouts' }];
  const missing = await browserMissing(all, browser);
  const unseen = new Set(missing === undefined ? [] : all.filter(isLookedAt).map(({ id }) => id));
  const verifiers = new Map<string, VerifierRef>();
  const withRubric = new Set<string>();
  for (const task of all) {
    if (unseen.has(task.id)) continue;
    verifiers.set(nameOf(task.verifier), task.verifier);
    if (isArtifactTask(task) && rubricOf(task) !== undefined) withRubric.add(task.id);
  }
  const judgedHere = plans.map((plan) => ({
    ...plan,
    rollouts: plan.rollouts.filter(({ task }) => !unseen.has(task)),
  }));
  const count = (of: readonly RolloutPlan[]): number => of.reduce((sum, { rollouts }) => sum + rollouts.length, 0);
  const judged = new Map<string, ReverifiedRollout>();
  for (const [name, verifier] of verifiers) {
    const own = async (plan: RolloutPlan) => (await tasksOf(plan)).filter((task) => nameOf(task.verifier) === name);
    const { rollouts } = await reverify(
      { store, gateway, sandbox, tasksOf: own, judgeOf: judges.ofRollout, tools, browser },
      {
        ...{ plans: judgedHere, verifier, secret, signal, concurrency: 2 },
        onProgress: (done, of) => onProgress(`${name}: ${done} of ${of} rollouts looked at`),
      },
    );
    for (const one of rollouts) judged.set(one.rollout, one);
  }
  const parts = judgedAgain([...judged.values()], { withRubric, left: count(judgedHere) - judged.size });
  if (missing === undefined) return parts;
  const why = `${count(plans) - count(judgedHere)} rollouts are judged by how they look, and not here: ${missing}`;
  return [...parts, { part: 'browser', verdict: 'left', why }];
}

/** @param withRubric tasks that are judged by a model too; @param left rollouts without a completion */
export function judgedAgain(
  judged: readonly ReverifiedRollout[],
  { withRubric, left }: { readonly withRubric: ReadonlySet<string>; readonly left: number },
): ReproducedPart[] {
  const byModel = judged.filter(({ task }) => withRubric.has(task));
  // It came as far as its rubric, so that the rules before it hold.
  const unheard = new Set(
    byModel.filter(({ difference, after }) => difference === 'unjudged' && after.outcome === 'verifier_failure'),
  );
  const compared = judged.filter((one) => !unheard.has(one));
  const differing = compared.filter(({ difference }) => difference !== 'same');
  const unread = left === 0 ? '' : `; ${left} left no completion`;
  const rewards: ReproducedPart =
    differing.length > 0
      ? {
          part: 'rewards',
          verdict: 'different',
          why: `${differing.length} of ${compared.length} differ, first ${differing[0]?.rollout}${unread}`,
        }
      : compared.length === 0
        ? { part: 'rewards', verdict: 'left', why: `none could be made again${unread}` }
        : { part: 'rewards', verdict: 'same', why: `${compared.length} rewards, byte for byte${unread}` };
  if (byModel.length === 0) return [rewards];
  const lost =
    unheard.size === 0 ? '' : `; of ${unheard.size} nothing is kept, and only the rules before them hold again`;
  const why = `not asked again: its verdicts on ${byModel.length - unheard.size} rollouts are read from what it said${lost}`;
  return [rewards, { part: 'judge', verdict: 'left', why }];
}

const nameOf = ({ name, version }: VerifierRef): string => `${name}@${version}`;

interface Measured {
  readonly purpose: Purpose;
  readonly result: EvaluationResult | undefined;
}

/** Pass rates, intervals and paired gains from the stored trajectories. */
export async function remeasure(
  again: Again,
  data: ReportData,
  plans: readonly { readonly ref: ArtifactRef; readonly plan: RolloutPlan }[],
  confidence: number,
): Promise<ReproducedPart> {
  const { measure } = createEvaluationActivities(again);
  const { baseline, sealed, rounds, certified } = data.state;
  const recorded: readonly Measured[] = [
    ...[baseline, ...rounds.map(({ gate }) => gate)].map((result) => ({ purpose: 'gate', result }) as const),
    ...[sealed?.before, sealed?.after].map((result) => ({ purpose: 'sealed', result }) as const),
    ...[certified?.again, certified?.best?.result].map((result) => ({ purpose: 'again', result }) as const),
    { purpose: 'visible', result: certified?.visible },
  ];
  const differing: string[] = [];
  let compared = 0;
  for (const { purpose, result } of recorded) {
    if (result === undefined) continue;
    const name = `${result.policy} on the ${result.split} split${purpose === 'again' ? ', once more' : ''}`;
    const found = plans.find(({ plan }) => plan.purpose === purpose && plan.policy.name === result.policy);
    if (found === undefined) {
      differing.push(`${name} has no plan`);
      continue;
    }
    const first = result.split === 'sealed' ? sealed?.before : baseline;
    const paired = result.gain === undefined || first === undefined ? {} : { baseline: first };
    const measured = await measure({ plan: found.ref, confidence, ...paired }).catch((failure: unknown) => {
      if (failure instanceof AnnealError) return undefined;
      throw failure;
    });
    compared += 1;
    if (measured === undefined || canonicalJson(measured) !== canonicalJson(result)) differing.push(name);
  }
  if (differing.length === 0)
    return { part: 'statistics', verdict: 'same', why: `${compared} evaluations with their intervals` };
  return { part: 'statistics', verdict: 'different', why: differing.join('; ') };
}
