// The endpoints of one vLLM 0.24 server that an update of its weights needs. They exist only with VLLM_SERVER_DEV_MODE=1.
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import { type StoreUpdateInfo, workerWeights } from '../../contracts/weight-update.ts';
import { foldWorkers, type ServerState, type WeightCall } from '../../policies/weight-update.ts';
import { callVllm, NoAnswer, type VllmAnswer } from './http.ts';

export interface VllmServerOptions {
  /** Without a trailing slash. */
  readonly url: string;
  /** What our guard asks for before it lets anyone at these endpoints; vLLM itself leaves them open. */
  readonly controlToken?: string | undefined;
  /**
   * What becomes of requests in flight. `abort` ends them, and they are asked for again; `wait` lets them end. Never `keep`: it
   * goes on with a sequence that other weights began.
   */
  readonly pauseMode: 'abort' | 'wait';
  readonly timeoutsMs: Readonly<Record<WeightCall | 'observe', number>>;
}

/** Loading hundreds of gigabytes, and quantising them, takes minutes. */
export const TIMEOUTS_MS: VllmServerOptions['timeoutsMs'] = {
  observe: 20_000,
  init: 60_000,
  pause: 120_000,
  start: 120_000,
  update: 3_600_000,
  finish: 900_000,
  resume: 60_000,
};

export interface CallDetails {
  readonly fence: number;
  /** For `update`. */
  readonly update?: StoreUpdateInfo;
}

export type Silence = Omit<Extract<ServerState, { reach: 'silent' }>, 'forMs'>;

export interface VllmServer {
  readonly url: string;
  /** @throws AnnealError `rollout.unfit` when it lacks what is needed. A server that does not answer is a state, not a failure. */
  observe(signal?: AbortSignal): Promise<Exclude<ServerState, { reach: 'silent' }> | Silence>;
  /** @throws CallRefused, NoAnswer. */
  call(call: WeightCall, details: CallDetails, signal?: AbortSignal): Promise<void>;
}

/** The server answered, but not that it did what was asked. */
export class CallRefused extends Error {}

const pausing = z.looseObject({ is_paused: z.boolean() });
const results = z.looseObject({ results: z.array(workerWeights).min(1) });

export function createVllmServer(options: VllmServerOptions): VllmServer {
  const { url, timeoutsMs, controlToken } = options;
  const headers = controlToken === undefined ? {} : { authorization: `Bearer ${controlToken}` };

  function send(method: 'GET' | 'POST', path: string, body: unknown, timeoutMs: number, signal?: AbortSignal) {
    return callVllm({ method, url: url + path, body, headers, timeoutMs, signal });
  }

  return {
    url,
    async observe(signal) {
      try {
        const asked = await send('GET', '/is_paused', undefined, timeoutsMs.observe, signal);
        const paused = read(pausing, asked, 'start it with VLLM_SERVER_DEV_MODE=1');
        const body = { method: 'anneal_weights', timeout: timeoutsMs.observe / 1000 };
        // It waits behind whatever the workers do: a load that a killed orchestrator began is over when this is answered.
        const told = await send('POST', '/collective_rpc', body, timeoutsMs.observe, signal);
        // A worker that dies meanwhile is answered for with a 500.
        if (told.status >= 500 && told.status !== 501) return { reach: 'silent', why: reason(told) };
        const { results: workers } = read(results, told, 'start it with --worker-cls of this image');
        return foldWorkers(paused.is_paused, workers);
      } catch (failure) {
        if (failure instanceof NoAnswer) return { reach: 'silent', why: failure.message, busy: failure.wasTaken };
        throw failure;
      }
    },

    async call(call, details, signal) {
      const [path, body] = REQUESTS[call](details, options);
      const answer = await send('POST', path, body, timeoutsMs[call], signal);
      if (answer.status !== 200) throw new CallRefused(reason(answer));
    },
  };

  function read<S extends z.ZodType>(schema: S, answer: VllmAnswer, advice: string): z.infer<S> {
    if (answer.status >= 500 && answer.status !== 501) throw new NoAnswer(reason(answer), false);
    const parsed = schema.safeParse(answer.body);
    if (answer.status === 200 && parsed.success) return parsed.data;
    const why = answer.status === 401 ? 'the control token is not the one it was started with' : advice;
    throw new AnnealError('rollout.unfit', `${url} cannot take part in a weight update (${reason(answer)}): ${why}`);
  }

  function reason(answer: VllmAnswer): string {
    return `${url} answered ${answer.status}: ${said(answer)}`;
  }
}

const REQUESTS = {
  init: ({ fence }) => ['/init_weight_transfer_engine', { init_info: { fence } }],
  // Without its caches: what was computed with the old weights must not be attended to by the new ones.
  pause: (_, { pauseMode }) => [`/pause?mode=${pauseMode}&clear_cache=true`, undefined],
  start: () => ['/start_weight_update', { is_checkpoint_format: true }],
  update: ({ update }) => ['/update_weights', { update_info: update }],
  finish: () => ['/finish_weight_update', undefined],
  resume: () => ['/resume', undefined],
} as const satisfies Record<
  WeightCall,
  (details: CallDetails, options: VllmServerOptions) => readonly [path: string, body: unknown]
>;

/** vLLM words its errors in three ways: `error.message`, `error`, and FastAPI's `detail`. */
const worded = z.union([
  z.looseObject({ error: z.looseObject({ message: z.string() }) }).transform(({ error }) => error.message),
  z.looseObject({ error: z.string() }).transform(({ error }) => error),
  z.looseObject({ detail: z.string() }).transform(({ detail }) => detail),
]);

function said(answer: VllmAnswer): string {
  const text = worded.safeParse(answer.body).data ?? answer.text;
  return text === '' ? 'without a reason' : text.slice(0, 300);
}
