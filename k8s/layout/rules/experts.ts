// How experts may be divided, in the trainer and in the server.
import { acceleratorOf, divides, division, divisors, rule, unless } from '../rule.ts';
import { servedPrecision } from '../server-memory.ts';
import { worldSize } from '../trainer-state.ts';

/** With more tensor ranks than this and no expert parallelism, slices of an expert are too narrow to be worth it. */
export const TENSOR_LIMIT = 4;

const isVllm = (rollout: { server: string }): boolean => rollout.server === 'vllm';

export const EXPERT_RULES = [
  rule('experts-without-moe', 'profile.layout', ({ model: { architecture: a }, trainer, rollout }) => {
    if (a.moe !== undefined) return [];
    const finding = (path: string, got: string) => ({
      path,
      expected: 'no expert parallelism: the model has no experts',
      got,
      hint: 'Remove the field.',
    });
    const { expert, expertTensor } = trainer.parallel;
    return [
      ...(expert > 1 ? [finding('trainer.parallel.expert', String(expert))] : []),
      ...(expertTensor > 1 ? [finding('trainer.parallel.expertTensor', String(expertTensor))] : []),
      ...(rollout.parallel.expert ? [finding('rollout.parallel.expert', 'true')] : []),
    ];
  }),

  rule('experts-by-expert', 'profile.layout', ({ model: { architecture: a }, trainer: { parallel } }) =>
    unless(a.moe === undefined || divides(parallel.expert, a.moe.experts), () => ({
      path: 'trainer.parallel.expert',
      expected: `a divisor of the ${a.moe?.experts} experts`,
      got: division(a.moe?.experts ?? 0, parallel.expert),
      hint: `Write one of ${divisors(a.moe?.experts ?? 1, a.moe?.experts ?? 1)}.`,
    })),
  ),

  rule('expert-world', 'profile.layout', ({ model: { architecture: a }, trainer }) => {
    const { expert, expertTensor, pipeline } = trainer.parallel;
    const group = expert * expertTensor * pipeline;
    const world = worldSize(trainer);
    // Without experts the other rule speaks.
    return unless(a.moe === undefined || divides(group, world), () => ({
      path: 'trainer.parallel.expert',
      expected: `EP × ETP × PP divides the ${world} GPUs: a whole number of copies of each expert`,
      got: `${expert} × ${expertTensor} × ${pipeline} = ${group}; ${division(world, group)}`,
      hint: `Write an expert parallelism that divides ${world} / (ETP × PP) = ${Number((world / (expertTensor * pipeline)).toFixed(2))}.`,
    }));
  }),

  rule('expert-ffn-by-expert-tensor', 'profile.layout', ({ model: { architecture: a }, trainer: { parallel } }) =>
    unless(a.moe === undefined || divides(parallel.expertTensor, a.moe.expertFfn), () => ({
      path: 'trainer.parallel.expertTensor',
      expected: `a divisor of the experts' width ${a.moe?.expertFfn}`,
      got: division(a.moe?.expertFfn ?? 0, parallel.expertTensor),
      hint: 'Write 1: expert parallelism divides experts better than slicing them.',
    })),
  ),

  rule('trainer-tensor-limit', 'profile.layout', ({ model: { architecture: a }, trainer: { parallel } }) =>
    unless(a.moe === undefined || parallel.tensor <= TENSOR_LIMIT || parallel.expert > 1, () => ({
      path: 'trainer.parallel.tensor',
      expected: `at most ${TENSOR_LIMIT} without expert parallelism`,
      got: `${parallel.tensor}: slices of ${a.moe?.expertFfn} / ${parallel.tensor} = ${Number(((a.moe?.expertFfn ?? 0) / parallel.tensor).toFixed(2))}`,
      hint: 'Set trainer.parallel.expert, and a smaller tensor.',
    })),
  ),

  rule('server-experts', 'profile.layout', ({ model: { architecture: a }, rollout }) => {
    const { tensor, data, expert } = rollout.parallel;
    return unless(a.moe === undefined || !expert || !isVllm(rollout) || divides(tensor * data, a.moe.experts), () => ({
      path: 'rollout.parallel.tensor',
      expected: `TP × DP divides the ${a.moe?.experts} experts: each GPU holds whole ones`,
      got: `${tensor} × ${data}; ${division(a.moe?.experts ?? 0, tensor * data)}`,
      hint: `Write sizes whose product is one of ${divisors(a.moe?.experts ?? 1, 64)}.`,
    }));
  }),

  rule('server-expert-ffn', 'profile.layout', ({ model: { architecture: a }, rollout }) => {
    const slices = rollout.parallel.tensor * rollout.parallel.data;
    const whole = rollout.parallel.expert || !isVllm(rollout);
    return unless(a.moe === undefined || whole || divides(slices, a.moe.expertFfn), () => ({
      path: 'rollout.parallel.tensor',
      expected: `a divisor of the experts' width ${a.moe?.expertFfn}`,
      got: division(a.moe?.expertFfn ?? 0, slices),
      hint: 'Write 1, 2 or 4, or set rollout.parallel.expert: true.',
    }));
  }),

  // Source: vLLM refuses block-quantised experts whose slices are not whole blocks; TP8 of M2 fails for it.
  rule('fp8-block', 'profile.layout', (profile) => {
    const { model, rollout } = profile;
    const { moe } = model.architecture;
    const slices = rollout.parallel.tensor * rollout.parallel.data;
    if (moe === undefined || rollout.parallel.expert || !isVllm(rollout)) return [];
    if (servedPrecision(model, rollout) !== 'fp8' || !divides(slices, moe.expertFfn)) return [];
    const slice = moe.expertFfn / slices;
    const block = model.weights.fp8Block;
    const gpus = acceleratorOf(profile, 'rollout')?.perNode ?? slices;
    return unless(divides(block, slice), () => ({
      path: 'rollout.parallel.tensor',
      expected: `slices of an expert that are whole fp8 blocks of ${block}`,
      got: `${moe.expertFfn} / ${slices} = ${slice}, which is not divisible by ${block}`,
      hint: `Set rollout.parallel.expert: true (on ${Math.min(gpus, 8)} GPUs: tensor ${Math.min(gpus, 8)}, or data ${Math.min(gpus, 8)}), or use a tensor parallelism of at most ${Math.floor(moe.expertFfn / block) >= 4 ? TENSOR_LIMIT : 1}.`,
    }));
  }),

  rule('server-tensor-limit', 'profile.layout', ({ model, rollout }) => {
    const { moe } = model.architecture;
    const slices = rollout.parallel.tensor * rollout.parallel.data;
    if (moe === undefined || rollout.parallel.expert || !isVllm(rollout) || slices <= TENSOR_LIMIT) return [];
    // Where blocks are cut or the width does not divide, that is the reason to give.
    if (!divides(slices, moe.expertFfn)) return [];
    const slice = moe.expertFfn / slices;
    if (servedPrecision(model, rollout) === 'fp8' && !divides(model.weights.fp8Block, slice)) return [];
    return [
      {
        path: 'rollout.parallel.tensor',
        expected: `at most ${TENSOR_LIMIT} GPUs share an expert without expert parallelism`,
        got: `${slices}: slices of ${moe.expertFfn} / ${slices} = ${slice}`,
        hint: 'Set rollout.parallel.expert: true.',
      },
    ];
  }),
] as const;
