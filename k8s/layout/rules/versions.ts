// What versions of vLLM can and cannot do.
import { rule, unless } from '../rule.ts';
import { servedPrecision } from '../server-memory.ts';

/** LoRA on fp8 experts gives corrupt output: vllm-project/vllm#42007; repaired by #42120, first in 0.24.0. */
export const FP8_MOE_LORA_BROKEN = { from: '0.20.0', until: '0.24.0' } as const;

/** Below 0 when `a` is the older. */
export function compareVersions(a: string, b: string): number {
  const parts = (text: string): number[] => text.split('.').map(Number);
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < 3; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export const VERSION_RULES = [
  rule('vllm-known', 'profile.version', ({ rollout: r }) =>
    unless(r.server !== 'vllm' || r.vllmVersion !== undefined, () => ({
      path: 'rollout.vllmVersion',
      expected: "the version of the image's vLLM: what it can do depends on it",
      got: 'nothing',
      hint: 'Add vllmVersion, for example 0.24.0.',
    })),
  ),

  rule('vllm-minimum', 'profile.version', ({ model, rollout: r }) =>
    unless(
      r.vllmVersion === undefined ||
        r.minimumVllmVersion === undefined ||
        compareVersions(r.vllmVersion, r.minimumVllmVersion) >= 0,
      () => ({
        path: 'rollout.vllmVersion',
        expected: `at least ${r.minimumVllmVersion}, the first that serves ${model.name} and can be updated`,
        got: r.vllmVersion ?? '',
        hint: 'Use a newer image.',
      }),
    ),
  ),

  rule('vllm-fp8-moe-lora', 'profile.version', ({ model, rollout: r }) => {
    const { from, until } = FP8_MOE_LORA_BROKEN;
    const affected =
      r.server === 'vllm' && r.lora && model.architecture.moe !== undefined && servedPrecision(model, r) === 'fp8';
    const v = r.vllmVersion;
    return unless(
      !affected || v === undefined || compareVersions(v, from) < 0 || compareVersions(v, until) >= 0,
      () => ({
        path: 'rollout.vllmVersion',
        expected: `${until} or later for LoRA on fp8 experts: from ${from} on the output was corrupt (vLLM issue 42007)`,
        got: v ?? '',
        hint: `Use an image with vLLM ${until}, serve in bf16, or turn rollout.lora off.`,
      }),
    );
  }),
] as const;
