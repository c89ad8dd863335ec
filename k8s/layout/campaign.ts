// Whether a profile that works by itself fits a campaign: how its policies are trained, served and named must agree.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';

/** A field of the campaign; of the profile where it begins with `profile`. */
export interface Misfit {
  readonly path: 'policy.base' | 'policy.lora' | 'pipeline.mode' | `profile${string}`;
  readonly expected: string;
  readonly got: string;
  readonly hint: string;
}

/** The one base model that adapters are trained on. */
export const ADAPTED_BASE = 'smollm2-135m-instruct';
/** What the worker class of the rollout image overrides (trainer/anneal_megatron/serving). */
const VLLM = /^0\.24(\.|$)/;

export function misfits(
  { policy, pipeline }: Pick<CampaignSpec, 'policy' | 'pipeline'>,
  profile: ProfileSpec | undefined,
): Misfit[] {
  const whole = profile?.rollout.server === 'vllm';
  return [
    ...(whole ? wholeModel(policy, profile) : adapters(policy)),
    ...pairs(profile),
    ...unless(pipeline === undefined || profile?.colocated !== true, {
      path: 'pipeline.mode',
      expected: `nothing: trainer and servers of the profile ${profile?.name} take turns on the same devices`,
      got: 'async',
      hint: 'Remove `pipeline`, or choose a profile in which each has its own devices.',
    }),
  ];
}

function adapters({ base, lora }: CampaignSpec['policy']): Misfit[] {
  return [
    ...unless(base === ADAPTED_BASE, {
      path: 'policy.base',
      expected: `${ADAPTED_BASE}, the model whose adapters are trained without GPUs`,
      got: base,
      hint: 'Use it, or `compute: kubernetes` with a profile of this model that vLLM serves.',
    }),
    ...unless(lora !== null, {
      path: 'policy.lora',
      expected: 'an adapter: without GPUs nothing else is trained',
      got: 'null',
      hint: 'Remove the field, or use a profile whose policies vLLM serves.',
    }),
  ];
}

function wholeModel({ base, lora }: CampaignSpec['policy'], profile: ProfileSpec): Misfit[] {
  const { model, trainer, rollout, storage } = profile;
  return [
    ...unless(base === model.name, {
      path: 'policy.base',
      expected: `${model.name}, the model of the profile ${profile.name}`,
      got: base,
      hint: `Write base: ${model.name}, or choose another profile.`,
    }),
    ...unless(lora === null, {
      path: 'policy.lora',
      expected: 'null: this profile trains and serves all weights, and no adapter',
      got: 'an adapter',
      hint: 'Write lora: null.',
    }),
    ...unless(!rollout.lora && trainer.lora === undefined, {
      path: 'profile: rollout.lora, trainer.lora',
      expected: 'none: what vLLM serves here is a whole model',
      got: 'an adapter',
      hint: 'Remove both.',
    }),
    ...unless(rollout.parallel.data === 1, {
      path: 'profile: rollout.parallel.data',
      expected:
        '1: of several data-parallel ranks vLLM tells the weights of the first only, so that they cannot be verified',
      got: `${rollout.parallel.data}`,
      hint: 'Use more engines with tensor or expert parallelism instead.',
    }),
    ...unless(VLLM.test(rollout.vllmVersion ?? ''), {
      path: 'profile: rollout.vllmVersion',
      expected: '0.24: weight updates override parts of just this version',
      got: rollout.vllmVersion ?? 'nothing',
      hint: 'Use the image rollout-vllm, which is made of it.',
    }),
    ...unless(rollout.weights === undefined || rollout.weights === model.weights.precision, {
      path: 'profile: rollout.weights',
      expected: `${model.weights.precision}, as the checkpoint has it: new versions have its layout`,
      got: rollout.weights ?? '',
      hint: 'Remove it, or publish a checkpoint of that precision as the base model.',
    }),
    ...unless(trainer.precision.weights === 'bf16' && trainer.precision.master === 'fp32', {
      path: 'profile: trainer.precision',
      expected: 'weights in bf16 with master weights in fp32, the only ones that the trainer for many GPUs knows',
      got: `${trainer.precision.weights}, master ${trainer.precision.master}`,
      hint: 'Remove both fields: that is their default.',
    }),
    ...unless(trainer.nodes === 1 || storage.shared !== undefined, {
      path: 'profile: storage.shared',
      expected: `a volume for resume checkpoints that all ${trainer.nodes} nodes write`,
      got: 'nothing',
      hint: 'Add storage.shared.claim, the name of a PersistentVolumeClaim with ReadWriteMany.',
    }),
  ];
}

/** Adapters are the CPU trainer's, whole models Megatron's. */
function pairs(profile: ProfileSpec | undefined): Misfit[] {
  if (profile === undefined) return [];
  const engine = profile.rollout.server === 'vllm' ? 'megatron' : 'jax';
  return unless(profile.trainer.engine === engine, {
    path: 'profile: trainer.engine',
    expected: `${engine}, which trains what ${profile.rollout.server} serves`,
    got: profile.trainer.engine,
    hint: `Write engine: ${engine}.`,
  });
}

const unless = (right: boolean, misfit: Misfit): Misfit[] => (right ? [] : [misfit]);
