// The part of a pod that trainer and policy servers share: where it may run, what it may use, what it may not do.
import type { AcceleratorSpec, ProfileSpec } from '../../contracts/profile.ts';
import { durationMs } from '../../contracts/units.ts';
import { ROLE, ROLES } from '../labels.ts';

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
  /** Variables that the kubelet fills in from the pod: POD_IP from status.podIP. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

export interface Claim {
  readonly claim: string;
  readonly path: string;
  readonly readOnly?: boolean;
}

export interface PodRequest {
  readonly role: 'trainer' | 'rollout';
  readonly profile: ProfileSpec;
  readonly store: StoreAccess;
  readonly container: Container;
  readonly restartPolicy: 'Never' | 'Always';
  /** Nodes that are in quarantine. */
  readonly avoid: readonly string[];
  /** Devices of the pod, where it has not all of its node's share of the role. */
  readonly gpus?: number;
  /** Secrets as files: the secret's name, and the folder. */
  readonly secrets?: readonly { readonly name: string; readonly path: string }[];
  /** Volumes that outlive the pod, as the profile names them. */
  readonly claims?: readonly Claim[];
}

/** Where the work folder is mounted: gone with the pod; what must stay is in the store. */
export const WORK_DIR = '/anneal/work';

/** Where volumes of the profile are mounted. */
const SHARED_DIR = '/anneal/shared';
const MODEL_MOUNT = '/anneal/model';

/** The base model's checkpoint on the profile's volume; undefined where pods fetch it from the hub. */
export function modelDir({ storage: { model } }: ProfileSpec): string | undefined {
  if (model === undefined) return undefined;
  return model.folder === undefined ? MODEL_MOUNT : `${MODEL_MOUNT}/${model.folder}`;
}

/** Shared folders are the trainer's: what servers keep is a node's own. */
export function claimsOf({ storage: { shared, model } }: ProfileSpec, role: PodRequest['role']): Claim[] {
  return [
    ...(shared === undefined || role !== 'trainer' ? [] : [{ claim: shared.claim, path: SHARED_DIR }]),
    ...(model === undefined ? [] : [{ claim: model.claim, path: MODEL_MOUNT, readOnly: true }]),
  ];
}

export const sharedDir = ({ storage: { shared } }: ProfileSpec): string | undefined =>
  shared === undefined ? undefined : SHARED_DIR;

/** What pods of a role are labelled with, and lie near to. */
const GANGS = { trainer: ROLES.trainer, rollout: ROLES.server } as const;

/** @returns a PodSpec */
export function podSpec(request: PodRequest): Record<string, unknown> {
  const { profile, role, avoid, secrets = [], claims = [] } = request;
  const { fields: _, ...container } = request.container;
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
    affinity: affinityOf(accelerator, avoid, queue === undefined ? GANGS[role] : undefined),
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        ...container,
        env: environment(request),
        ...(request.store.secret === undefined ? {} : { envFrom: [{ secretRef: { name: request.store.secret } }] }),
        imagePullPolicy: 'IfNotPresent',
        resources: resourcesOf(request, accelerator, request.gpus ?? settings.gpusPerNode),
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'], ...(accelerator.rdma === undefined ? {} : { add: ['IPC_LOCK'] }) },
        },
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts: [
          { name: 'work', mountPath: WORK_DIR },
          { name: 'shm', mountPath: '/dev/shm' },
          ...secrets.map(({ name, path }) => ({ name, mountPath: path, readOnly: true })),
          ...claims.map(({ path, readOnly }, n) => ({
            ...{ name: `claim-${n}`, mountPath: path },
            ...(readOnly === true ? { readOnly } : {}),
          })),
        ],
      },
    ],
    volumes: [
      { name: 'work', emptyDir: {} },
      { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: resources.sharedMemory } },
      ...secrets.map(({ name }) => ({ name, secret: { secretName: name } })),
      ...claims.map(({ claim }, n) => ({ name: `claim-${n}`, persistentVolumeClaim: { claimName: claim } })),
    ],
  };
}

function environment({ container, store }: PodRequest): Record<string, unknown>[] {
  const all: Record<string, string | undefined> = {
    ANNEAL_STORE: store.address,
    AWS_ENDPOINT_URL_S3: store.endpoint,
    AWS_REGION: store.region,
    ...container.env,
  };
  const fields = Object.entries(container.fields ?? {});
  return [
    ...fields.map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { fieldPath } } })),
    ...Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
  ];
}

/** Requests equal limits but for cores, which can be shared: a training pod that may grow into its neighbours' memory ends a node. */
function resourcesOf({ profile, role }: PodRequest, accelerator: AcceleratorSpec, gpus: number) {
  const { cpu, cpuRequest = cpu, memory, ephemeralStorage } = profile.pods[role];
  const devices = accelerator.device === 'cpu' ? {} : { [accelerator.resource]: `${gpus}` };
  const rdma = accelerator.rdma === undefined ? {} : { [accelerator.rdma.resource]: `${rdmaOf(accelerator, gpus)}` };
  // A node that does not count its disk offers none, so that nothing may be asked of it.
  const disk = ephemeralStorage === '0' ? {} : { 'ephemeral-storage': ephemeralStorage };
  const amounts = { cpu, memory, ...disk, ...devices, ...rdma };
  return { requests: { ...amounts, cpu: cpuRequest }, limits: amounts };
}

/** perPod is meant for a whole node: two pods with half of its GPUs each must both find something. */
const rdmaOf = ({ rdma, perNode }: AcceleratorSpec, gpus: number): number =>
  Math.max(1, Math.floor(((rdma?.perPod ?? 0) * gpus) / perNode));

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
      labelSelector: { matchLabels: { [ROLE]: gang } },
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
