// What of this home's campaigns goes on running on a cluster when its stack stops: told by `down`, ended by `down --purge`, after which
// nobody is left who would.
import { AnnealError, asAnnealError } from '../contracts/errors.ts';
import type { CampaignName } from '../contracts/ids.ts';
import type { Config } from '../infra/config.ts';
import type { Deployment } from '../infra/deployment.ts';
import { type ClusterCampaign, clusterCampaigns } from '../infra/stack/cluster-campaigns.ts';
import { type Cluster, openCluster } from '../k8s/cluster/request.ts';
import { createWorkloads } from '../k8s/cluster/workloads.ts';
import { removalCommand, runningObjects } from '../k8s/running.ts';
import { createServerFleet } from '../k8s/servers/fleet.ts';
import { type Reaped, reap } from '../k8s/servers/reaper.ts';
import { commandFor } from './view/command.ts';

type OnCluster = Extract<Deployment, { compute: 'kubernetes' }>;
type Say = (line: string) => void;

interface Running extends ClusterCampaign {
  /** `Deployment demo-policy` */
  readonly objects: readonly string[];
}

/** For whoever has just stopped the stack; silent where nothing runs. Never throws because of the cluster. */
export async function tellLeftovers(config: Config, say: Say): Promise<void> {
  const { deployment } = config;
  const noted = await clusterCampaigns(config);
  if (deployment.compute === 'local' || noted.length === 0) return;
  try {
    const running = await look(openBriefly(deployment), deployment, noted);
    for (const one of running) say(`Still on the cluster: ${describe(one)}.`);
    if (running.some(isOwn))
      say(`It goes on with ${commandFor(config, 'up')}; ${commandFor(config, 'down --purge')} ends it there too.`);
  } catch (failure) {
    say(`Whether ${namesOf(noted)} still runs on the cluster is not known: ${asAnnealError(failure).message}`);
  }
}

/**
 * Ends what only this home could have gone on with, jobs before servers, and removes what those campaigns own on the cluster. Campaigns of
 * a Temporal server elsewhere are other workers' too: they are only told. Never throws because of the cluster.
 * @returns whether something may run on that nobody will end
 */
export async function endLeftovers(config: Config, say: Say): Promise<boolean> {
  const { deployment } = config;
  const noted = await clusterCampaigns(config);
  if (deployment.compute === 'local' || noted.length === 0) return false;
  const own = Map.groupBy(noted.filter(isOwn), ({ namespace }) => namespace);
  try {
    const cluster = openBriefly(deployment);
    const running = await look(cluster, deployment, noted);
    for (const one of running.filter((one) => !isOwn(one)))
      say(
        `Still on the cluster: ${describe(one)}. End it with ./anneal cancel ${one.campaign} --temporal ${one.temporal}`,
      );
    let isLeft = false;
    for (const [namespace, here] of own) {
      for (const one of await endAll(cluster, deployment, namespace, here, say)) {
        const known = running.find(({ campaign }) => campaign === one.campaign);
        if (one.what === 'failed') {
          isLeft = true;
          say(`${one.campaign} could not be ended on the cluster: ${asAnnealError(one.failure).message}`);
          say(byHand(deployment, namespace, one.campaign));
        } else if (known !== undefined) say(`Ended on the cluster: ${describe(known)}.`);
      }
    }
    return isLeft;
  } catch (failure) {
    say(`What still runs on the cluster could not be ended: ${asAnnealError(failure).message}`);
    for (const [namespace, here] of own) say(byHand(deployment, namespace, namesOf(here)));
    return own.size > 0;
  }
}

const isOwn = ({ temporal }: ClusterCampaign): boolean => temporal === null;
const namesOf = (noted: readonly ClusterCampaign[]): string => noted.map(({ campaign }) => campaign).join(', ');
const placeOf = ({ store }: OnCluster): string => store.replace(/\?.*$/, '');

const openBriefly = ({ cluster: { kubeconfig } }: OnCluster): Cluster =>
  openCluster({ kubeconfig: kubeconfig ?? undefined, timeoutMs: 5_000, patienceMs: 5_000 });

async function look(cluster: Cluster, on: OnCluster, noted: readonly ClusterCampaign[]): Promise<Running[]> {
  const workloads = createWorkloads(cluster);
  const place = placeOf(on);
  const seen = noted.map(async (one) => ({ ...one, objects: await runningObjects(workloads, { ...one, place }) }));
  return (await Promise.all(seen)).filter(({ objects }) => objects.length > 0);
}

/** By the reaper, which leaves alone what another deployment has under the same name, and every campaign that is not named. */
function endAll(
  cluster: Cluster,
  on: OnCluster,
  namespace: string,
  noted: readonly ClusterCampaign[],
  say: Say,
): Promise<Reaped[]> {
  const place = placeOf(on);
  const fleet = createServerFleet({
    ...{ cluster, namespace, access: { address: place }, tokenSecret: on.cluster.tokenSecret },
    workloads: on.cluster.workload === 'jobset' ? ['JobSet', 'Job'] : ['Job'],
    preflight: async () => [],
    // The bucket need not answer for this: servers of any kind go with the campaign's ConfigMap.
    profileOf: async (campaign) => {
      throw new AnnealError('profile.not_found', `the profile of ${campaign} is not looked at`);
    },
  });
  const waiting = { signal: new AbortController().signal, onProgress: once(say) };
  const waitingFleet = { ...fleet, close: (campaign: CampaignName) => fleet.close(campaign, waiting) };
  // Long over: nobody will resume it.
  const over = { phase: 'closed', closedAtMs: 0 } as const;
  const goesOn = { phase: 'running', closedAtMs: undefined } as const;
  const names = noted.map(({ campaign }) => campaign);
  const judge = async (campaign: CampaignName) => (names.includes(campaign) ? over : goesOn);
  return reap({ cluster, namespace, place, fleet: waitingFleet, look: judge });
}

/** What is waited for is told every second. */
function once(say: Say): Say {
  let last: string | undefined;
  return (line) => {
    if (line !== last) say(line);
    last = line;
  };
}

const describe = ({ campaign, namespace, objects }: Running): string =>
  `${campaign} in namespace ${namespace} (${objects.join(', ')})`;

function byHand(on: OnCluster, namespace: string, names: string): string {
  const command = removalCommand(names, { namespace, kubeconfig: on.cluster.kubeconfig });
  return `All that is left there of ${names}, and is annotated anneal.dev/store: ${placeOf(on)}, goes with:\n  ${command}`;
}
