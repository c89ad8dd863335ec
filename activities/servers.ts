// Policy servers that exist only while a campaign needs them.
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { AnnealError } from '../contracts/errors.ts';
import type { ServerFleet } from '../contracts/ports.ts';
import type { ServerActivities } from './interface.ts';

/** @param fleet undefined where this machine's policy server serves every campaign */
export function createServerActivities(fleet: ServerFleet | undefined): ServerActivities {
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
    closeServers: async ({ campaign }) => fleet?.close(campaign),
  };
}
