// What a campaign holds while a gate of it waits: on a cluster its policy servers stay up between rounds and until the end. Pure.
import type { Waiting } from '../contracts/gate.ts';
import type { ProfileSpec } from '../contracts/profile.ts';

/** @param profile of a campaign on a cluster; undefined on one machine, whose servers serve every campaign */
export function heldWhileWaiting(profile: Pick<ProfileSpec, 'accelerators' | 'rollout'> | undefined): Waiting {
  if (profile === undefined) return { held: [] };
  const { accelerator, nodes, gpusPerNode, engines } = profile.rollout;
  const kind = profile.accelerators[accelerator];
  const servers = { what: engines === 1 ? 'policy server' : 'policy servers', count: engines };
  if (kind === undefined || kind.device === 'cpu') return { held: [servers] };
  const count = nodes * gpusPerNode;
  const usd = kind.usdPerDeviceHour;
  const cost = usd === undefined ? {} : { usdPerHour: count * usd };
  return { held: [servers, { what: `${kind.product} GPU${count === 1 ? '' : 's'}`, count, ...cost }] };
}

/** In one sentence. */
export function waitingWords({ held }: Waiting): string {
  if (held.length === 0) return 'While it waits nothing is held.';
  const usd = held.reduce((sum, one) => sum + (one.usdPerHour ?? 0), 0);
  const things = held.map(({ what, count }) => `${count} ${what}`).join(' with ');
  return `While it waits, every hour: ${things} held idle${usd === 0 ? '' : `, about $${usd.toFixed(usd < 10 ? 2 : 0)}`}.`;
}
