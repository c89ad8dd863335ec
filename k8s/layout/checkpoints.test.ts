import { expect, test } from 'vitest';
import { checkpoints, weightSync } from './checkpoints.ts';
import { shipped } from './shipped.fixture.ts';

test('MiniMax-M2.7: 3.2 TB to resume from in 640 s at 5 GB/s; 457 GB in bf16, 230 GB in fp8', () => {
  const { resumeBytes, saveSeconds, exportBytes, fp8Bytes } = checkpoints(shipped('minimax-m27-standard'));
  expect(resumeBytes / 1e12).toBeCloseTo(3.2, 2);
  expect(Math.round(saveSeconds)).toBe(640);
  expect(exportBytes / 1e9).toBeCloseTo(457, 0);
  expect((fp8Bytes ?? 0) / 1e9).toBeCloseTo(230, 0);
});

test('bf16 moments make a checkpoint of 10 bytes a parameter', () => {
  const { resumeBytes } = checkpoints(shipped('qwen3-30b-a3b'));
  expect(resumeBytes / 30_532_122_624).toBe(10);
});

test('a step sends 457 GB in full, or 5 to 9 GB of what has changed', () => {
  const { fullBytes, deltaBytes } = weightSync(shipped('minimax-m27-standard'));
  expect(fullBytes / 1e9).toBeCloseTo(457, 0);
  expect(Math.round((deltaBytes?.least ?? 0) / 1e9)).toBe(5);
  expect(Math.round((deltaBytes?.most ?? 0) / 1e9)).toBe(9);
});

test('under LoRA only the adapter is written and sent', () => {
  const cpu = shipped('cpu');
  expect(checkpoints(cpu)).toMatchObject({ exportBytes: 2 * 814_080, fp8Bytes: undefined });
  expect(weightSync(cpu)).toMatchObject({ fullBytes: 2 * 814_080, deltaBytes: undefined });
});
