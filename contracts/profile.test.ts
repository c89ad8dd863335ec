import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { architecture, estimate, profileSpec } from './profile.ts';

const dense = { layers: 2, hidden: 8, heads: 2, kvHeads: 1, headDim: 4, vocab: 16, contextTokens: 32 };
const moe = { experts: 4, topK: 2, expertFfn: 8 };

describe('architecture', () => {
  test('a dense model needs the width of its layers, a pure mixture of experts does not', () => {
    expect(architecture.safeParse({ ...dense, ffn: 16 }).success).toBe(true);
    expect(architecture.safeParse(dense).error?.issues[0]?.path).toEqual(['ffn']);
    expect(architecture.safeParse({ ...dense, moe }).success).toBe(true);
    expect(architecture.safeParse({ ...dense, moe: { ...moe, denseLayers: 1 } }).error?.issues[0]?.path).toEqual([
      'ffn',
    ]);
  });

  test('a token cannot use more experts than there are, nor can all layers be dense', () => {
    expect(architecture.safeParse({ ...dense, moe: { ...moe, topK: 5 } }).success).toBe(false);
    expect(architecture.safeParse({ ...dense, ffn: 16, moe: { ...moe, denseLayers: 2 } }).success).toBe(false);
  });
});

test('an estimate says where it comes from', () => {
  expect(estimate.safeParse({ value: 5, source: '' }).success).toBe(false);
  expect(estimate.safeParse({ value: 0, source: 'measured' }).success).toBe(false);
});

test('the schema can be emitted for editors', () => {
  const emitted = JSON.stringify(z.toJSONSchema(profileSpec, { io: 'input' }));
  for (const field of ['sequenceTokens', 'memoryUtilisation', 'usdPerDeviceHour']) expect(emitted).toContain(field);
});
