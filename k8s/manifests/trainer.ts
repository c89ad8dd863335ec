// One attempt at a training job, as a JobSet (the default) or as an Indexed Job (on any cluster).
//
// Nothing on the cluster starts a job again: the workflow is the one authority for restarts, and knows from which step.
import type { JobDocument } from '../../contracts/job.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { durationMs } from '../../contracts/units.ts';
import { ATTEMPT, CAMPAIGN, JOB, MANAGED_BY, MANAGER, QUEUE, ROLE, ROLES, SPEC_HASH } from '../labels.ts';
import { attemptName, REPLICATED_JOB } from '../names.ts';
import type { Manifest, OwnerReference } from './manifest.ts';
import { placement } from './placement.ts';
import { claimsOf, modelDir, podSpec, type StoreAccess, sharedDir, WORK_DIR } from './pod.ts';

export type WorkloadKind = 'jobset' | 'job';

export interface TrainerRequest {
  readonly namespace: string;
  readonly campaign: string;
  readonly document: Pick<JobDocument, 'name' | 'specHash' | 'maxSeconds'>;
  /** From 1. */
  readonly attempt: number;
  readonly profile: ProfileSpec;
  readonly store: StoreAccess;
  readonly owner: OwnerReference;
  readonly avoid: readonly string[];
  /** What belongs to this start and not to the job: its trace, and where its spans go. */
  readonly startEnv?: Readonly<Record<string, string>>;
}

/** Between ranks; every image of ours listens there. */
const RENDEZVOUS_PORT = 29_500;
/** A finished object stays to be looked at; its result is in the store. */
const KEEP_SECONDS = 86_400;

export function trainerManifest(kind: WorkloadKind, request: TrainerRequest): Manifest {
  return kind === 'jobset' ? trainerJobSet(request) : trainerJob(request);
}

export function trainerJob(request: TrainerRequest): Manifest {
  const name = attemptName(request.document.name, request.attempt);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(request, name),
    spec: { ...jobSpec(request, name), suspend: isQueued(request), ttlSecondsAfterFinished: KEEP_SECONDS },
  };
}

/** Sets every field that JobSet's webhook would: without the webhook its controller takes none for granted. */
export function trainerJobSet(request: TrainerRequest): Manifest {
  const name = attemptName(request.document.name, request.attempt);
  return {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: metadata(request, name),
    spec: {
      suspend: isQueued(request),
      ttlSecondsAfterFinished: KEEP_SECONDS,
      network: { enableDNSHostnames: true, subdomain: name, publishNotReadyAddresses: true },
      successPolicy: { operator: 'All', targetReplicatedJobs: [] },
      startupPolicy: { startupPolicyOrder: 'AnyOrder' },
      failurePolicy: { maxRestarts: 0 },
      replicatedJobs: [
        {
          name: REPLICATED_JOB,
          replicas: 1,
          groupName: 'default',
          template: { metadata: { labels: labels(request) }, spec: jobSpec(request, name) },
        },
      ],
    },
  };
}

/** Pods of rank 0 … nodes-1. One that fails fails the attempt: the others could only wait for it. */
function jobSpec(request: TrainerRequest, name: string): Record<string, unknown> {
  const { profile, document } = request;
  const { nodes } = profile.trainer;
  return {
    completionMode: 'Indexed',
    completions: nodes,
    parallelism: nodes,
    backoffLimit: 0,
    podReplacementPolicy: 'Failed',
    podFailurePolicy: {
      rules: [
        { action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        { action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [0] } },
      ],
    },
    // The trainer ends itself after maxSeconds, with a checkpoint; this is for one that no longer can.
    activeDeadlineSeconds: Math.ceil(document.maxSeconds + durationMs(profile.trainer.startupWindow) / 1000 + 300),
    template: {
      metadata: { labels: labels(request), ...placement(profile, 'trainer', nodes) },
      spec: {
        ...podSpec({
          role: 'trainer',
          profile,
          store: request.store,
          restartPolicy: 'Never',
          avoid: request.avoid,
          claims: isMegatron(profile) ? claimsOf(profile, 'trainer') : [],
          container: {
            name: 'trainer',
            image: profile.trainer.image,
            args: ['pod', '--name', document.name, '--attempt', `${request.attempt}`, '--work', WORK_DIR],
            env: { ...request.startEnv, ...distributed(request, name), ...megatron(profile) },
          },
        }),
        ...(nodes === 1 ? {} : { subdomain: name }),
      },
    },
  };
}

/** What torch's rendezvous needs; rank 0's name is known before any pod runs. */
function distributed({ profile }: TrainerRequest, name: string): Record<string, string> {
  const { nodes, gpusPerNode } = profile.trainer;
  if (nodes === 1) return {};
  return {
    MASTER_ADDR: `${name}-${REPLICATED_JOB}-0-0.${name}`,
    MASTER_PORT: `${RENDEZVOUS_PORT}`,
    NNODES: `${nodes}`,
    NPROC_PER_NODE: `${gpusPerNode}`,
  };
}

const isMegatron = ({ trainer }: ProfileSpec): boolean => trainer.engine === 'megatron';
/** Of a pod's notice, what is kept for uploads once its ranks have stopped; no more than half of it. */
const UPLOAD_SECONDS = 30;

/** What the Megatron trainer reads (docs/gpu.md). */
function megatron(profile: ProfileSpec): Record<string, string> {
  if (!isMegatron(profile)) return {};
  const notice = durationMs(profile.trainer.terminationGrace) / 1000;
  const [shared, model] = [sharedDir(profile), modelDir(profile)];
  return {
    ANNEAL_GRACE_SECONDS: `${Math.floor(Math.max(notice / 2, notice - UPLOAD_SECONDS))}`,
    ...(shared === undefined ? {} : { ANNEAL_SHARED: shared }),
    ...(model === undefined ? {} : { ANNEAL_MODEL_DIR: model }),
  };
}

const isQueued = ({ profile }: TrainerRequest): boolean => profile.scheduling.queue !== undefined;

function metadata(request: TrainerRequest, name: string): Manifest['metadata'] {
  const { queue } = request.profile.scheduling;
  return {
    name,
    namespace: request.namespace,
    labels: { ...labels(request), ...(queue === undefined ? {} : { [QUEUE]: queue }) },
    annotations: { [SPEC_HASH]: request.document.specHash },
    ownerReferences: [request.owner],
  };
}

function labels({ campaign, document, attempt }: TrainerRequest): Record<string, string> {
  return {
    [MANAGED_BY]: MANAGER,
    [CAMPAIGN]: campaign,
    [JOB]: document.name,
    [ATTEMPT]: `${attempt}`,
    [ROLE]: ROLES.trainer,
  };
}
