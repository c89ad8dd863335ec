// The command line of a vLLM server, from a profile. Read for vLLM 0.24; it has not been run on GPUs by us.
import type { ProfileSpec } from '../../contracts/profile.ts';
import { modelDir } from './pod.ts';

/** What a family of models needs beyond its layout, as its card says. */
const BY_MODEL: readonly { readonly name: RegExp; readonly args: readonly string[] }[] = [
  {
    name: /^MiniMaxAI\/MiniMax-M2/,
    args: [
      '--trust-remote-code',
      ...['--tool-call-parser', 'minimax_m2', '--reasoning-parser', 'minimax_m2', '--enable-auto-tool-choice'],
      ...['--compilation-config', '{"mode":3,"pass_config":{"fuse_minimax_qk_norm":true}}'],
    ],
  },
];

export interface Rank {
  /** The pods of an engine, each with all of its node's GPUs, or one with a share of them. */
  readonly nodes: number;
  /** Rank 0 has the HTTP server; the others only compute. */
  readonly leader: boolean;
  /** As the pod finds it in its environment: `$(LWS_WORKER_INDEX)`. */
  readonly index: string;
  readonly leaderAddress: string;
}

/** What follows `vllm serve`. */
export function vllmArgs(profile: ProfileSpec, port: number, rank: Rank): string[] {
  const { model, rollout } = profile;
  const { tensor, data, expert } = rollout.parallel;
  const folder = modelDir(profile);
  return [
    folder ?? model.name,
    ...(model.revision === 'main' || folder !== undefined ? [] : ['--revision', model.revision]),
    ...(rank.leader ? ['--host', '0.0.0.0', '--port', `${port}`] : ['--headless']),
    ...['--tensor-parallel-size', `${tensor}`],
    ...(data === 1 ? [] : ['--data-parallel-size', `${data}`]),
    ...(expert ? ['--enable-expert-parallel'] : []),
    // From these vLLM works out which data-parallel ranks are this node's, and where they meet.
    ...(rank.nodes === 1
      ? []
      : ['--nnodes', `${rank.nodes}`, '--node-rank', rank.index, '--master-addr', rank.leaderAddress]),
    ...['--max-model-len', `${rollout.maxModelTokens}`],
    // vLLM counts them for each data-parallel rank.
    ...['--max-num-seqs', `${Math.ceil(rollout.maxSequences / data)}`],
    ...['--gpu-memory-utilization', `${rollout.memoryUtilisation}`],
    ...(rollout.kvPrecision === 'fp8' ? ['--kv-cache-dtype', 'fp8'] : []),
    ...loraArgs(profile),
    ...BY_MODEL.filter(({ name }) => name.test(model.name)).flatMap(({ args }) => args),
  ];
}

function loraArgs({ rollout, trainer }: ProfileSpec): string[] {
  if (!rollout.lora) return [];
  return ['--enable-lora', ...(trainer.lora === undefined ? [] : ['--max-lora-rank', `${trainer.lora.rank}`])];
}
