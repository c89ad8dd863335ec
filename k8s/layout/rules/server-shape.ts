// How engines are cut out of the rollout GPUs, and how vLLM may divide a model among the GPUs of an engine.
import { denseLayers } from '../parameters.ts';
import { acceleratorOf, divides, division, divisors, rule, unless } from '../rule.ts';

export const SERVER_SHAPE_RULES = [
  rule('rollout-world', 'profile.layout', ({ rollout: r }) => {
    const gpus = r.nodes * r.gpusPerNode;
    return unless(r.engines * r.gpusPerEngine === gpus, () => ({
      path: 'rollout.engines',
      expected: `engines × GPUs an engine = nodes × GPUs a node = ${r.nodes} × ${r.gpusPerNode} = ${gpus}`,
      got: `${r.engines} × ${r.gpusPerEngine} = ${r.engines * r.gpusPerEngine}`,
      hint: divides(r.gpusPerEngine, gpus)
        ? `Write engines: ${gpus / r.gpusPerEngine}.`
        : `${gpus} GPUs cannot be divided into engines of ${r.gpusPerEngine}.`,
    }));
  }),

  rule('rollout-gpus-per-node', 'profile.layout', (profile) => {
    const perNode = acceleratorOf(profile, 'rollout')?.perNode ?? Number.POSITIVE_INFINITY;
    const { gpusPerNode, accelerator } = profile.rollout;
    return unless(gpusPerNode <= perNode, () => ({
      path: 'rollout.gpusPerNode',
      expected: `at most ${perNode}: what a node of ${accelerator} has`,
      got: String(gpusPerNode),
      hint: `Write ${perNode} and raise rollout.nodes.`,
    }));
  }),

  rule('engine-parallel', 'profile.layout', ({ rollout: r }) => {
    const { tensor, data } = r.parallel;
    return unless(tensor * data === r.gpusPerEngine, () => ({
      path: 'rollout.parallel',
      expected: `TP × DP = the ${r.gpusPerEngine} GPUs of an engine`,
      got: `${tensor} × ${data} = ${tensor * data}`,
      hint: divides(data, r.gpusPerEngine)
        ? `Write tensor: ${r.gpusPerEngine / data}, or gpusPerEngine: ${tensor * data}.`
        : `Write gpusPerEngine: ${tensor * data}.`,
    }));
  }),

  rule('engine-in-node', 'profile.layout', ({ rollout: r }) =>
    unless(r.multiNode || divides(r.gpusPerEngine, r.gpusPerNode), () => ({
      path: 'rollout.gpusPerEngine',
      expected: `a divisor of the ${r.gpusPerNode} GPUs of a node: an engine does not straddle nodes`,
      got: division(r.gpusPerNode, r.gpusPerEngine),
      hint: `Write one of ${divisors(r.gpusPerNode, r.gpusPerNode)}, or declare multiNode: true for engines of several whole nodes.`,
    })),
  ),

  rule('engine-of-nodes', 'profile.layout', ({ rollout: r }) =>
    unless(!r.multiNode || (r.gpusPerEngine > r.gpusPerNode && divides(r.gpusPerNode, r.gpusPerEngine)), () => ({
      path: 'rollout.multiNode',
      expected: `an engine of several whole nodes: a multiple of ${r.gpusPerNode} GPUs, and more than ${r.gpusPerNode}`,
      got: `${r.gpusPerEngine} GPUs an engine`,
      hint: 'Remove multiNode: an engine that fits a node is a single pod.',
    })),
  ),

  rule('server-heads', 'profile.layout', ({ model: { architecture: a }, rollout: { parallel } }) =>
    unless(divides(parallel.tensor, a.heads), () => ({
      path: 'rollout.parallel.tensor',
      expected: `a divisor of the ${a.heads} attention heads`,
      got: division(a.heads, parallel.tensor),
      hint: `Write one of ${divisors(a.heads, 8)}.`,
    })),
  ),

  // vLLM copies KV heads when there are more ranks than heads, but then each as often.
  rule('server-kv-heads', 'profile.layout', ({ model: { architecture: a }, rollout: { parallel } }) =>
    unless(divides(parallel.tensor, a.kvHeads) || divides(a.kvHeads, parallel.tensor), () => ({
      path: 'rollout.parallel.tensor',
      expected: `a divisor or a multiple of the ${a.kvHeads} KV heads`,
      got: division(a.kvHeads, parallel.tensor),
      hint: `Write one of ${divisors(a.kvHeads, a.kvHeads)}.`,
    })),
  ),

  rule('server-ffn', 'profile.layout', ({ model: { architecture: a }, rollout: { parallel } }) =>
    unless(denseLayers(a) === 0 || divides(parallel.tensor, a.ffn ?? 0), () => ({
      path: 'rollout.parallel.tensor',
      expected: `a divisor of the feed-forward width ${a.ffn}`,
      got: division(a.ffn ?? 0, parallel.tensor),
      hint: `Write one of ${divisors(a.ffn ?? 0, 8)}.`,
    })),
  ),

  rule('length-in-context', 'profile.layout', ({ model: { architecture: a }, rollout: r }) =>
    unless(r.maxModelTokens <= a.contextTokens, () => ({
      path: 'rollout.maxModelTokens',
      expected: `at most ${a.contextTokens}, the model's context`,
      got: String(r.maxModelTokens),
      hint: `Write ${a.contextTokens} or less.`,
    })),
  ),

  rule('usual-sequence', 'profile.layout', ({ rollout: r }) =>
    unless(r.meanGeneratedTokens <= r.meanSequenceTokens && r.meanSequenceTokens <= r.maxModelTokens, () => ({
      path: 'rollout.meanSequenceTokens',
      expected: 'generated tokens ≤ tokens of the usual sequence ≤ maxModelTokens',
      got: `${r.meanGeneratedTokens}, ${r.meanSequenceTokens}, ${r.maxModelTokens}`,
      hint: 'Put the three in order.',
    })),
  ),

  rule('colocated-devices', 'profile.layout', ({ colocated, trainer: t, rollout: r }) => {
    const same = t.accelerator === r.accelerator && t.nodes === r.nodes && t.gpusPerNode === r.gpusPerNode;
    return unless(!colocated || same, () => ({
      path: 'colocated',
      expected: `the same devices for both roles: the trainer has ${t.nodes} × ${t.gpusPerNode} ${t.accelerator}`,
      got: `${r.nodes} × ${r.gpusPerNode} ${r.accelerator} for the servers`,
      hint: 'Give both roles the same nodes, or remove colocated.',
    }));
  }),
] as const;
