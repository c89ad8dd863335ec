// What a *scripted* model says to an agent, in the form that this agent's own prompt asks for. It is no model: it says the next line
// with each request.
import { type ProviderAnswer, type ProviderRequest, streamOf, whole } from '../support/scripted-provider.ts';

export type Move = { readonly say: string } | { readonly tool: string; readonly with: object };

/** Answers the n-th request with the n-th move. */
export function playing(moves: readonly Move[]): (request: ProviderRequest) => ProviderAnswer {
  let turn = 0;
  return ({ body }) => {
    const move = moves[turn];
    if (move === undefined) throw new Error(`the script has ${moves.length} moves; this is request ${turn + 1}`);
    turn += 1;
    const id = `call_${turn}`;
    if ('say' in move) {
      return body.stream === true
        ? { chunks: streamOf(inWords(move.say), 'stop', body) }
        : { chunks: [whole({ content: move.say })] };
    }
    const call = { id, type: 'function', function: { name: move.tool, arguments: JSON.stringify(move.with) } };
    return body.stream === true
      ? { chunks: streamOf([{ tool_calls: [{ index: 0, ...call }] }], 'tool_calls', body) }
      : { chunks: [whole({ content: null, tool_calls: [call] }, { finish_reason: 'tool_calls' })] };
  };
}

/** Never comes to an end in the time that a test has. */
export function slowly({ body }: ProviderRequest): ProviderAnswer {
  const words = inWords('so '.repeat(2_000));
  return body.stream === true
    ? { chunks: streamOf(words, 'stop', body), everyMs: 100 }
    : { chunks: [whole({ content: 'too late' })], everyMs: 200_000 };
}

const inWords = (text: string): object[] => (text.match(/\S+\s*|\s+/g) ?? []).map((content) => ({ content }));
