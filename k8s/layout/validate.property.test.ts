// An accepted layout is laid out here rank by rank and tensor by tensor, without the formulas of the rules.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Architecture, ProfileSpec } from '../../contracts/profile.ts';
import { activations } from './activations.ts';
import { shipped } from './shipped.fixture.ts';
import { validateLayout } from './validate.ts';

/** Deals `items` to `hands` one by one; true when everybody has as many. */
function fair(items: number, hands: number): boolean {
  const held = new Array<number>(hands).fill(0);
  for (let item = 0; item < items; item++) held[item % hands] = (held[item % hands] ?? 0) + 1;
  return new Set(held).size === 1;
}

interface Shard {
  readonly size: number;
  readonly expert: boolean;
}

/** The shards that the first rank of a stage holds, one a tensor. */
function shards(a: Architecture, p: ProfileSpec['trainer']['parallel'], stage: number): Shard[] {
  const all: Shard[] = [];
  const dense = (size: number, by = p.tensor): number => all.push({ size: size / by, expert: false });
  const perStage = a.layers / p.pipeline;
  if (stage === 0) dense(a.vocab * a.hidden);
  if (stage === p.pipeline - 1) {
    dense(a.hidden, 1);
    // A tied head is the embedding where both are on one stage, a copy elsewhere.
    if (!a.tiedEmbeddings || p.pipeline > 1) dense(a.vocab * a.hidden);
  }
  for (let layer = 0; layer < perStage; layer++) {
    for (const width of [a.heads, a.kvHeads, a.kvHeads, a.heads]) dense(width * a.headDim * a.hidden);
    dense(2 * a.hidden, 1);
    if (a.qkNorm === 'head') dense(2 * a.headDim, 1);
    if (a.qkNorm === 'layer') dense((a.heads + a.kvHeads) * a.headDim, 1);
    if (a.moe === undefined) dense(3 * (a.ffn ?? 0) * a.hidden);
    else {
      dense(a.moe.experts * (a.hidden + (a.moe.routerBias ? 1 : 0)), 1);
      for (let expert = 0; expert < a.moe.experts / p.expert; expert++)
        all.push({ size: (3 * a.moe.expertFfn * a.hidden) / p.expertTensor, expert: true });
    }
  }
  return all;
}

function trainerBreaks({ model, trainer: t, accelerators, colocated, rollout }: ProfileSpec): string[] {
  const a = model.architecture;
  const p = t.parallel;
  const broken: string[] = [];
  const world = t.nodes * t.gpusPerNode;
  const places = new Set<string>();
  const tensorNodes = new Map<string, Set<number>>();
  for (let rank = 0; rank < world; rank++) {
    const tensor = rank % p.tensor;
    const context = Math.floor(rank / p.tensor) % p.context;
    const data = Math.floor(rank / (p.tensor * p.context)) % p.data;
    const stage = Math.floor(rank / (p.tensor * p.context * p.data));
    if (stage >= p.pipeline) broken.push('a rank without a place');
    places.add([tensor, context, data, stage].join());
    const group = [context, data, stage].join();
    tensorNodes.set(group, (tensorNodes.get(group) ?? new Set()).add(Math.floor(rank / t.gpusPerNode)));
  }
  if (places.size !== p.tensor * p.context * p.data * p.pipeline) broken.push('a place without a rank');
  if ([...tensorNodes.values()].some((nodes) => nodes.size > 1)) broken.push('tensor ranks on two nodes');
  if (!fair(a.heads, p.tensor) || !fair(a.kvHeads, p.tensor) || !fair(a.layers, p.pipeline))
    broken.push('an unfair deal');
  if (a.moe !== undefined) {
    if (!fair(a.moe.experts, p.expert)) broken.push('an unfair deal of experts');
    if (!fair(world / p.pipeline, p.expert * p.expertTensor)) broken.push('an expert group with a gap');
  }
  if (broken.length > 0) return broken;
  for (const [index, stage] of (['first', 'last'] as const).entries()) {
    let bytes = 0;
    for (const { size, expert } of shards(a, p, index === 0 ? 0 : p.pipeline - 1)) {
      const copies = expert ? world / p.pipeline / (p.expert * p.expertTensor) : p.data * p.context;
      const grad = t.precision.grads === 'fp32' ? 4 : 2;
      const optimizer = 4 + 2 * (t.precision.moments === 'fp32' ? 4 : 2);
      bytes += size * (2 + grad + optimizer / copies);
    }
    const { layers, working, loss } = activations(a, t, stage);
    bytes += layers + working + loss + (t.reserveGb + (colocated ? rollout.runtimeOverheadGb : 0)) * 1e9;
    // A thousandth: the same terms in another order.
    if (bytes > (accelerators[t.accelerator]?.memoryGb ?? 0) * 1.001e9) broken.push('too much on a GPU');
  }
  return broken;
}

function serverBreaks({ model, rollout: r, accelerators }: ProfileSpec): string[] {
  const a = model.architecture;
  const { tensor, data, expert } = r.parallel;
  const broken: string[] = [];
  const nodesOf = new Map<number, Set<number>>();
  for (let gpu = 0; gpu < r.nodes * r.gpusPerNode; gpu++) {
    const engine = Math.floor(gpu / r.gpusPerEngine);
    nodesOf.set(engine, (nodesOf.get(engine) ?? new Set()).add(Math.floor(gpu / r.gpusPerNode)));
  }
  if (nodesOf.size !== r.engines || !fair(r.nodes * r.gpusPerNode, r.engines)) broken.push('GPUs without an engine');
  if ([...nodesOf.values()].some((nodes) => nodes.size > 1)) broken.push('an engine on two nodes');
  if (!fair(a.heads, tensor)) broken.push('an unfair deal of heads');
  const fp8 = (r.weights ?? model.weights.precision) === 'fp8';
  let weights = 0;
  const add = (size: number, quantised: boolean): void => {
    weights += size * (quantised && fp8 ? 1 : 2);
  };
  for (let layer = 0; layer < a.layers; layer++) {
    add((2 * a.hidden * (a.heads + a.kvHeads) * a.headDim) / tensor, true);
    if (a.moe === undefined) add((3 * (a.ffn ?? 0) * a.hidden) / tensor, true);
    else {
      const slices = tensor * data;
      if (expert && !fair(a.moe.experts, slices)) broken.push('an unfair deal of experts');
      if (!expert && !fair(a.moe.expertFfn, slices)) broken.push('a ragged slice');
      if (!expert && fp8 && !fair(a.moe.expertFfn / model.weights.fp8Block, slices)) broken.push('half a block');
      if (!expert && slices > 4) broken.push('thin slices');
      add((a.moe.experts * 3 * a.moe.expertFfn * a.hidden) / slices, true);
      add(a.moe.experts * a.hidden, false);
    }
  }
  add(((a.tiedEmbeddings ? 1 : 2) * a.vocab * a.hidden) / tensor, false);
  const room =
    (accelerators[r.accelerator]?.memoryGb ?? 0) * 1e9 * r.memoryUtilisation - r.runtimeOverheadGb * 1e9 - weights;
  const token = a.layers * 2 * Math.ceil(a.kvHeads / tensor) * a.headDim * 2;
  if (room * 1.001 < r.maxModelTokens * token) broken.push('the longest sequence does not fit');
  if (room * 1.001 * data < r.maxSequences * r.meanSequenceTokens * token) broken.push('the usual load does not fit');
  return broken;
}

const size = (...choices: number[]) => fc.constantFrom(...choices);

test('what the validator accepts can be laid out rank by rank', () => {
  let accepted = 0;
  let refused = 0;
  const layout = fc.record({
    base: fc.constantFrom('minimax-m27-standard', 'minimax-m27-h100', 'minimax-m27-smoke', 'qwen3-30b-a3b'),
    keep: fc.boolean(),
    tensor: size(1, 2, 2, 3, 4, 8),
    pipeline: size(1, 2),
    context: size(1, 2, 4),
    expert: size(4, 8, 16, 32, 64),
    expertTensor: size(1, 1, 1, 2),
    data: size(1, 2, 4, 8, 16, 32),
    nodes: size(1, 3, 8, 8, 16),
    perNode: size(8, 8, 2),
    experts: size(0, 0, 96, 100),
    moments: fc.constantFrom('fp32' as const, 'bf16' as const),
    sequenceTokens: size(16_384, 32_768, 65_536),
    engineTensor: size(1, 2, 4, 8),
    engineData: size(1, 2, 4, 8),
    engineExpert: fc.boolean(),
    maxSequences: size(8, 64, 256),
  });
  fc.assert(
    fc.property(layout, (x) => {
      const profile = shipped(x.base, ({ model, trainer: t, rollout: r }) => {
        // Half of the trials complete world and engines, so that enough are accepted.
        const nodes = x.base === 'qwen3-30b-a3b' ? 1 : x.nodes;
        if (x.experts > 0) Object.assign(model.architecture.moe ?? {}, { experts: x.experts });
        if (!profileIsColocated(x.base)) t.gpusPerNode = x.perNode;
        const rest = (nodes * t.gpusPerNode) / (x.tensor * x.pipeline * x.context);
        const data = x.keep && rest >= 1 ? rest : x.data;
        const { tensor, pipeline, context, expert, expertTensor } = x;
        t.nodes = nodes;
        t.parallel = { tensor, pipeline, context, data, expert, expertTensor };
        t.precision = { ...t.precision, moments: x.moments, grads: x.moments };
        t.sequenceTokens = x.sequenceTokens;
        if (t.nodes !== r.nodes && profileIsColocated(x.base)) r.nodes = t.nodes;
        r.parallel = { tensor: x.engineTensor, data: x.engineData, expert: x.engineExpert };
        r.gpusPerEngine = x.engineTensor * x.engineData;
        if (x.keep) r.engines = Math.max(1, Math.floor((r.nodes * r.gpusPerNode) / r.gpusPerEngine));
        r.maxSequences = x.maxSequences;
      });
      const problems = validateLayout(profile);
      if (problems.length > 0) {
        refused += 1;
        return;
      }
      accepted += 1;
      expect([...trainerBreaks(profile), ...serverBreaks(profile)]).toEqual([]);
    }),
    { numRuns: 20_000, seed: 7 },
  );
  expect(accepted).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(accepted);
});

function profileIsColocated(name: string): boolean {
  return shipped(name).colocated;
}
