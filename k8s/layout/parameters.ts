// How many parameters an architecture has, by the way they are divided among devices. Source: the tensor shapes of the model's
// safetensors index (grouped-query attention, SwiGLU, RMSNorm); multi-token-prediction modules are left out: nothing trains them.
import type { Architecture } from '../../contracts/profile.ts';

export interface Parameters {
  readonly attention: number;
  /** Dense feed-forward layers and shared experts: divided by tensor parallelism. */
  readonly dense: number;
  /** Routed experts: divided by expert parallelism. */
  readonly experts: number;
  /** Routers and norms: every tensor rank holds all of them. */
  readonly replicated: number;
  readonly embedding: number;
  /** The output head; 0 where it is the embedding. */
  readonly head: number;
  readonly total: number;
  /** Used by one token: without embedding and head, which is how MiniMax counts 9.8B. */
  readonly active: number;
  /** Multiplied with one token: `active` and the head. Floating-point operations are counted by it. */
  readonly multiplied: number;
}

/** Gate, up and down projection. */
const SWIGLU_MATRICES = 3;

export const queryWidth = (a: Architecture): number => a.heads * a.headDim;
export const kvWidth = (a: Architecture): number => a.kvHeads * a.headDim;
export const moeLayers = (a: Architecture): number => (a.moe === undefined ? 0 : a.layers - a.moe.denseLayers);
export const denseLayers = (a: Architecture): number => a.layers - moeLayers(a);

export function countParameters(a: Architecture): Parameters {
  const attention = a.layers * (2 * a.hidden * queryWidth(a) + 2 * a.hidden * kvWidth(a));
  const sparse = moeLayers(a);
  const expert = SWIGLU_MATRICES * a.hidden * (a.moe?.expertFfn ?? 0);
  const shared = SWIGLU_MATRICES * a.hidden * (a.moe?.sharedFfn ?? 0);
  const dense = denseLayers(a) * SWIGLU_MATRICES * a.hidden * (a.ffn ?? 0) + sparse * shared;
  const experts = sparse * (a.moe?.experts ?? 0) * expert;
  const router = (a.moe?.experts ?? 0) * (a.hidden + (a.moe?.routerBias ? 1 : 0));
  const qkNorm = { none: 0, head: 2 * a.headDim, layer: queryWidth(a) + kvWidth(a) }[a.qkNorm];
  const replicated = sparse * router + a.layers * (2 * a.hidden + qkNorm) + a.hidden;
  const embedding = a.vocab * a.hidden;
  const head = a.tiedEmbeddings ? 0 : embedding;
  const active = attention + dense + replicated + sparse * (a.moe?.topK ?? 0) * expert;
  return {
    attention,
    dense,
    experts,
    replicated,
    embedding,
    head,
    total: attention + dense + experts + replicated + embedding + head,
    active,
    multiplied: active + embedding,
  };
}

/** Parameters of low-rank adapters on every projection of attention and of dense feed-forward layers, in the last `layers`. */
export function countAdapter(a: Architecture, { rank, layers }: { rank: number; layers: number }): number {
  const q = queryWidth(a);
  const kv = kvWidth(a);
  const adapted = Math.min(layers, a.layers);
  const adaptedDense = Math.max(0, adapted - moeLayers(a));
  const attention = 2 * (a.hidden + q) + 2 * (a.hidden + kv);
  const feedForward = SWIGLU_MATRICES * (a.hidden + (a.ffn ?? 0));
  return rank * (adapted * attention + adaptedDense * feedForward);
}
