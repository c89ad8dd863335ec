// Rules on what is learnt from: steps and their age, the loss's own settings, and rollouts that overlap with training.
import { rolloutsSpec } from '../../contracts/campaign.ts';
import { pipelineSpec } from '../../contracts/pipeline.ts';
import { schedulerOf, stalenessBound } from '../../policies/pipeline/scheduler-of.ts';
import { valueAt } from './from-zod.ts';
import type { Ground } from './ground.ts';

export function stepRules({ root, number, report }: Ground): void {
  const groups = number(['rollouts', 'groupsPerRound']);
  const size = number(['rollouts', 'groupSize']);
  const steps = number(['training', 'steps']) ?? 3;
  if (groups !== undefined && size !== undefined && groups * size < steps && groups > 0 && size > 0)
    report(
      'spec.out_of_range',
      valueAt(root, ['training', 'steps']) === undefined ? ['rollouts', 'groupsPerRound'] : ['training', 'steps'],
      `at most ${groups * size} steps: a round has ${groups} × ${size} rollouts, and every step needs one`,
      'Lower training.steps, or raise rollouts.groupsPerRound or rollouts.groupSize.',
    );

  const staleness = number(['training', 'maxStaleness']) ?? 2;
  if (steps > staleness + 1)
    report(
      'spec.out_of_range',
      ['training', 'steps'],
      `at most ${staleness + 1}: minibatch k is k - 1 steps stale, and training.maxStaleness is ${staleness}`,
      'Lower training.steps or raise training.maxStaleness.',
    );
}

const CLIPS_BELOW: readonly string[] = ['grpo', 'gspo', 'reinforce++'];

/** Each loss has its own settings (docs/losses.md). */
export function lossRules({ root, number, report }: Ground): void {
  const of = (field: string): unknown => valueAt(root, ['training', field]);
  const algorithm = of('algorithm') ?? 'cispo';
  const code = 'spec.out_of_range';
  const usual = algorithm === 'gspo' ? 0.0003 : 0.2;
  const clips = CLIPS_BELOW.includes(String(algorithm));
  if (clips && of('clipLow') === undefined)
    report(
      'spec.missing_field',
      ['training', 'clipLow'],
      `how far below 1 a ratio may fall`,
      `Write for example ${usual}.`,
    );
  if (clips && (number(['training', 'clipHigh']) ?? 2) > 1)
    report(
      code,
      ['training', 'clipHigh'],
      `at most 1 with ${algorithm}`,
      `Write for example ${usual}; 2 is for cispo.`,
    );
  for (const field of ['clipLow', 'ratioCap'])
    if (!clips && of(field) !== undefined)
      report(code, ['training', field], 'nothing', `Remove it: ${algorithm} does not clip from below.`);
  if (algorithm === 'sft' && of('minReward') === undefined)
    report(
      'spec.missing_field',
      ['training', 'minReward'],
      'the least reward that is imitated',
      'Write for example 1.',
    );
  if (algorithm !== 'sft' && of('minReward') !== undefined)
    report(code, ['training', 'minReward'], 'nothing', `Remove it: ${algorithm} weighs every reply by its advantage.`);
  if (algorithm === 'sft' && of('advantage') !== undefined)
    report(code, ['training', 'advantage'], 'nothing', 'Remove it: what reaches training.minReward counts alike.');
  if (algorithm !== 'cispo' && valueAt(root, ['policy', 'lora']) === null)
    report(
      code,
      ['training', 'algorithm'],
      'cispo',
      'The others train an adapter: remove `lora: null`, or write cispo.',
    );
}

/** Overlap (docs/simulation.md): a scheduler that could not fill a round, or lets through what the trainer drops. */
export function pipelineRules({ root, report }: Ground): void {
  const pipeline = pipelineSpec.safeParse(valueAt(root, ['pipeline'])).data;
  if (pipeline === undefined) return;
  const code = 'spec.out_of_range';
  if (valueAt(root, ['training', 'advantage']) === 'round')
    report(
      code,
      ['training', 'advantage'],
      'mean or mean-std beside `pipeline`',
      'A round trains on rollouts of several versions there: compare within groups.',
    );
  const rollouts = rolloutsSpec.safeParse(valueAt(root, ['rollouts'])).data;
  if (rollouts === undefined) return;
  const { scheduler } = pipeline;
  const groups = rollouts.groupsPerRound;
  if ('outstanding' in scheduler && scheduler.outstanding < groups) {
    const hint = 'Raise it, or lower rollouts.groupsPerRound.';
    report(code, ['pipeline', 'scheduler', 'outstanding'], `at least ${groups}, the groups of a round`, hint);
    return;
  }
  const given = valueAt(root, ['training', 'maxStaleness']) ?? 2;
  const bound = stalenessBound(schedulerOf(pipeline, rollouts));
  if (typeof given === 'number' && bound > given)
    report(
      code,
      ['pipeline', 'scheduler'],
      `one that trains on nothing older than training.maxStaleness, ${given} rounds; this one allows ${bound}`,
      `Write maxStaleness: ${bound}, or ${LOWER[scheduler.kind]}; ./anneal simulate compares them.`,
    );
}

const LOWER = {
  synchronous: 'change nothing',
  'position-window': 'lower outstanding or window',
  'age-window': 'lower maxAge',
  'admission-budget': 'lower eta',
} as const;

/** Pods run what their image holds. */
export function codeRules({ root, report }: Ground): void {
  if (valueAt(root, ['training', 'code']) !== undefined && valueAt(root, ['compute']) === 'kubernetes')
    report(
      'spec.out_of_range',
      ['training', 'code'],
      'nothing on kubernetes: a pod runs the trainer of its image',
      'Build the repository into the image, and leave training.code out.',
    );
}
