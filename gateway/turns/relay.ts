// A server that speaks the client's own dialect, and was asked for nothing that the client must not see, is passed through: members that
// only it knows reach the client too.
import { frame } from '../wire/sse.ts';
import type { TurnRequest } from '../wire/turn.ts';
import type { Piece } from '../wire/upstream/read.ts';
import type { UpstreamCall } from '../wire/upstream/request.ts';
import type { Turn } from './capture.ts';
import type { TurnServer } from './server.ts';

const DIALECT_OF: Readonly<Record<UpstreamCall['path'], Turn['dialect']>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'completions',
};

/** The frame of a piece as the client is to see it, undefined for none; undefined as a whole where answers are translated. */
export function createRelay(
  dialect: Turn['dialect'],
  { upstream }: TurnServer,
  call: UpstreamCall,
  request: TurnRequest,
): ((piece: Piece) => string | undefined) | undefined {
  if (upstream.tokens || DIALECT_OF[call.path] !== dialect) return undefined;
  // The gateway always asks for the usage; a client that did not is sent the stream that it would have got.
  if (request.streamOptions?.includeUsage === true) return ({ data }) => frame(data);
  return ({ data, value }) => {
    if (!data.includes('"usage"')) return frame(data);
    const { usage: _, ...rest } = value as { usage?: unknown; choices?: unknown };
    return Array.isArray(rest.choices) && rest.choices.length === 0 ? undefined : frame(rest);
  };
}
