// A process's metrics in one piece: what its composition root wraps ports with, and where Prometheus finds them. Without a port
// nothing is counted and every wrapper gives back what it was given.
import type { Client } from '@temporalio/client';
import type { ActivityInterceptorsFactory, RuntimeOptions } from '@temporalio/worker';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { JobRunner } from '../../contracts/job.ts';
import type { ModelGateway } from '../../contracts/ports.ts';
import type { HeadDelivery } from '../audit/kept/sender.ts';
import { countActivities } from './activities.ts';
import { createBoard } from './board.ts';
import { type CountedCluster, countCluster } from './cluster.ts';
import { gatewayTotals, watchGateway } from './gateway.ts';
import { watchHeads } from './heads.ts';
import { countGateway, countJobs, countStore } from './ports.ts';
import { gatewayMetrics, workerMetrics } from './registry.ts';
import { type MetricsServer, serveMetrics } from './server.ts';
import { temporalMetrics } from './temporal.ts';

/** Where to serve; undefined: nowhere. */
export interface MetricsAddress {
  readonly port: number;
  /** Default loopback; a pod's must be reachable: 0.0.0.0. */
  readonly host?: string | undefined;
}

export interface WorkerObservation {
  /** For `Runtime.install`, before any connection is made. */
  readonly runtime: Pick<RuntimeOptions, 'telemetryOptions'>;
  readonly activityInterceptors: readonly ActivityInterceptorsFactory[];
  gateway(gateway: ModelGateway): ModelGateway;
  store(store: ArtifactStore): ArtifactStore;
  jobs(jobs: JobRunner): JobRunner;
  cluster<C extends CountedCluster>(cluster: C): C;
  /** `store` should be the uncounted one: looks of the board are no traffic of campaigns. */
  serve(of: {
    readonly client: Client;
    readonly store: ArtifactStore;
    /** Default 10 s. */
    readonly lookEveryMs?: number;
    /** Of heads of the audit log that are kept elsewhere. */
    readonly heads?: () => readonly HeadDelivery[];
  }): Promise<MetricsServer | undefined>;
}

/** @param sdkPort where Temporal's SDK serves its own on loopback; they are part of the answer */
export function observeWorker(address: MetricsAddress | undefined, sdkPort: number): WorkerObservation {
  if (address === undefined) return UNOBSERVED;
  const { registry, metrics } = workerMetrics();
  const sdk = temporalMetrics(sdkPort);
  const servers = new Set<string>();
  return {
    runtime: { telemetryOptions: sdk.telemetryOptions },
    activityInterceptors: [countActivities(metrics)],
    gateway: (gateway) => countGateway(gateway, metrics),
    store: (store) => countStore(store, metrics),
    jobs: (jobs) => countJobs(jobs, metrics),
    cluster(cluster) {
      const requests = !servers.has(cluster.server);
      servers.add(cluster.server);
      return countCluster(cluster, metrics, { requests }).cluster;
    },
    serve({ client, store, lookEveryMs: everyMs = 10_000, heads = () => [] }) {
      const look = watchHeads(metrics, heads);
      const board = createBoard({ client, store, metrics, everyMs });
      return serveMetrics({
        ...{ registry, port: address.port, include: [sdk.address] },
        ...(address.host === undefined ? {} : { host: address.host }),
        async before() {
          look();
          await board();
        },
      });
    },
  };
}

const UNOBSERVED: WorkerObservation = {
  runtime: {},
  activityInterceptors: [],
  gateway: (gateway) => gateway,
  store: (store) => store,
  jobs: (jobs) => jobs,
  cluster: (cluster) => cluster,
  serve: async () => undefined,
};

/** Call it before the gateway is made; the result serves for the gateway at `url`. */
export function observeGateway(
  address: MetricsAddress | undefined,
): (gateway: { readonly url: string; readonly port: number }) => Promise<MetricsServer | undefined> {
  if (address === undefined) return async () => undefined;
  const { registry, metrics } = gatewayMetrics();
  let port = 0;
  const watch = watchGateway(metrics, { port: () => port });
  return async (gateway) => {
    port = gateway.port;
    const totals = gatewayTotals(gateway.url, metrics);
    const server = await serveMetrics({
      ...{ registry, port: address.port },
      ...(address.host === undefined ? {} : { host: address.host }),
      async before() {
        watch.look();
        await totals();
      },
    });
    return {
      port: server.port,
      async close() {
        watch.stop();
        await server.close();
      },
    };
  };
}
