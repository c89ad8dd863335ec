// What one run in a sandbox is on a cluster: a Job of one pod, which is never started twice, the ConfigMaps that hold its inputs and belong
// to it, and one policy for all of them that denies every connection.
import { readFileSync } from 'node:fs';
import type { SandboxLimits } from '../../contracts/ports.ts';
import { MANAGED_BY, MANAGER, ROLE } from '../labels.ts';
import type { Manifest, OwnerReference } from '../manifests/manifest.ts';

/**
 * The role of these pods. They bear neither the manager's label nor a campaign's, by which other policies let pods talk to the bucket, to
 * names and to each other.
 */
export const SANDBOX_ROLE = 'sandbox';
/** The run's name. */
export const SANDBOX = 'anneal.dev/sandbox';

/** What is set for all runs. */
export interface SandboxPods {
  readonly namespace: string;
  /** Has Python 3.11 or newer as `python3`, and what the programs need. Nothing of it is written to. */
  readonly image: string;
  /** gVisor's or Kata's, by the name of its RuntimeClass; undefined: the node's own. */
  readonly runtimeClass?: string | undefined;
  readonly owner?: OwnerReference | undefined;
  /** Cores of a program. */
  readonly cpu: string;
  /** More is never asked of a node, however large an address space a program may reserve. */
  readonly mostMemoryBytes: number;
  /** `0` where nodes do not count their disks. */
  readonly ephemeralStorage: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Readonly<Record<string, unknown>>[];
  /** Of system calls, for x86-64 (infra/sandbox/seccomp.ts): the runtime's own lets a program set the limits of process 1. */
  readonly filter?: Uint8Array | undefined;
}

export interface SandboxRun {
  readonly name: string;
  /** Drawn for each run: what the kernel counts by user is then this program's alone. */
  readonly uid: number;
  readonly nonce: string;
  readonly argv: readonly [string, ...string[]];
  readonly limits: SandboxLimits;
  /** Bytes of the files, and in how many parts they and the standard input come. */
  readonly fileBytes: number;
  readonly parts: { readonly files: number; readonly stdin: number };
  /** Instead of the program: which of these can be talked to. */
  readonly probe?: readonly string[];
}

const MB = 2 ** 20;
/** Until its program starts, a pod may wait so long for its image and its volumes. */
export const START_SECONDS = 600;
/** A Job that nobody deletes goes by itself. */
const KEPT_SECONDS = 120;
/** Idle for most of a run, and not to be waited for at its beginning and end. */
const HELPER = { requests: { cpu: '50m', memory: '128Mi' }, limits: { cpu: '1', memory: '128Mi' } };
const OPEN_FILES = 64;

/** Which container holds the collector's account, and which the program's end. */
export const CONTAINERS = { program: 'program', collector: 'collector' } as const;

export const partName = (run: string, of: 'files' | 'stdin', part: number): string => `${run}-${of}-${part}`;

export function sandboxJob(pods: SandboxPods, run: SandboxRun): Manifest {
  const labels = { [ROLE]: SANDBOX_ROLE, [SANDBOX]: run.name };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...{ name: run.name, namespace: pods.namespace, labels: { ...labels, [MANAGED_BY]: MANAGER } },
      ...(pods.owner === undefined ? {} : { ownerReferences: [pods.owner] }),
    },
    spec: {
      // A pod that was lost is a sandbox that failed: whoever asked for it decides whether to ask again.
      ...{ backoffLimit: 0, parallelism: 1, completions: 1, podReplacementPolicy: 'Failed' },
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: { metadata: { labels }, spec: podSpec(pods, run) },
    },
  };
}

function podSpec(pods: SandboxPods, run: SandboxRun): Record<string, unknown> {
  const { limits } = run;
  const container = (name: string, args: readonly string[], more: Record<string, unknown>) => ({
    ...{ name, image: pods.image, imagePullPolicy: 'IfNotPresent' },
    command: ['python3', '-I', '-S', '-B', '/anneal/in-pod.py', ...args],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    ...more,
  });
  const space = (path: string, subPath?: string, readOnly = false) => ({
    ...{ name: 'space', mountPath: path, readOnly },
    ...(subPath === undefined ? {} : { subPath }),
  });
  const volume = (name: string) => ({ name, mountPath: `/${name}`, readOnly: true });
  const memory = Math.min(pods.mostMemoryBytes, 2 * limits.memoryBytes + limits.diskBytes);
  const disk = pods.ephemeralStorage === '0' ? {} : { 'ephemeral-storage': pods.ephemeralStorage };
  const amounts = { cpu: pods.cpu, memory: `${memory}`, ...disk };
  const collects = { nonce: run.nonce, wallMs: limits.wallMs, outputBytes: limits.outputBytes };
  return {
    ...(pods.runtimeClass === undefined ? {} : { runtimeClassName: pods.runtimeClass }),
    restartPolicy: 'Never',
    // Of the whole pod, should nobody be left to end it; the program's own limit is the collector's.
    activeDeadlineSeconds: START_SECONDS + Math.ceil(limits.wallMs / 1_000),
    terminationGracePeriodSeconds: 1,
    ...{ automountServiceAccountToken: false, enableServiceLinks: false, hostname: 'sandbox' },
    // No name is looked up, not even of the cluster's own.
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['127.0.0.1'] },
    ...(pods.nodeSelector === undefined ? {} : { nodeSelector: pods.nodeSelector }),
    ...(pods.tolerations === undefined ? {} : { tolerations: pods.tolerations }),
    securityContext: {
      runAsNonRoot: true,
      ...{ runAsUser: run.uid, runAsGroup: run.uid, fsGroup: run.uid },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    initContainers: [
      container('prepare', ['prepare'], {
        resources: HELPER,
        volumeMounts: [volume('anneal'), volume('files'), space('/space')],
      }),
    ],
    containers: [
      container(CONTAINERS.program, ['program', JSON.stringify(programSettings(pods, run)), ...run.argv], {
        resources: { requests: amounts, limits: amounts },
        volumeMounts: [
          ...[volume('anneal'), space('/pipes', 'pipes'), space('/work', 'work', true)],
          ...(limits.diskBytes > 0 ? [space('/tmp', 'tmp')] : []),
        ],
      }),
      container(CONTAINERS.collector, ['collector', JSON.stringify(collects)], {
        resources: HELPER,
        volumeMounts: [volume('anneal'), volume('stdin'), space('/pipes', 'pipes')],
      }),
    ],
    volumes: [
      { name: 'space', emptyDir: { medium: 'Memory', sizeLimit: `${limits.diskBytes + run.fileBytes + MB}` } },
      { name: 'anneal', configMap: { name: partName(run.name, 'files', 0), items: [{ key: SCRIPT, path: SCRIPT }] } },
      ...(['files', 'stdin'] as const).map((name) => ({
        name,
        projected: {
          sources: Array.from({ length: run.parts[name] }, (_, part) => ({
            configMap: {
              name: partName(run.name, name, part),
              items: [{ key: DATA, path: String(part).padStart(4, '0') }],
            },
          })),
        },
      })),
    ],
  };
}

const programSettings = ({ filter }: SandboxPods, { limits, probe }: SandboxRun) => ({
  ...{ limits: rlimits(limits), probe: probe ?? null },
  ...(filter === undefined ? {} : { filter: Buffer.from(filter).toString('base64') }),
});

/** As bubblewrap's are set (infra/sandbox/profile.ts), by names of Python's. */
const rlimits = (limits: SandboxLimits): Record<string, number> => ({
  CPU: Math.ceil(limits.wallMs / 1_000) + 1,
  AS: limits.memoryBytes,
  NPROC: limits.processes,
  FSIZE: limits.diskBytes,
  NOFILE: OPEN_FILES,
  ...{ CORE: 0, MEMLOCK: 0, MSGQUEUE: 0 },
});

const SCRIPT = 'in-pod.py';
const DATA = 'data';

/** @param job what the inputs belong to, and vanish with */
export function sandboxInputs(
  { namespace }: Pick<SandboxPods, 'namespace'>,
  run: string,
  job: OwnerReference,
  inputs: Readonly<Record<'files' | 'stdin', readonly Uint8Array[]>>,
): Manifest[] {
  return (['files', 'stdin'] as const).flatMap((of) =>
    inputs[of].map((bytes, part) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        ...{ name: partName(run, of, part), namespace, ownerReferences: [job] },
        labels: { [ROLE]: SANDBOX_ROLE, [SANDBOX]: run },
      },
      immutable: true,
      binaryData: { [DATA]: Buffer.from(bytes).toString('base64') },
      ...(of === 'files' && part === 0 ? { data: { [SCRIPT]: scriptText() } } : {}),
    })),
  );
}

const scriptText = (): string => readFileSync(new URL('./in-pod.py', import.meta.url), 'utf8');

export const sandboxPolicy = (namespace: string): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'anneal-sandboxes', namespace, labels: { [MANAGED_BY]: MANAGER } },
  spec: {
    podSelector: { matchLabels: { [ROLE]: SANDBOX_ROLE } },
    policyTypes: ['Ingress', 'Egress'],
  },
});
