// How a worker has policy versions served: adapters are loaded beside each other, whole models take a fleet's place one after the
// other. Which of the two is the campaign's profile's business.
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { CampaignName } from '../contracts/ids.ts';
import type { PolicyVersion } from '../contracts/policy-version.ts';
import type { PolicyHost } from '../contracts/ports.ts';
import type { ProfileSpec } from '../contracts/profile.ts';
import { durationMs } from '../contracts/units.ts';
import type { FleetUpdate } from '../infra/vllm/fleet.ts';
import { createWeightHost } from '../infra/vllm/policy-host.ts';

export interface PolicyOptions {
  readonly store: ArtifactStore;
  readonly profileOf: (campaign: CampaignName) => Promise<ProfileSpec | undefined>;
  /** Of campaigns whose policies are adapters. */
  readonly adapters: PolicyHost;
  /** The engines of a campaign whose policies vLLM serves, one URL each. */
  readonly engines: (campaign: CampaignName) => Promise<readonly string[]>;
  /** What engines ask for before their weights are changed. */
  readonly token: string | undefined;
  /** For tests. */
  readonly update?: Partial<FleetUpdate>;
}

/** Two workers at once get in each other's way at a server; their calls fail, and are made again. */
const MAXIMUM_FAILURES = 10;

export function createPolicies(options: PolicyOptions): PolicyHost {
  const { store, profileOf, adapters, engines, token } = options;
  const fleets = new Map<CampaignName, PolicyHost>();

  async function hostOf({ campaign }: PolicyVersion): Promise<PolicyHost> {
    const known = fleets.get(campaign);
    if (known !== undefined) return known;
    const profile = await profileOf(campaign);
    if (profile?.rollout.server !== 'vllm') return adapters;
    const { rollout } = profile;
    const host = createWeightHost({
      store,
      fleet: campaign,
      servers: () => engines(campaign),
      update: {
        // The rest is given up, named, and refused by its own guard.
        minimumServers: Math.ceil(rollout.engines / 2),
        maximumFailures: MAXIMUM_FAILURES,
        // An engine that was started anew says nothing until its first weights are loaded.
        patienceMs: durationMs(rollout.probes.startupWindow),
        ...(token === undefined ? {} : { controlToken: token }),
        ...options.update,
      },
    });
    fleets.set(campaign, host);
    return host;
  }

  return {
    serve: async (version, moving) => (await hostOf(version)).serve(version, moving),
    ensure: async (version) => (await hostOf(version)).ensure(version),
    repair: async (version) => (await hostOf(version)).repair(version),
  };
}
