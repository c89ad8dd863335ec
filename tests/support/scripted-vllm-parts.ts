// What a scripted vLLM server is asked and answers: its faults, the bodies of completions, and the work behind each control call.
import type { Server, ServerResponse } from 'node:http';
import {
  type StoreUpdateInfo,
  storeInitInfo,
  storeUpdateInfo,
  type WeightCache,
} from '../../contracts/weight-update.ts';
import { type ModelServer, type StopsAfter, WORK } from './vllm-model.ts';
import type { Sampled, Transcript } from './vllm-transcript.ts';

/**
 * What becomes of a call; `stops`, how many workers it reaches. `hangs`: it ends, and its answer is lost on the way. `dies`: the process
 * ends, and comes back after a while.
 */
export type Fault =
  | { readonly kind: 'refuses'; readonly stops: StopsAfter }
  | { readonly kind: 'hangs'; readonly stops: StopsAfter }
  | { readonly kind: 'dies'; readonly stops: StopsAfter }
  | { readonly kind: 'breaks' };

export interface ScriptedVllm {
  /** Of its guard, where it has one. */
  readonly url: string;
  readonly model: ModelServer;
  /** Asked for every control call; the first that it returns is taken. */
  fault: ((path: string) => Fault | undefined) | undefined;
  /** Milliseconds: of a completion, of a call to the workers or to pause, and until it is back after its death. */
  readonly speeds: { completion: number; worker: number; restart: number };
  /** Control calls, in order. */
  readonly calls: string[];
  /** Whether or not the guard let them out. */
  readonly samples: Sampled[];
  /** Changes a completion before it is sent. */
  script: ((answer: CompletionAnswer, asked: CompletionBody) => unknown) | undefined;
  /** Bodies of /update_weights. */
  readonly told: StoreUpdateInfo[];
  /** Bodies of /v1/completions that reached it. */
  readonly asked: CompletionBody[];
  die(): Promise<void>;
  close(): Promise<void>;
}

export interface CompletionBody {
  readonly model: string;
  readonly prompt: number[];
  readonly max_tokens: number;
  readonly temperature: number;
  readonly seed?: number;
  readonly [other: string]: unknown;
}

export interface CompletionAnswer {
  id: string;
  model: string;
  choices: {
    index: number;
    text: string;
    finish_reason: string;
    token_ids: number[] | null;
    prompt_token_ids: number[] | null;
    logprobs: { tokens: string[]; token_logprobs: (number | null)[] } | null;
    routed_experts: string | null;
  }[];
}

export interface ScriptedVllmOptions {
  readonly ranks?: number;
  readonly servedModel?: string;
  readonly controlToken?: string;
  readonly cache?: WeightCache | null;
  /** Makes the checkpoint on the node's disk; without one, servers only say that they have it. */
  readonly load?: (info: StoreUpdateInfo) => Promise<void>;
  /** A server of another make: without our guard and our worker class. */
  readonly plain?: boolean;
  /** Of its fleet. */
  readonly transcript?: Transcript;
}

export function workOf(path: string, body: Record<string, unknown>, breaks: boolean) {
  switch (path) {
    case '/init_weight_transfer_engine':
      return WORK.init(storeInitInfo.parse(body.init_info).fence);
    case '/start_weight_update':
      if (body.is_checkpoint_format !== true) throw new Error('deltas change checkpoints, not kernel tensors');
      return WORK.start;
    case '/update_weights':
      return WORK.update(storeUpdateInfo.parse(body.update_info), breaks);
    case '/finish_weight_update':
      return WORK.finish;
    case '/collective_rpc':
      if (body.method !== 'anneal_weights') throw new Error(`Method '${String(body.method)}' is not implemented.`);
      return () => undefined;
    default:
      throw new Error(`no ${path} here`);
  }
}

export const codes = (text: string): number[] => [...text].map((character) => character.codePointAt(0)!);

export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

export function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
