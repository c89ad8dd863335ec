// The port of a model that reads what nobody vouches for. It is asked for an answer of a given form and nothing else: it has no tools, and
// what it says is data. That it says nothing of use is ordinary, and no error.
import type { z } from 'zod';

export interface ModelQuestion {
  readonly system: string;
  readonly user: string;
  /** JSON Schema of the answer. A server that can hold its model to a schema does; the answer is checked either way. */
  readonly schema: z.core.JSONSchema.JSONSchema;
  readonly maxTokens: number;
}

/** Why there is no answer. */
export type ModelFailure =
  | 'unreachable'
  | 'late'
  | 'busy'
  | 'server-error'
  /** Of the request, the key or the model's name. */
  | 'rejected'
  /** To another address, which is not followed. */
  | 'redirected'
  /** The model declines. */
  | 'refused'
  /** It broke off in the middle. */
  | 'cut'
  | 'too-long'
  | 'empty'
  /** It asked for a tool. */
  | 'tool-call'
  /** What came is no completion. */
  | 'no-completion'
  | 'budget'
  /** It was to be kept and could not be. */
  | 'unrecorded'
  | 'interrupted';

export type ModelAnswer =
  | {
      readonly how: 'answered';
      readonly text: string;
      /** As the server calls what answered, where it says so. */
      readonly model?: string;
    }
  | { readonly how: 'failed'; readonly why: ModelFailure };

export interface AgentModel {
  /** As it was asked for. */
  readonly model: string;
  /** `gateway`: every request and answer is in the data pool. */
  readonly way: 'direct' | 'gateway';
  /** Where question and answer are kept otherwise. */
  readonly record?: string;
  /** What a model or its server does is an answer, also that it is stopped. @throws only what a workflow has to repeat */
  ask(question: ModelQuestion, signal: AbortSignal): Promise<ModelAnswer>;
}

/** No model is behind a name that begins like this, and it is called scripted wherever it shows. */
export const isScripted = (model: string): boolean => /^scripted/i.test(model);
