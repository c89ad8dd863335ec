// The dialects that clients speak, each as one value.
import type { AnnealError } from '../../contracts/errors.ts';
import * as chatRender from './chat/render.ts';
import * as chatRequest from './chat/request.ts';
import * as chatStream from './chat/stream.ts';
import * as completions from './completions.ts';
import { anthropicError, openaiError } from './failure.ts';
import * as messagesRender from './messages/render.ts';
import * as messagesRequest from './messages/request.ts';
import * as messagesStream from './messages/stream.ts';
import * as responsesRender from './responses/render.ts';
import * as responsesRequest from './responses/request.ts';
import * as responsesStream from './responses/stream.ts';
import type { Parsed } from './shape.ts';
import type { Encoder, TurnAnswer, TurnEvent, TurnRequest } from './turn.ts';

export type DialectName = 'chat' | 'completions' | 'responses' | 'messages';

export interface Dialect {
  /** Where its clients post. */
  readonly path: string;
  /** Never throws: whatever came is a request, or a list of problems. */
  parseRequest(body: unknown): Parsed<TurnRequest>;
  /** As a client would send it. What the dialect has no member for is left out. */
  renderRequest(request: TurnRequest): Record<string, unknown>;
  renderAnswer(answer: TurnAnswer, request: TurnRequest): object;
  /** For a streamed answer; the memory that it needs is at most the answer's own. */
  createEncoder(request: TurnRequest): Encoder;
  renderError(error: AnnealError, status: number): object;
}

export const DIALECTS = {
  chat: { path: '/v1/chat/completions', ...chatRequest, ...chatRender, ...chatStream, renderError: openaiError },
  completions: { path: '/v1/completions', ...completions, renderError: openaiError },
  responses: {
    ...{ path: '/v1/responses', ...responsesRequest, ...responsesRender, ...responsesStream },
    renderError: openaiError,
  },
  messages: {
    ...{ path: '/v1/messages', ...messagesRequest, ...messagesRender, ...messagesStream },
    renderError: anthropicError,
  },
} as const satisfies Record<DialectName, Dialect>;

/** The frames of a streamed answer, one at a time. */
export async function* renderEvents(
  dialect: Dialect,
  events: AsyncIterable<TurnEvent> | Iterable<TurnEvent>,
  request: TurnRequest,
): AsyncGenerator<string> {
  const encoder = dialect.createEncoder(request);
  for await (const event of events) yield* encoder.push(event);
  yield* encoder.end();
}
