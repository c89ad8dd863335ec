// The policy server of one machine: it serves every campaign, always at the same address.
import type { PolicyServers } from '../../contracts/ports.ts';

/** @param controlUrl with or without a trailing slash */
export function oneServer(controlUrl: string): PolicyServers {
  const address = [controlUrl.replace(/\/$/, '')];
  return { of: async () => address, forget: () => undefined, all: async () => address };
}
