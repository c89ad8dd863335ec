// The sandbox by pods, from what a deployment's setting says of it.
import type { Sandbox } from '../../contracts/ports.ts';
import { type Cluster, openCluster } from '../cluster/request.ts';
import { createPodSandbox } from './sandbox.ts';

/** As `PodsChoice` (infra/sandbox/choice.ts). */
export interface PodsWanted {
  readonly namespace: string;
  readonly kubeconfig: string | null;
  readonly image: string;
  readonly runtimeClass: string | null;
  readonly allow: readonly ('node-runtime' | 'open-network')[];
  readonly probe: readonly string[];
  readonly cpu: string | null;
  readonly disk: string | null;
  readonly filter?: Uint8Array;
}

export interface Opening {
  /** Counts the requests of a client of the API server. */
  readonly watched?: (cluster: Cluster) => Cluster;
  /** What runs then ends, and its pods go. */
  readonly signal?: AbortSignal;
}

export function openPodSandbox(wanted: PodsWanted, { watched = (cluster) => cluster, signal }: Opening = {}): Sandbox {
  const { namespace, image, runtimeClass, allow, probe, cpu, disk, filter } = wanted;
  return createPodSandbox({
    ...{ namespace, image, probe },
    cluster: watched(openCluster({ kubeconfig: wanted.kubeconfig ?? undefined })),
    runtimeClass: runtimeClass ?? undefined,
    allow: { nodeRuntime: allow.includes('node-runtime'), openNetwork: allow.includes('open-network') },
    ...(cpu === null ? {} : { cpu }),
    ...(disk === null ? {} : { ephemeralStorage: disk }),
    filter,
    ...(signal === undefined ? {} : { signal }),
  });
}
