// OpenAI's Chat Completions, streamed: a chunk with the role, deltas, a chunk with the reason, one with the usage if asked for, [DONE].
import { openaiError } from '../failure.ts';
import { frame } from '../sse.ts';
import type { Encoder, TurnEvent, TurnRequest } from '../turn.ts';
import { writeLogprob, writeUsage } from './render.ts';

export function createEncoder(request: TurnRequest): Encoder {
  const withUsage = request.streamOptions?.includeUsage === true;
  let head: object = {};
  let ended: 'finished' | 'failed' | undefined;

  const chunk = (delta: object, finish: string | null, logprobs: object | null = null): string =>
    frame({
      ...head,
      choices: [{ index: 0, delta, logprobs, finish_reason: finish }],
      ...(withUsage ? { usage: null } : {}),
    });

  function write(event: TurnEvent): string | undefined {
    switch (event.type) {
      case 'start': {
        const { id, created, model } = event;
        head = { id, object: 'chat.completion.chunk', created, model };
        return chunk({ role: 'assistant', content: '' }, null);
      }
      case 'text': {
        const logprobs =
          event.logprobs === undefined ? null : { content: event.logprobs.map(writeLogprob), refusal: null };
        return chunk({ content: event.text }, null, logprobs);
      }
      case 'reasoning':
        return event.text === '' ? undefined : chunk({ reasoning_content: event.text }, null);
      case 'call': {
        const { index, id, name } = event;
        return chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }, null);
      }
      case 'arguments':
        return chunk({ tool_calls: [{ index: event.index, function: { arguments: event.text } }] }, null);
      case 'finish':
        ended = 'finished';
        return chunk({}, event.finish);
      case 'usage':
        return withUsage ? frame({ ...head, choices: [], usage: writeUsage(event.usage) }) : undefined;
      case 'ping':
        return ': ping\n\n';
      case 'error':
        ended = 'failed';
        return frame(openaiError(event.error, event.status));
      case 'call_end':
        return undefined;
    }
  }

  return {
    push(event) {
      const text = ended === 'failed' ? undefined : write(event);
      return text === undefined ? [] : [text];
    },
    // Clients take [DONE] for success.
    end: () => (ended === 'finished' ? [frame('[DONE]')] : []),
  };
}
