// Whose way of writing a log is in.
import type { Event } from './event.ts';

const SIGNS: readonly (readonly [string, RegExp])[] = [
  ['pytorch', /torch\b|ProcessGroupNCCL|\bCUDA\b|DataLoader/],
  ['megatron', /elapsed time per iteration|megatron/i],
  ['deepspeed', /\[deepspeed\]|deepspeed/i],
  ['transformers', /\{'loss': |transformers|trainer\.py:\d/],
  ['verl', /\(TaskRunner pid=|verl\b/],
  ['vllm', /\bvllm\b|\((?:APIServer|EngineCore)/i],
  ['sglang', /sglang|#running-req/],
  ['ray', /\bray[:.]|raylet|\(\w+ pid=\d+/],
  ['slurm', /slurmstepd|srun: |sbatch: |SLURM_/],
  ['kubernetes', /kubelet|\[pod\/|OOMKilled|\bEvicted\b|nvidia\.com\/gpu/],
  ['jax', /\bjax(?:lib)?\b|Xla(?:Runtime)?/],
  ['nccl', /NCCL (?:INFO|WARN|version)/],
  ['kernel', /\bkernel: |NVRM: |oom-killer|\[ *\d+\.\d{6}\]/],
  ['anneal', /^\[ +[\d.]+s\] (?:load|train|compile|stop|done|checkpoint)\b|anneal/i],
  ['python', /Traceback \(most recent call last\)|\.py\b/],
];

export function createPrograms(): { take(event: Event): void; readonly names: readonly string[] } {
  const left = new Map(SIGNS);
  const names: string[] = [];
  let looked = 0;
  return {
    take({ raw }) {
      // Who writes shows early, or where something fails.
      if (left.size === 0 || (++looked > 5000 && looked % 64 !== 0)) return;
      const head = raw.slice(0, 300);
      for (const [name, sign] of left)
        if (sign.test(head)) {
          left.delete(name);
          names.push(name);
        }
    },
    get names() {
      return SIGNS.map(([name]) => name).filter((name) => names.includes(name));
    },
  };
}
