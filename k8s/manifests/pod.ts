// The part of a pod that trainer and policy servers share: where it may run, what it may use, what it may not do.
import type { AcceleratorSpec, ProfileSpec } from '../../contracts/profile.ts';
import { durationMs } from '../../contracts/units.ts';

/** How pods reach the artifact store: the address by a variable, the credentials by a secret's reference. */
export interface StoreAccess {
  /** `s3://BUCKET/PREFIX` */
  readonly address: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** A secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; left out where a node's or a pod's role does it. */
  readonly secret?: string | undefined;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

export interface PodRequest {
  readonly role: 'trainer' | 'rollout';
  readonly profile: ProfileSpec;
  readonly store: StoreAccess;
  readonly container: Container;
  readonly restartPolicy: 'Never' | 'Always';
  /** Nodes that are in quarantine. */
  readonly avoid: readonly string[];
}

/** Where the work folder is mounted: gone with the pod; what must stay is in the store. */
export const WORK_DIR = '/anneal/work';

/** @returns a PodSpec */
export function podSpec(request: PodRequest): Record<string, unknown> {
  const { profile, role, container, avoid } = request;
  const settings = profile[role];
  const accelerator = profile.accelerators[settings.accelerator]!;
  const resources = profile.pods[role];
  const { queue } = profile.scheduling;
  return {
    restartPolicy: request.restartPolicy,
    terminationGracePeriodSeconds: Math.ceil(durationMs(settings.terminationGrace) / 1000),
    // Nothing in a training pod talks to the API server.
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(profile.scheduling.priorityClass === undefined ? {} : { priorityClassName: profile.scheduling.priorityClass }),
    ...(Object.keys(accelerator.nodeSelector).length === 0 ? {} : { nodeSelector: accelerator.nodeSelector }),
    tolerations: tolerationsOf(accelerator, profile.scheduling.nodeLossSeconds),
    // With a queue, Kueue places the gang; without one a preference is all there is.
    affinity: affinityOf(accelerator, avoid, queue === undefined ? role : undefined),
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        ...container,
        env: environment(request),
        ...(request.store.secret === undefined ? {} : { envFrom: [{ secretRef: { name: request.store.secret } }] }),
        imagePullPolicy: 'IfNotPresent',
        resources: resourcesOf(request, accelerator, settings.gpusPerNode),
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'], ...(accelerator.rdma === undefined ? {} : { add: ['IPC_LOCK'] }) },
        },
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts: [
          { name: 'work', mountPath: WORK_DIR },
          { name: 'shm', mountPath: '/dev/shm' },
        ],
      },
    ],
    volumes: [
      { name: 'work', emptyDir: {} },
      { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: resources.sharedMemory } },
    ],
  };
}

function environment({ container, store }: PodRequest): { name: string; value: string }[] {
  const all: Record<string, string | undefined> = {
    ANNEAL_STORE: store.address,
    AWS_ENDPOINT_URL_S3: store.endpoint,
    AWS_REGION: store.region,
    ...container.env,
  };
  return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

/** Requests equal limits: a training pod that may grow into its neighbours' memory ends a node. */
function resourcesOf({ profile, role }: PodRequest, accelerator: AcceleratorSpec, gpus: number) {
  const { cpu, memory, ephemeralStorage } = profile.pods[role];
  const devices = accelerator.device === 'cpu' ? {} : { [accelerator.resource]: `${gpus}` };
  const rdma = accelerator.rdma === undefined ? {} : { [accelerator.rdma.resource]: `${accelerator.rdma.perPod}` };
  // A node that does not count its disk offers none, so that nothing may be asked of it.
  const disk = ephemeralStorage === '0' ? {} : { 'ephemeral-storage': ephemeralStorage };
  const amounts = { cpu, memory, ...disk, ...devices, ...rdma };
  return { requests: amounts, limits: amounts };
}

function tolerationsOf(accelerator: AcceleratorSpec, nodeLossSeconds: number) {
  const lost = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: nodeLossSeconds };
  return [
    ...accelerator.tolerations,
    // By default a pod waits five minutes for a dead node; the other 63 GPUs wait with it.
    { key: 'node.kubernetes.io/not-ready', ...lost },
    { key: 'node.kubernetes.io/unreachable', ...lost },
  ];
}

function affinityOf(accelerator: AcceleratorSpec, avoid: readonly string[], gang: string | undefined) {
  const away = [{ key: 'kubernetes.io/hostname', operator: 'NotIn', values: [...avoid] }];
  const together = {
    weight: 100,
    podAffinityTerm: {
      topologyKey: accelerator.topologyKey,
      labelSelector: { matchLabels: { 'anneal.dev/role': gang } },
    },
  };
  return {
    ...(avoid.length === 0
      ? {}
      : {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: away }] },
          },
        }),
    ...(accelerator.topologyKey === undefined || gang === undefined
      ? {}
      : { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [together] } }),
  };
}
