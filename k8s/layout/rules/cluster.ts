// What pods need of nodes: networks, shared memory, time to stop and to start.
import type { ProfileSpec } from '../../../contracts/profile.ts';
import { durationMs } from '../../../contracts/units.ts';
import { checkpoints } from '../checkpoints.ts';
import { GB, quantity } from '../precision.ts';
import { acceleratorOf, type Finding, rule, unless } from '../rule.ts';
import { servedBytes } from '../server-memory.ts';

const ROLES = ['trainer', 'rollout'] as const;
/** NCCL's rings within a node and the workers of a server; Kubernetes gives 64 MiB unless asked. An assumption of 1 GiB a GPU. */
const SHM_PER_GPU = 2 ** 30;
/** Loading 230 GB of weights and capturing graphs takes minutes. */
const LEAST_STARTUP_MS = 600_000;

interface DiskNeed {
  readonly role: (typeof ROLES)[number];
  readonly parts: readonly { readonly bytes: number; readonly what: string }[];
}

/** What whole models leave in a pod's work folder; one whose disk is full is evicted. */
function diskNeeds(profile: ProfileSpec): DiskNeed[] {
  const { model, trainer, rollout, storage } = profile;
  const checkpoint = servedBytes(model, model.weights.precision);
  const { resumeBytes } = checkpoints(profile);
  const fromHub = storage.model === undefined ? [{ bytes: checkpoint, what: 'from the model hub' }] : [];
  const resume = storage.shared === undefined ? [{ bytes: 2 * resumeBytes, what: 'in two resume checkpoints' }] : [];
  const weights = { bytes: checkpoint, what: 'of weights' };
  return [
    ...(rollout.server === 'vllm' && !rollout.lora ? [{ role: 'rollout' as const, parts: [...fromHub, weights] }] : []),
    ...(trainer.engine === 'megatron' && trainer.lora === undefined
      ? [
          {
            role: 'trainer' as const,
            parts: [weights, { bytes: checkpoint / trainer.nodes, what: 'of the export' }, ...resume],
          },
        ]
      : []),
  ];
}

export const CLUSTER_RULES = [
  rule('accelerator-known', 'profile.cluster', (profile) =>
    ROLES.filter((role) => acceleratorOf(profile, role) === undefined).map((role) => ({
      path: `${role}.accelerator`,
      expected: `one of ${Object.keys(profile.accelerators).join(', ') || 'the names under accelerators, of which there are none'}`,
      got: profile[role].accelerator,
      hint: 'Describe the node class under accelerators.',
    })),
  ),

  rule('rdma', 'profile.cluster', (profile) => {
    const { trainer: t, rollout: r } = profile;
    const spans = { trainer: t.nodes > 1, rollout: r.multiNode };
    return ROLES.flatMap((role): Finding[] => {
      const accelerator = acceleratorOf(profile, role);
      if (accelerator?.device !== 'gpu' || accelerator.rdma !== undefined || !spans[role]) return [];
      return [
        {
          path: `accelerators.${profile[role].accelerator}`,
          expected: `an RDMA resource: ${role === 'trainer' ? `the trainer spans ${t.nodes} nodes` : 'an engine spans nodes'}`,
          got: 'no rdma',
          hint: 'Add rdma: { resource: rdma/ib, perPod: 8 } with the name that your device plugin gives it.',
        },
      ];
    });
  }),

  rule('shared-memory', 'profile.cluster', (profile) => {
    const gpus = {
      trainer: profile.trainer.gpusPerNode,
      rollout: Math.min(profile.rollout.gpusPerEngine, profile.rollout.gpusPerNode),
    };
    return ROLES.flatMap((role): Finding[] => {
      const pod = profile.pods[role];
      const least = gpus[role] > 1 ? gpus[role] * SHM_PER_GPU : 0;
      if (acceleratorOf(profile, role)?.device !== 'gpu' || quantity(pod.sharedMemory) >= least) return [];
      return [
        {
          path: `pods.${role}.sharedMemory`,
          expected: `at least ${gpus[role]} × 1Gi = ${gpus[role]}Gi: processes of a pod exchange tensors through /dev/shm`,
          got: pod.sharedMemory,
          hint: `Write ${gpus[role]}Gi; it counts as memory of the pod.`,
        },
      ];
    });
  }),

  rule('shared-memory-in-pod', 'profile.cluster', ({ pods }) =>
    ROLES.filter((role) => quantity(pods[role].sharedMemory) > quantity(pods[role].memory) / 2).map((role) => ({
      path: `pods.${role}.sharedMemory`,
      expected: `at most half of the pod's memory, ${pods[role].memory}: a full /dev/shm is memory that is gone`,
      got: pods[role].sharedMemory,
      hint: 'Raise memory or lower sharedMemory.',
    })),
  ),

  rule('preemption-save', 'profile.cluster', (profile) => {
    const { trainer } = profile;
    const { saveSeconds, resumeBytes } = checkpoints(profile);
    const grace = durationMs(trainer.terminationGrace) / 1000;
    return unless(trainer.onPreemption === 'metadata' || saveSeconds <= grace, () => ({
      path: 'trainer.onPreemption',
      expected: `a save within the grace of ${trainer.terminationGrace}`,
      got: `${(resumeBytes / GB).toFixed(1)} GB / ${profile.storage.saveGbPerSecond.value} GB/s = ${saveSeconds.toFixed(0)} s`,
      hint: `Write onPreemption: metadata and rely on saveEverySteps, or terminationGrace: ${Math.ceil(saveSeconds * 1.2)}s if your cluster gives so long (a notice is usually 30 to 120 s).`,
    }));
  }),

  rule('disk', 'profile.cluster', (profile) =>
    diskNeeds(profile).flatMap(({ role, parts }): Finding[] => {
      const given = profile.pods[role].ephemeralStorage;
      const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
      // A node that does not count its disk offers none to ask for.
      if (given === '0' || quantity(given) >= bytes) return [];
      const sum = parts.map((part) => `${(part.bytes / GB).toFixed(1)} GB ${part.what}`).join(' + ');
      return [
        {
          path: `pods.${role}.ephemeralStorage`,
          expected: 'room for what whole models leave there: a pod whose disk is full is evicted',
          got: `${given} for ${sum} = ${(bytes / GB).toFixed(0)} GB`,
          hint: `Write ${Math.ceil(bytes / 2 ** 30 / 50) * 50}Gi, or put what is large on a volume (storage.model, storage.shared).`,
        },
      ];
    }),
  ),

  rule('startup-window', 'profile.cluster', (profile) => {
    const { startupWindow } = profile.rollout.probes;
    const gpu = acceleratorOf(profile, 'rollout')?.device === 'gpu';
    return unless(!gpu || durationMs(startupWindow) >= LEAST_STARTUP_MS, () => ({
      path: 'rollout.probes.startupWindow',
      expected:
        'at least 10m: loading weights and capturing graphs takes minutes, and a shorter window kills the server again and again',
      got: startupWindow,
      hint: 'Write 20m.',
    }));
  }),

  // vLLM's /health says only that the process lives, and it is silent while weights are updated: patience, or updates kill servers.
  rule('liveness', 'profile.cluster', ({ rollout: { probes } }) => {
    const seconds = (durationMs(probes.livenessPeriod) * probes.livenessFailures) / 1000;
    return unless(seconds >= 60, () => ({
      path: 'rollout.probes.livenessFailures',
      expected: 'a minute or more until a server is restarted: during a weight update it does not answer',
      got: `${probes.livenessPeriod} × ${probes.livenessFailures} = ${seconds} s`,
      hint: 'Raise livenessFailures.',
    }));
  }),
] as const;
