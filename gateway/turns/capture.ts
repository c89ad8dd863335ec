// Capture of agents' turns: each is a request of its rollout with an index of its own, counts against the budget while it is answered,
// and has its record on disk before the client sees its end.
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import type { CompletionId, Sha256 } from '../../contracts/ids.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import type { TurnRecord } from '../../contracts/turn.ts';
import { requireBudget } from '../budget.ts';
import type { RolloutClaims } from '../credential.ts';
import { type Flight, type Flights, nextIndex } from '../flights.ts';
import { type CompletionPool, makeCompletionId } from '../pool/completions.ts';
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
  /** Called once. Durable when it resolves; a failed turn's record that cannot be written is only logged. */
  close(outcome: Outcome): Promise<void>;
  /** For whatever went wrong before a server was asked, or where none answered; nothing if it has been closed. */
  abandon(error: AnnealError): Promise<void>;
}

export interface TurnCapture {
  /** To be waited for before `open`, where there is something to wait for. */
  ready(claims: RolloutClaims): Promise<void> | undefined;
  /** @throws AnnealError `gateway.budget_exhausted`, `gateway.overloaded`, `stack.gateway_unavailable` */
  open(claims: RolloutClaims, turn: Turn, controller: AbortController): OpenTurn;
  /** Turns that were answered, and their tokens. */
  stats(): { readonly generated: number; readonly tokens: number };
  /** No turn is opened after this; those that are open are stopped and recorded. */
  close(): Promise<void>;
}

/** No server is known to have been asked. */
const UNASKED: Outcome['upstream'] = { kind: 'openai', model: '', streamed: false, end: 'unreachable', lost: [] };

export function createTurnCapture({ pool, flights, log, admit }: TurnCaptureOptions): TurnCapture {
  let closed = false;
  const count = { generated: 0, tokens: 0 };

  return {
    ready: ({ rollout }) => pool.ready(rollout),
    open(claims, { dialect, request: asked, requestHash }, controller) {
      if (closed) throw new AnnealError('stack.gateway_unavailable', 'the gateway is stopping');
      admit?.();
      const tally = pool.tally(claims.rollout);
      const flying = flights.of(claims.rollout);
      const wanted = asked.sampling.maxTokens;
      const left = requireBudget(claims, tally, flying.values(), wanted);
      const bounded = wanted === undefined && left !== undefined;
      const request = bounded ? { ...asked, sampling: { ...asked.sampling, maxTokens: left } } : asked;
      const index = nextIndex(tally, flying, false);
      const id = makeCompletionId(claims.rollout, index, tally.failed.get(index) ?? 0);
      const recorded = Promise.withResolvers<CompletionRecord>();
      // Only whoever stops the gateway looks at it.
      recorded.promise.catch(() => undefined);
      const maxTokens = request.sampling.maxTokens ?? 0;
      const flight: Flight = {
        ...{ index, hash: requestHash, maxTokens, controller, waiters: 1, stage: 'generating' },
        record: recorded.promise,
      };
      flights.start(claims.rollout, flight);
      const startedAt = new Date();
      const clock = performance.now();

      async function close({ answer, upstream, inexact, sent, ...outcome }: Outcome): Promise<void> {
        flight.stage = 'recording';
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
          upstream: aborted ? { ...UNASKED, end: 'left' } : UNASKED,
          inexact: ['no whole answer'],
        });
      }
      return { id, request, close, abandon };
    },
    stats: () => count,
    async close() {
      closed = true;
      await flights.stop(new AnnealError('stack.gateway_unavailable', 'the gateway is stopping'));
    },
  };
}
