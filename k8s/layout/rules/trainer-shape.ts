// How Megatron may divide a model: tensor, pipeline, context and data parallelism. Source: the checks of Megatron-Core's
// parallel_state.initialize_model_parallel and TransformerConfig.
import type { ProfileSpec } from '../../../contracts/profile.ts';
import { denseLayers } from '../parameters.ts';
import { acceleratorOf, divides, division, divisors, rule, unless } from '../rule.ts';
import { worldSize } from '../trainer-state.ts';

const AT = 'trainer.parallel';
/** Nodes more or fewer than were written that are still worth advising. */
const FURTHEST = 64;

export const TRAINER_SHAPE_RULES = [
  rule('trainer-world', 'profile.layout', ({ trainer }) => {
    const { tensor, pipeline, context, data } = trainer.parallel;
    const gpus = trainer.nodes * trainer.gpusPerNode;
    return unless(worldSize(trainer) === gpus, () => ({
      path: `${AT}.data`,
      expected: `TP × PP × CP × DP = nodes × GPUs a node: ${tensor} × ${pipeline} × ${context} × DP = ${trainer.nodes} × ${trainer.gpusPerNode} = ${gpus}`,
      got: `${tensor} × ${pipeline} × ${context} × ${data} = ${worldSize(trainer)}`,
      hint: worldHint(trainer),
    }));
  }),

  rule('trainer-gpus-per-node', 'profile.layout', (profile) => {
    const perNode = acceleratorOf(profile, 'trainer')?.perNode ?? Number.POSITIVE_INFINITY;
    const { gpusPerNode, accelerator } = profile.trainer;
    return unless(gpusPerNode <= perNode, () => ({
      path: 'trainer.gpusPerNode',
      expected: `at most ${perNode}: what a node of ${accelerator} has`,
      got: String(gpusPerNode),
      hint: `Write ${perNode} and raise trainer.nodes.`,
    }));
  }),

  rule('tensor-in-node', 'profile.layout', ({ trainer: { parallel, gpusPerNode } }) =>
    unless(divides(parallel.tensor, gpusPerNode), () => ({
      path: `${AT}.tensor`,
      expected: `a divisor of the ${gpusPerNode} GPUs of a node: tensor ranks talk in every layer and need NVLink`,
      got: division(gpusPerNode, parallel.tensor),
      hint: `Write one of ${divisors(gpusPerNode, gpusPerNode)}.`,
    })),
  ),

  rule('heads-by-tensor', 'profile.layout', ({ model: { architecture: a }, trainer: { parallel } }) =>
    unless(divides(parallel.tensor, a.heads), () => ({
      path: `${AT}.tensor`,
      expected: `a divisor of the ${a.heads} attention heads`,
      got: division(a.heads, parallel.tensor),
      hint: `Write one of ${divisors(a.heads, 8)}.`,
    })),
  ),

  rule('kv-heads-by-tensor', 'profile.layout', ({ model: { architecture: a }, trainer: { parallel } }) =>
    unless(divides(parallel.tensor, a.kvHeads), () => ({
      path: `${AT}.tensor`,
      expected: `a divisor of the ${a.kvHeads} KV heads: Megatron does not divide a head`,
      got: division(a.kvHeads, parallel.tensor),
      hint: `Write one of ${divisors(a.kvHeads, a.kvHeads)}.`,
    })),
  ),

  rule('ffn-by-tensor', 'profile.layout', ({ model: { architecture: a }, trainer: { parallel } }) =>
    unless(denseLayers(a) === 0 || divides(parallel.tensor, a.ffn ?? 0), () => ({
      path: `${AT}.tensor`,
      expected: `a divisor of the feed-forward width ${a.ffn}`,
      got: division(a.ffn ?? 0, parallel.tensor),
      hint: `Write one of ${divisors(a.ffn ?? 0, 8)}.`,
    })),
  ),

  rule('layers-by-pipeline', 'profile.layout', ({ model: { architecture: a }, trainer: { parallel } }) =>
    unless(divides(parallel.pipeline, a.layers), () => ({
      path: `${AT}.pipeline`,
      expected: `a divisor of the ${a.layers} layers: every stage gets as many`,
      got: division(a.layers, parallel.pipeline),
      hint: `Write one of ${divisors(a.layers, a.layers)}.`,
    })),
  ),

  rule('sequence-by-context', 'profile.layout', ({ trainer: { parallel, sequenceTokens } }) => {
    // A rank takes one chunk from the front and one from the back, so that causal attention is equal work for all.
    const chunks = parallel.tensor * (parallel.context > 1 ? 2 * parallel.context : 1);
    return unless(divides(chunks, sequenceTokens), () => ({
      path: 'trainer.sequenceTokens',
      expected: `a multiple of ${chunks}: sequence parallelism divides by TP = ${parallel.tensor}, context parallelism by 2 × CP = ${2 * parallel.context}`,
      got: division(sequenceTokens, chunks),
      hint: `Write ${Math.max(1, Math.floor(sequenceTokens / chunks)) * chunks}.`,
    }));
  }),

  rule('sequence-in-context', 'profile.layout', ({ model: { architecture: a }, trainer: { sequenceTokens } }) =>
    unless(sequenceTokens <= a.contextTokens, () => ({
      path: 'trainer.sequenceTokens',
      expected: `at most ${a.contextTokens}, the model's context`,
      got: String(sequenceTokens),
      hint: `Write ${a.contextTokens} or less.`,
    })),
  ),

  rule('batch-by-data', 'profile.layout', ({ trainer: { parallel, batchSequences, microBatchSequences } }) => {
    const once = parallel.data * microBatchSequences;
    return unless(divides(once, batchSequences), () => ({
      path: 'trainer.batchSequences',
      expected: `a multiple of DP × micro batch = ${parallel.data} × ${microBatchSequences} = ${once}`,
      got: division(batchSequences, once),
      hint: `Write ${Math.max(1, Math.round(batchSequences / once)) * once}.`,
    }));
  }),
] as const;

/** What breaks no other rule: a data parallelism for these nodes, or else the nearest number of nodes that has one. */
function worldHint(trainer: ProfileSpec['trainer']): string {
  const { nodes, gpusPerNode, batchSequences, microBatchSequences } = trainer;
  const { tensor, pipeline, context, expert, expertTensor } = trainer.parallel;
  const dataOf = (count: number): number | undefined => {
    const data = (count * gpusPerNode) / (tensor * pipeline * context);
    const isWhole = Number.isInteger(data) && divides(expert * expertTensor * pipeline, count * gpusPerNode);
    return isWhole && divides(data * microBatchSequences, batchSequences) ? data : undefined;
  };
  const data = dataOf(nodes);
  if (data !== undefined) return `Write data: ${data}.`;
  for (let away = 1; away <= FURTHEST; away += 1)
    for (const count of [nodes - away, nodes + away]) {
      const found = count > 0 ? dataOf(count) : undefined;
      if (found !== undefined)
        return `Write nodes: ${count} and data: ${found}; with ${nodes} nodes no data parallelism fits experts and batch.`;
    }
  return `${nodes * gpusPerNode} GPUs fit TP × PP × CP = ${tensor * pipeline * context}, experts and batch with no data parallelism: change one of them.`;
}
