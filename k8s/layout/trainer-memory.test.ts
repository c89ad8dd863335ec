import { expect, test } from 'vitest';
import { shipped } from './shipped.fixture.ts';
import { trainerHostMemory, trainerMemory } from './trainer-memory.ts';

const part = (parts: readonly { name: string; bytes: number }[], name: string): number =>
  parts.find((one) => one.name === name)?.bytes ?? Number.NaN;

test('parts add up, and the fullest stage counts', () => {
  const { parts, used, capacity } = trainerMemory(shipped('minimax-m27-h100'));
  expect(parts.reduce((sum, one) => sum + one.bytes, 0)).toBe(used);
  expect(used).toBeLessThan(capacity);
  expect(part(parts, 'loss')).toBeGreaterThan(0);
});

test('a sleeping server keeps its overhead on the GPU', () => {
  expect(part(trainerMemory(shipped('one-gpu')).parts, 'sleeping server')).toBe(3.5e9);
});

test('on CPUs a trainer has what its pod may use', () => {
  const small = shipped('cpu', (p) => Object.assign(p.pods.trainer, { memory: '3Gi' }));
  expect(trainerMemory(small).capacity).toBe(3 * 2 ** 30);
  expect(trainerMemory(shipped('cpu')).capacity).toBe(6e9);
});

test('64 H100 would not do: 70 GB of state and the rest', () => {
  const { used } = trainerMemory(
    shipped('minimax-m27-standard', (p) => Object.assign(p.accelerators.h200 ?? {}, { memoryGb: 80 })),
  );
  expect(used / 1e9).toBeGreaterThan(80);
});

test('an offloaded optimizer takes 2.74 TB of main memory over all nodes', () => {
  const parts = trainerHostMemory(
    shipped('minimax-m27-standard', (p) => Object.assign(p.trainer, { offload: 'optimizer' })),
  );
  expect((part(parts, 'optimizer') * 8) / 1e12).toBeCloseTo(2.74, 2);
});

test('by turns, the state waits in main memory: 8 × 70 GB', () => {
  const parts = trainerHostMemory(shipped('minimax-m27-smoke'));
  expect(part(parts, 'state while generating') / 1e9).toBeCloseTo(560, 0);
  expect(trainerHostMemory(shipped('cpu'))).toEqual([]);
});
