// What the gateway tells of each request that it sends to a server of models, on a diagnostics channel: whoever measures or traces listens,
// and the gateway knows nothing of them.

export const ENGINE_CALLS = 'anneal.engine.call';

/** The same object from the first word to the last. */
export interface EngineCall {
  /** Without a query. */
  readonly path: string;
  /** HTTP; 0 until an answer begins. */
  status: number;
}

/** `asked`: it may wait for a connection; `sent`: it has one; `ended`: with an answer, without one, or given up. */
export interface EngineCallMessage {
  readonly call: EngineCall;
  readonly phase: 'asked' | 'sent' | 'ended';
}
