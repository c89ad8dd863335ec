import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../contracts/profile.ts';
import { countAdapter, countParameters } from './parameters.ts';
import { SHIPPED, shipped } from './shipped.fixture.ts';

/** Every tensor of a model, as its safetensors index lists them: counted without the formulas. */
function tensors(a: Architecture): number[] {
  const shapes: number[] = [a.vocab * a.hidden, a.hidden];
  if (!a.tiedEmbeddings) shapes.push(a.vocab * a.hidden);
  for (let layer = 0; layer < a.layers; layer++) {
    const q = a.heads * a.headDim;
    const kv = a.kvHeads * a.headDim;
    shapes.push(a.hidden * q, a.hidden * kv, a.hidden * kv, q * a.hidden, a.hidden, a.hidden);
    if (a.qkNorm === 'head') shapes.push(a.headDim, a.headDim);
    if (a.qkNorm === 'layer') shapes.push(q, kv);
    const width = a.moe === undefined || layer < a.moe.denseLayers ? a.ffn : undefined;
    if (width !== undefined) shapes.push(width * a.hidden, width * a.hidden, a.hidden * width);
    else if (a.moe !== undefined) {
      shapes.push(a.moe.experts * a.hidden, a.moe.routerBias ? a.moe.experts : 0);
      for (let expert = 0; expert < a.moe.experts; expert++)
        shapes.push(a.moe.expertFfn * a.hidden, a.moe.expertFfn * a.hidden, a.hidden * a.moe.expertFfn);
      shapes.push(3 * a.moe.sharedFfn * a.hidden);
    }
  }
  return shapes;
}

describe('published sizes', () => {
  test('MiniMax-M2.7 has 228.69B parameters, of which 9.8B are active, 10.4B with the head', () => {
    const p = countParameters(shipped('minimax-m27-standard').model.architecture);
    expect(p.total).toBe(228_689_764_864);
    expect(p.active / 1e9).toBeCloseTo(9.8, 2);
    expect(p.multiplied / 1e9).toBeCloseTo(10.42, 2);
  });

  test.each([
    ['qwen3-30b-a3b', 30.53],
    ['one-gpu', 0.596],
    ['cpu', 0.1345],
  ])('%s has %fB', (name, billions) => {
    expect(countParameters(shipped(name).model.architecture).total / 1e9).toBeCloseTo(billions, 2);
  });
});

test.each([...SHIPPED.keys()])('%s: the sum of all tensors', (name) => {
  const { architecture } = shipped(name).model;
  expect(countParameters(architecture).total).toBe(tensors(architecture).reduce((sum, size) => sum + size, 0));
});

test('leading dense layers and shared experts are counted', () => {
  const architecture = shipped('qwen3-30b-a3b', ({ model }) => {
    model.architecture.ffn = 6144;
    Object.assign(model.architecture.moe ?? {}, { denseLayers: 3, sharedFfn: 512 });
  }).model.architecture;
  expect(countParameters(architecture).total).toBe(tensors(architecture).reduce((sum, size) => sum + size, 0));
});

test('adapters of rank 8 on all projections of the last 10 layers of SmolLM2', () => {
  const { architecture } = shipped('cpu').model;
  // q, k, v, o, gate, up, down: rank × (inputs + outputs).
  const layer = 8 * (1152 + 768 + 768 + 1152 + 3 * 2112);
  expect(countAdapter(architecture, { rank: 8, layers: 10 })).toBe(10 * layer);
  expect(countAdapter(architecture, { rank: 8, layers: 99 })).toBe(30 * layer);
});
