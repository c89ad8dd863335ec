// What has to fit into memory: of GPUs, of the KV cache, of nodes.
import type { ProfileSpec } from '../../../contracts/profile.ts';
import { GB, quantity } from '../precision.ts';
import { acceleratorOf, type Finding, gigabytes, rule, unless } from '../rule.ts';
import { kvBytesPerTokenPerGpu, serverMemory } from '../server-memory.ts';
import { type Part, trainerHostMemory, trainerMemory } from '../trainer-memory.ts';

const sum = (parts: readonly Part[]): number => parts.reduce((total, part) => total + part.bytes, 0);
/** `weights 9.1 + gradients 18.1 = 27.2 GB` */
const spelled = (parts: readonly Part[]): string =>
  `${parts.map((part) => `${part.name} ${(part.bytes / GB).toFixed(1)}`).join(' + ')} = ${gigabytes(sum(parts))}`;

export const FIT_RULES = [
  rule('trainer-memory', 'profile.memory', (profile) => {
    if (acceleratorOf(profile, 'trainer') === undefined) return [];
    const { parts, used, capacity } = trainerMemory(profile);
    return unless(used <= capacity, () => ({
      path: onCpu(profile, 'trainer') ? 'pods.trainer.memory' : 'trainer.parallel',
      expected: `at most ${gigabytes(capacity)} ${onCpu(profile, 'trainer') ? 'in a trainer pod' : 'on the fullest trainer GPU'}`,
      got: spelled(parts),
      hint: onCpu(profile, 'trainer') ? `${morePod('trainer')}, or shorten sequenceTokens.` : trainerHint(parts),
    }));
  }),

  rule('server-memory', 'profile.memory', (profile) => {
    if (acceleratorOf(profile, 'rollout') === undefined) return [];
    const { parts, kvBytes, capacity } = serverMemory(profile);
    const fixed = parts.filter((part) => part.name !== 'KV cache');
    const { memoryUtilisation } = profile.rollout;
    return unless(kvBytes > 0, () => ({
      path: onCpu(profile, 'rollout') ? 'pods.rollout.memory' : 'rollout.gpusPerEngine',
      expected: `less than ${memoryUtilisation} × ${gigabytes(capacity)} = ${gigabytes(memoryUtilisation * capacity)} before any KV cache`,
      got: spelled(fixed),
      hint: `${onCpu(profile, 'rollout') ? morePod('rollout') : 'Give an engine more GPUs'}, or serve in fewer bits.`,
    }));
  }),

  // vLLM itself refuses to start when one sequence of full length does not fit.
  rule('kv-context', 'profile.memory', (profile) => {
    const memory = kvOf(profile);
    if (memory === undefined) return [];
    const { maxModelTokens } = profile.rollout;
    return unless(memory.kvTokensPerRank >= maxModelTokens, () => ({
      path: 'rollout.maxModelTokens',
      expected: `at most ${memory.kvTokensPerRank} tokens, what the KV cache holds: ${kvArithmetic(profile, memory.kvBytes)}`,
      got: String(maxModelTokens),
      hint: onCpu(profile, 'rollout')
        ? `Write ${memory.kvTokensPerRank} or less. ${morePod('rollout')}.`
        : `Write ${memory.kvTokensPerRank} or less, give an engine more GPUs, or keep the cache in fp8.`,
    }));
  }),

  rule('kv-budget', 'profile.memory', (profile) => {
    const memory = kvOf(profile);
    if (memory === undefined) return [];
    const { maxSequences, meanSequenceTokens } = profile.rollout;
    const most = Math.floor(memory.kvTokensPerEngine / meanSequenceTokens);
    return unless(maxSequences <= most, () => ({
      path: 'rollout.maxSequences',
      expected: `at most ${most} sequences of ${meanSequenceTokens} tokens in ${memory.kvTokensPerEngine}: ${kvArithmetic(profile, memory.kvBytes)}`,
      got: `${maxSequences} × ${meanSequenceTokens} = ${maxSequences * meanSequenceTokens} tokens`,
      hint: `Write maxSequences: ${Math.max(1, most)}; ${tooMany(profile)}.`,
    }));
  }),

  rule('colocated-rest', 'profile.memory', (profile) => {
    const { colocated, rollout, trainer } = profile;
    const memory =
      (acceleratorOf(profile, 'rollout')?.memoryGb ?? Number.POSITIVE_INFINITY) * (1 - rollout.memoryUtilisation);
    return unless(!colocated || memory >= trainer.reserveGb, () => ({
      path: 'rollout.memoryUtilisation',
      expected: `room for the trainer's ${trainer.reserveGb} GB of context and buffers while the server works`,
      got: `1 − ${rollout.memoryUtilisation} leaves ${gigabytes(memory * GB)}`,
      hint: 'Lower rollout.memoryUtilisation.',
    }));
  }),

  rule('trainer-host-memory', 'profile.memory', (profile) => {
    const parts = trainerHostMemory(profile);
    const pod = profile.pods.trainer;
    const shm: Part = { name: '/dev/shm', bytes: quantity(pod.sharedMemory) };
    const all = [...parts, shm];
    return unless(parts.length === 0 || sum(all) <= quantity(pod.memory), () => ({
      path: 'pods.trainer.memory',
      expected: `at least ${Math.ceil(sum(all) / 2 ** 30)}Gi in a trainer pod: ${spelled(all)}`,
      got: pod.memory,
      hint: 'Raise it, use more nodes, or keep the optimizer on the GPUs.',
    }));
  }),

  rule('node-memory', 'profile.memory', (profile): Finding[] => {
    const found: Finding[] = [];
    const r = profile.rollout;
    // Several engines share a node, hence so do their pods.
    const enginesPerNode = r.multiNode ? 1 : Math.max(1, Math.floor(r.gpusPerNode / r.gpusPerEngine));
    const perNode = { trainer: 1, rollout: enginesPerNode };
    const asked = (role: 'trainer' | 'rollout'): number => quantity(profile.pods[role].memory) * perNode[role];
    for (const role of ['trainer', 'rollout'] as const) {
      const host = acceleratorOf(profile, role)?.hostMemory;
      if (host === undefined || (profile.colocated && role === 'rollout')) continue;
      const both = profile.colocated ? asked('trainer') + asked('rollout') : asked(role);
      if (both <= quantity(host)) continue;
      const sums = (profile.colocated ? (['trainer', 'rollout'] as const) : [role]).map(
        (one) => `${perNode[one]} × ${profile.pods[one].memory}`,
      );
      found.push({
        path: `pods.${role}.memory`,
        expected: `at most the ${host} of a node`,
        got: `${sums.join(' + ')} = ${Math.ceil(both / 2 ** 30)}Gi`,
        hint: 'Ask for less, or correct hostMemory of the accelerator.',
      });
    }
    return found;
  }),
] as const;

function trainerHint(parts: readonly Part[]): string {
  const of = (name: string): number => parts.find((part) => part.name === name)?.bytes ?? 0;
  const state = of('weights') + of('gradients') + of('optimizer');
  if (of('activations') + of('loss') > state)
    return 'Shorten sequenceTokens, raise parallel.context, recompute: full, or a smaller lossChunkTokens.';
  return 'Raise parallel.expert (for experts) or the number of GPUs, keep grads and moments in bf16, or offload: optimizer.';
}

/** Undefined where weights leave no room: that is another finding. */
function kvOf(profile: ProfileSpec): ReturnType<typeof serverMemory> | undefined {
  if (acceleratorOf(profile, 'rollout') === undefined) return undefined;
  const memory = serverMemory(profile);
  return memory.kvBytes > 0 ? memory : undefined;
}

/** What a server does with more sequences than its cache holds. */
const tooMany = ({ rollout: { server } }: ProfileSpec): string =>
  server === 'vllm'
    ? 'with more of them, vLLM preempts sequences and computes them again'
    : 'with more of them, the pod needs more than its memory and is killed';

const onCpu = (profile: ProfileSpec, role: 'trainer' | 'rollout'): boolean =>
  acceleratorOf(profile, role)?.device === 'cpu';
const morePod = (role: 'trainer' | 'rollout'): string =>
  `Raise pods.${role}.memory, and memoryGb of the accelerator where that is less`;

function kvArithmetic(profile: ProfileSpec, kvBytes: number): string {
  const { model, rollout } = profile;
  const perToken = kvBytesPerTokenPerGpu(model.architecture, rollout);
  return `${gigabytes(kvBytes)} a ${onCpu(profile, 'rollout') ? 'pod' : 'GPU'} / ${perToken} bytes a token${rollout.parallel.data > 1 ? ` × DP ${rollout.parallel.data}` : ''}`;
}
