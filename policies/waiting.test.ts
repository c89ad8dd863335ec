import { expect, it } from 'vitest';
import type { ProfileSpec } from '../contracts/profile.ts';
import { heldWhileWaiting, waitingWords } from './waiting.ts';

const profileOf = (device: 'gpu' | 'cpu', usdPerDeviceHour?: number) =>
  ({
    accelerators: { h100: { device, product: 'H100', ...(usdPerDeviceHour && { usdPerDeviceHour }) } },
    rollout: { accelerator: 'h100', nodes: 3, gpusPerNode: 8, engines: 6 },
  }) as unknown as ProfileSpec;

it('is nothing on one machine', () => {
  expect(waitingWords(heldWhileWaiting(undefined))).toBe('While it waits nothing is held.');
});

it('is the policy servers of a cluster with their GPUs, and what they cost where that is known', () => {
  expect(heldWhileWaiting(profileOf('gpu', 2.5))).toEqual({
    held: [
      { what: 'policy servers', count: 6 },
      { what: 'H100 GPUs', count: 24, usdPerHour: 60 },
    ],
  });
  expect(waitingWords(heldWhileWaiting(profileOf('gpu', 2.5)))).toBe(
    'While it waits, every hour: 6 policy servers with 24 H100 GPUs held idle, about $60.',
  );
  expect(waitingWords(heldWhileWaiting(profileOf('gpu')))).not.toContain('$');
  expect(heldWhileWaiting(profileOf('cpu'))).toEqual({ held: [{ what: 'policy servers', count: 6 }] });
});
