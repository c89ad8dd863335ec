// Capture before answer: a completion's record is durable before anyone sees its text, and one request of a rollout has one
// answer, however often it is sent: while the first is in flight, after it, and after a restart.
import { AnnealError, asAnnealError } from '../contracts/errors.ts';
import { policyName } from '../contracts/ids.ts';
import type { CompletionRecord } from '../contracts/trajectory.ts';
import { requireBudget } from './budget.ts';
import type { ChatCall } from './chat-request.ts';
import type { RolloutClaims } from './credential.ts';
import type { Engines, Generation } from './engine.ts';
import { type Flight, type Flights, nextIndex } from './flights.ts';
import { type CompletionPool, makeCompletionId } from './pool/completions.ts';

/** Moments at which a test may kill the process or look at it. */
export type FaultPoint = 'generated' | 'durable';

export interface CaptureOptions {
  readonly engines: Engines;
  readonly pool: CompletionPool;
  readonly flights: Flights;
  readonly log: (line: string) => void;
  /** Before each new generation. @throws AnnealError where its record would have no place */
  readonly admit?: (() => void) | undefined;
  readonly fault?: ((point: FaultPoint, record: CompletionRecord) => void | Promise<void>) | undefined;
}

export interface Captured {
  readonly record: CompletionRecord;
  readonly how: 'generated' | 'joined' | 'replayed';
}

export interface Capture {
  /**
   * @param index undefined: the rollout's next one.
   * @param signal the client's: a generation that nobody waits for any more is stopped, and recorded as aborted.
   * @throws AnnealError `gateway.conflict` (another request has this index), `gateway.budget_exhausted`, `policy.version_mismatch`,
   * those of `Engines.generate`, and those of the log: whatever is not durable is not answered.
   */
  complete(claims: RolloutClaims, call: ChatCall, index: number | undefined, signal: AbortSignal): Promise<Captured>;
  /** Stops every generation and waits until all are recorded. */
  close(): Promise<void>;
}

export function createCapture({ engines, pool, flights, log, admit, fault }: CaptureOptions): Capture {
  let closed = false;

  async function complete(
    claims: RolloutClaims,
    call: ChatCall,
    index: number | undefined,
    signal: AbortSignal,
  ): Promise<Captured> {
    for (;;) {
      signal.throwIfAborted();
      if (closed) throw new AnnealError('stack.gateway_unavailable', 'the gateway is stopping');
      const loading = pool.ready(claims.rollout);
      if (loading !== undefined) {
        await loading;
        continue;
      }
      // From here to the start of a flight nothing may await: two equal requests must not both find nothing.
      const tally = pool.tally(claims.rollout);
      const flying = flights.of(claims.rollout);
      const at = index ?? nextIndex(tally, flying, true);
      const flight = flying.get(at);
      if (flight?.controller.signal.aborted === true) {
        // Its record is still on its way to the disk; the attempt after it is numbered when that is there.
        await flight.record.catch(() => undefined);
        continue;
      }
      if (flight !== undefined) {
        if (flight.hash !== call.requestHash) throw conflict(claims, at);
        return { record: await join(flight, signal), how: 'joined' };
      }
      const answer = pool.of(claims.rollout).find((entry) => entry.index === at && entry.usable);
      if (answer !== undefined) {
        const record = await pool.read(answer);
        if (record.requestHash !== call.requestHash) throw conflict(claims, at);
        return { record, how: 'replayed' };
      }
      admit?.();
      requireBudget(claims, tally, flying.values(), call.sampling.maxTokens);
      const attempt = tally.failed.get(at) ?? 0;
      return { record: await join(start(claims, call, at, attempt), signal), how: 'generated' };
    }
  }

  function start(claims: RolloutClaims, call: ChatCall, index: number, attempt: number): Flight {
    const recorded = Promise.withResolvers<CompletionRecord>();
    const flight: Flight = {
      index,
      hash: call.requestHash,
      maxTokens: call.sampling.maxTokens,
      controller: new AbortController(),
      waiters: 0,
      stage: 'generating',
      record: recorded.promise,
    };
    // When every waiter has gone, nobody else looks at a failure.
    flight.record.catch(() => undefined);
    flights.start(claims.rollout, flight);
    run(flight, claims, call, attempt)
      .finally(() => flights.end(claims.rollout, flight))
      .then(recorded.resolve, recorded.reject);
    return flight;
  }

  async function run(
    flight: Flight,
    claims: RolloutClaims,
    call: ChatCall,
    attempt: number,
  ): Promise<CompletionRecord> {
    const startedAt = new Date();
    const clock = performance.now();
    const base = () => ({
      schema: 'anneal/completion/v1' as const,
      id: makeCompletionId(claims.rollout, flight.index, attempt),
      rollout: claims.rollout,
      campaign: claims.campaign,
      index: flight.index,
      requestHash: call.requestHash,
      policy: call.policy,
      messages: call.messages,
      sampling: call.sampling,
      startedAt: startedAt.toISOString(),
      milliseconds: Math.round((performance.now() - clock) * 1000) / 1000,
    });
    let generation: Generation;
    try {
      generation = await engines.generate(call.policy, call.messages, call.sampling, flight.controller.signal);
    } catch (failure) {
      const aborted = flight.controller.signal.aborted;
      const error = aborted
        ? new AnnealError('gateway.upstream_failed', 'the client went away')
        : asAnnealError(failure);
      flight.stage = 'recording';
      await recordFailure({ ...base(), ...NOTHING, finish: aborted ? 'aborted' : 'error', error: textOf(error) });
      throw error;
    }
    flight.stage = 'recording';
    const { model, ...generated } = generation;
    if (model !== call.policy) {
      engines.forget(call.policy);
      const error = new AnnealError('policy.version_mismatch', `${model} answered instead of ${call.policy}`);
      const answered = policyName.safeParse(model).data ?? call.policy;
      await recordFailure({ ...base(), ...generated, policy: answered, finish: 'error', error: textOf(error) });
      throw error;
    }
    const record: CompletionRecord = { ...base(), ...generated };
    await fault?.('generated', record);
    await pool.add(record);
    await fault?.('durable', record);
    return record;
  }

  /** The request has failed already; that its record cannot be written either is only logged. */
  async function recordFailure(record: CompletionRecord): Promise<void> {
    log(`${record.id} ${record.finish}: ${record.error}`);
    await pool
      .add(record)
      .catch((failure: unknown) => log(`${record.id} not recorded: ${textOf(asAnnealError(failure))}`));
  }

  return {
    complete,
    async close() {
      closed = true;
      await flights.stop(new AnnealError('stack.gateway_unavailable', 'the gateway is stopping'));
    },
  };
}

const NOTHING = {
  fidelity: 'text-only',
  promptIds: [],
  completionIds: [],
  logprobs: [],
  text: '',
} satisfies Partial<CompletionRecord>;

/** Waits for a flight; the last waiter to leave stops it, unless its record is being written already. */
async function join(flight: Flight, signal: AbortSignal): Promise<CompletionRecord> {
  flight.waiters += 1;
  const gone = Promise.withResolvers<never>();
  const leave = (): void => {
    flight.waiters -= 1;
    if (flight.waiters === 0 && flight.stage === 'generating') flight.controller.abort();
    gone.reject(signal.reason);
  };
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([flight.record, gone.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

function conflict({ rollout }: RolloutClaims, index: number): AnnealError {
  return new AnnealError('gateway.conflict', `request ${index} of ${rollout} was another one`);
}

function textOf(error: AnnealError): string {
  return `${error.code}: ${error.message}`;
}
