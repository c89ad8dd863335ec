// Policy servers that exist only while a campaign needs them, and the policy versions that they are moved to.
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { AnnealError } from '../contracts/errors.ts';
import type { PolicyHost, ServerFleet } from '../contracts/ports.ts';
import type { ServerActivities } from './interface.ts';

/** Calls to a server or to a cluster take minutes; a worker that was killed is missed sooner. */
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
      await telling(`${campaign} is looked for on the cluster`, (onProgress) =>
        fleet.open(campaign, cancellationSignal(), onProgress),
      );
    },
    async servePolicy({ policy }) {
      const { lost } = await telling(`${policy.name} is looked for at every server`, (onProgress) =>
        policies.serve(policy, { signal: cancellationSignal(), onProgress }),
      );
      return { lost: [...lost] };
    },
    async restServers({ campaign }) {
      if (fleet === undefined) return { resting: false };
      const resting = await telling(`${campaign} is looked for on the cluster`, (onProgress) =>
        fleet.rest(campaign, cancellationSignal(), onProgress),
      );
      return { resting };
    },
    async closeServers({ campaign }) {
      if (fleet === undefined) return;
      await telling(`${campaign} is looked for on the cluster`, (onProgress) =>
        fleet.close(campaign, { signal: cancellationSignal(), onProgress }),
      );
    },
  };
}

/** Beats with what the work waits for, while it works. */
async function telling<T>(first: string, work: (onProgress: (waitingFor: string) => void) => Promise<T>): Promise<T> {
  let waitingFor = first;
  const tell = (): void => heartbeat({ waitingFor });
  const beat = setInterval(tell, BEAT_MS);
  try {
    return await work((what) => {
      waitingFor = what;
      tell();
    });
  } finally {
    clearInterval(beat);
  }
}
