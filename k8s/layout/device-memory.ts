// How much one device of a role may use. A GPU has its memory to itself; a CPU's is the node's, of which the kubelet gives a pod what its
// limit says and kills what takes more.
import type { ProfileSpec } from '../../contracts/profile.ts';
import { GB, quantity } from './precision.ts';

/** In bytes; 0 where the accelerator is not known, which is a finding of its own. */
export function deviceCapacity({ accelerators, pods, ...roles }: ProfileSpec, role: 'trainer' | 'rollout'): number {
  const accelerator = accelerators[roles[role].accelerator];
  if (accelerator === undefined) return 0;
  const own = accelerator.memoryGb * GB;
  return accelerator.device === 'cpu' ? Math.min(own, quantity(pods[role].memory)) : own;
}
