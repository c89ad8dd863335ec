// One turn of a conversation with a model, in the gateway's own words: what every dialect is read into and written from, so that
// four dialects need eight translations and not sixteen.
import type { z } from 'zod';
import type { AnnealError } from '../../contracts/errors.ts';
import type {
  answerPart,
  imagePart,
  message,
  reasoningPart,
  TurnRequest,
  TurnUsage,
  textPart,
  toolCallPart,
  toolSpec,
  turnFinish,
} from '../../contracts/turn.ts';

export { EFFORTS, turnRequest } from '../../contracts/turn.ts';
export type { TurnRequest };
export type Message = z.infer<typeof message>;
export type MessageOf<R extends Message['role']> = Extract<Message, { role: R }>;
export type TextPart = z.infer<typeof textPart>;
export type ImagePart = z.infer<typeof imagePart>;
export type ReasoningPart = z.infer<typeof reasoningPart>;
export type ToolCallPart = z.infer<typeof toolCallPart>;
export type AnswerPart = z.infer<typeof answerPart>;
export type ToolSpec = z.infer<typeof toolSpec>;
export type Finish = z.infer<typeof turnFinish>;
export type Usage = TurnUsage;

export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes?: readonly number[];
  readonly top: readonly { readonly token: string; readonly logprob: number; readonly bytes?: readonly number[] }[];
}

export interface TurnAnswer {
  readonly id: string;
  readonly model: string;
  /** Unix seconds. */
  readonly created: number;
  readonly content: readonly AnswerPart[];
  readonly finish: Finish;
  /** The stop sequence that ended the answer, where the upstream names it. */
  readonly stopSequence?: string;
  /** Absent where the upstream said nothing believable. */
  readonly usage?: Usage;
  readonly logprobs?: readonly TokenLogprob[];
}

/** A streamed answer. Of calls one is open at a time: `call`, its `arguments`, `call_end`, then the next. */
export type TurnEvent =
  | {
      readonly type: 'start';
      readonly id: string;
      readonly model: string;
      readonly created: number;
      readonly inputTokens?: number;
    }
  | { readonly type: 'text'; readonly text: string; readonly logprobs?: readonly TokenLogprob[] }
  | { readonly type: 'reasoning'; readonly text: string; readonly signature?: string }
  | { readonly type: 'call'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: 'arguments'; readonly index: number; readonly text: string }
  | { readonly type: 'call_end'; readonly index: number }
  | { readonly type: 'finish'; readonly finish: Finish; readonly stopSequence?: string }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'ping' }
  /** Ends the stream in place of `finish`. */
  | { readonly type: 'error'; readonly error: AnnealError; readonly status: number };

/** What a dialect's streamed form needs to know of the request. */
export interface Encoder {
  /** Frames to send now, in order. */
  push(event: TurnEvent): readonly string[];
  /** Frames that close the stream; called once, after the last event. */
  end(): readonly string[];
}
