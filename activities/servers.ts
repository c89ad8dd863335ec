// Policy servers that exist only while a campaign needs them, and the policy versions that they are moved to.
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { AnnealError } from '../contracts/errors.ts';
import type { PolicyHost, ServerFleet } from '../contracts/ports.ts';
import type { ServerActivities } from './interface.ts';

/** Calls to a server take minutes; a worker that was killed is missed sooner. */
const BEAT_MS = 3_000;

/** @param fleet undefined where this machine's policy server serves every campaign */
export function createServerActivities(fleet: ServerFleet | undefined, policies: PolicyHost): ServerActivities {
  return {
    async openServers({ campaign }) {
      if (fleet === undefined) {
        throw new AnnealError(
          'campaign.other_compute',
          `${campaign} asks for Kubernetes; this worker runs jobs locally`,
        );
      }
      await fleet.open(campaign, cancellationSignal(), (waitingFor) => heartbeat({ waitingFor }));
    },
    async servePolicy({ policy }) {
      let waitingFor = `${policy.name} is looked for at every server`;
      const beat = setInterval(() => heartbeat({ waitingFor }), BEAT_MS);
      try {
        const onProgress = (what: string): void => {
          waitingFor = what;
        };
        await policies.serve(policy, { signal: cancellationSignal(), onProgress });
      } finally {
        clearInterval(beat);
      }
    },
    restServers: async ({ campaign }) => ({
      resting: fleet === undefined ? false : await fleet.rest(campaign, cancellationSignal()),
    }),
    closeServers: async ({ campaign }) => fleet?.close(campaign),
  };
}
