// Capture of agents' turns: each is a request of its rollout with an index of its own, counts against the budget while it is answered,
// and has its record on disk before the client sees its end.
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import type { CompletionId, Sha256 } from '../../contracts/ids.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import type { TurnRecord } from '../../contracts/turn.ts';
import type { LoopSignal, Step } from '../../policies/loops.ts';
import { beganAt, outOfTime, requireBudget } from '../budget.ts';
import type { RolloutClaims } from '../credential.ts';
import { type Flight, type Flights, nextIndex } from '../flights.ts';
import { type CompletionPool, makeCompletionId } from '../pool/completions.ts';
import { loopIn, refuseLoop, repetitionIn } from '../sessions/loops.ts';
import type { TurnRequest } from '../wire/turn.ts';

export interface TurnCaptureOptions {
  readonly pool: CompletionPool;
  readonly flights: Flights;
  readonly log: (line: string) => void;
  /** Before each turn. @throws AnnealError where its record would have no place */
  readonly admit?: (() => void) | undefined;
}

export interface Turn {
  readonly dialect: TurnRecord['dialect'];
  readonly request: TurnRequest;
  readonly requestHash: Sha256;
  readonly session?: TurnRecord['session'];
  /** The agent's own account of its last steps. */
  readonly steps?: readonly Step[] | undefined;
}

/** What became of it: the record's members that are known at its end. */
export type Outcome = Pick<
  CompletionRecord,
  'fidelity' | 'promptIds' | 'completionIds' | 'logprobs' | 'text' | 'finish' | 'error' | 'weights'
> &
  Pick<TurnRecord, 'answer' | 'upstream' | 'inexact' | 'sent'>;

export interface OpenTurn {
  readonly id: CompletionId;
  /** As it came; where the budget bounds the answer, with that bound. */
  readonly request: TurnRequest;
  /** That its agent goes round in circles: told to it with the answer. */
  readonly loop: LoopSignal | undefined;
  /** Called once. Durable when it resolves; a failed turn's record that cannot be written is only logged. */
  close(outcome: Outcome): Promise<void>;
  /** For whatever went wrong before a server was asked, or where none answered; nothing if it has been closed. */
  abandon(error: AnnealError): Promise<void>;
}

export interface TurnCapture {
  /** To be waited for before `open`, where there is something to wait for. */
  ready(claims: RolloutClaims): Promise<void> | undefined;
  /**
   * Takes its place before it waits for anything.
   * @throws AnnealError `gateway.budget_exhausted`, `gateway.loop` (both on record), `gateway.overloaded`, `stack.gateway_unavailable`
   */
  open(claims: RolloutClaims, turn: Turn, controller: AbortController): Promise<OpenTurn>;
  /** Turns that were answered, and their tokens. */
  stats(): { readonly generated: number; readonly tokens: number };
  /** No turn is opened after this; those that are open are stopped and recorded. */
  close(): Promise<void>;
}

/** Why a turn ended that was given up: its rollout's time was over, or its client went away. */
export const givenUp = ({ reason }: AbortSignal): 'stopped' | 'left' =>
  reason instanceof AnnealError && reason.code === 'gateway.budget_exhausted' ? 'stopped' : 'left';

/** Breaks the answer off when the rollout's time is over. */
function stopAt({ maxSeconds }: RolloutClaims, began: number, controller: AbortController): NodeJS.Timeout | undefined {
  if (maxSeconds === undefined) return undefined;
  const left = Math.max(0, began + maxSeconds * 1000 - Date.now());
  if (left > LONGEST_MS) return undefined;
  return setTimeout(() => controller.abort(outOfTime(maxSeconds)), left).unref();
}

/** No server is known to have been asked. */
const UNASKED: Outcome['upstream'] = { kind: 'openai', model: '', streamed: false, end: 'unreachable', lost: [] };

/** Of refusals of one request that is asked again and again, so many are recorded. */
const REFUSALS = 4;
/** The longest that a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

export function createTurnCapture({ pool, flights, log, admit }: TurnCaptureOptions): TurnCapture {
  let closed = false;
  const count = { generated: 0, tokens: 0 };

  return {
    ready: ({ rollout }) => pool.ready(rollout),
    async open(claims, { dialect, request: asked, requestHash, session, steps }, controller) {
      if (closed) throw new AnnealError('stack.gateway_unavailable', 'the gateway is stopping');
      admit?.();
      const tally = pool.tally(claims.rollout);
      const flying = flights.of(claims.rollout);
      const wanted = asked.sampling.maxTokens;
      const verdict = loopIn(asked, steps, claims);
      const looping = verdict.loop;
      let refused: AnnealError | undefined;
      let left: number | undefined;
      try {
        refuseLoop(verdict);
        left = requireBudget(claims, tally, flying.values(), wanted);
      } catch (failure) {
        refused = asAnnealError(failure);
      }
      const bounded = wanted === undefined && left !== undefined;
      const request = bounded ? { ...asked, sampling: { ...asked.sampling, maxTokens: left } } : asked;
      const index = nextIndex(tally, flying, false);
      const id = makeCompletionId(claims.rollout, index, tally.failed.get(index) ?? 0);
      const recorded = Promise.withResolvers<CompletionRecord>();
      // Only whoever stops the gateway looks at it.
      recorded.promise.catch(() => undefined);
      const maxTokens = request.sampling.maxTokens ?? 0;
      if (refused !== undefined && (tally.failed.get(index) ?? 0) >= REFUSALS) throw refused;
      const startedAt = new Date();
      const flight: Flight = {
        ...{ index, hash: requestHash, maxTokens, controller, waiters: 1, stage: 'generating' },
        ...{ refused: refused !== undefined, startedAt: startedAt.getTime() },
        record: recorded.promise,
      };
      flights.start(claims.rollout, flight);
      const clock = performance.now();
      const timer = stopAt(claims, beganAt(tally, flying.values()), controller);

      async function close({ answer, upstream, inexact, sent, ...outcome }: Outcome): Promise<void> {
        flight.stage = 'recording';
        clearTimeout(timer);
        const loop = looping ?? repetitionIn(outcome.text);
        const record: CompletionRecord = {
          schema: 'anneal/completion/v1',
          ...{ id, rollout: claims.rollout, campaign: claims.campaign, index, requestHash, policy: claims.policy },
          messages: [],
          sampling: {
            temperature: request.sampling.temperature ?? 1,
            maxTokens,
            ...(request.sampling.seed === undefined ? {} : { seed: request.sampling.seed }),
          },
          ...outcome,
          turn: {
            ...{ dialect, request, answer, upstream },
            ...(inexact === undefined ? {} : { inexact }),
            ...(sent === undefined ? {} : { sent }),
            ...(session === undefined ? {} : { session }),
            ...(loop === undefined ? {} : { loop }),
          },
          startedAt: startedAt.toISOString(),
          milliseconds: Math.round((performance.now() - clock) * 1000) / 1000,
        };
        try {
          await pool.add(record);
          recorded.resolve(record);
          if (record.error === undefined) {
            count.generated += 1;
            count.tokens += record.completionIds.length;
          }
        } catch (failure) {
          recorded.reject(failure);
          if (record.finish !== 'error' && record.finish !== 'aborted') throw failure;
          log(`${id} not recorded: ${asAnnealError(failure).message}`);
        } finally {
          flights.end(claims.rollout, flight);
        }
        if (record.error !== undefined) log(`${id} ${record.finish}: ${record.error}`);
      }
      async function abandon(error: AnnealError): Promise<void> {
        if (flight.stage === 'recording') return;
        const aborted = controller.signal.aborted;
        await close({
          ...{ fidelity: 'text-only', promptIds: [], completionIds: [], logprobs: [], text: '' },
          finish: aborted ? 'aborted' : 'error',
          error: `${error.code}: ${error.message}`,
          answer: { model: request.model, content: [] },
          upstream: {
            ...UNASKED,
            end: refused !== undefined ? 'unasked' : aborted ? givenUp(controller.signal) : 'unreachable',
          },
          inexact: ['no whole answer'],
        });
      }
      if (refused !== undefined) {
        await abandon(refused);
        throw refused;
      }
      return { id, request, loop: looping, close, abandon };
    },
    stats: () => count,
    async close() {
      closed = true;
      await flights.stop(new AnnealError('stack.gateway_unavailable', 'the gateway is stopping'));
    },
  };
}
