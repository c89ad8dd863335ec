// OpenAI's Responses, streamed: every event is numbered, every item is opened, filled and closed, and the last event holds the whole.
import { type Block, bareId, createBlocks } from '../blocks.ts';
import { writeLogprob } from '../chat/render.ts';
import { paramOf } from '../failure.ts';
import { frame } from '../sse.ts';
import type { Encoder, TurnEvent, TurnRequest } from '../turn.ts';
import { callItem, messageItem, type ResponseState, reasoningItem, responseObject, textPart } from './render.ts';

export function createEncoder(request: TurnRequest): Encoder {
  const output: object[] = [];
  let state: ResponseState = { id: '', model: request.model, created: 0, output };
  let number = 0;
  let failed = false;

  const send = (type: string, members: object): string => {
    const text = frame({ type, sequence_number: number, ...members }, type);
    number += 1;
    return text;
  };
  const whole = (type: string): string => send(`response.${type}`, { response: responseObject(request, state) });
  const idOf = (block: Block): string => `${bareId(state.id)}_${block.position}`;
  const itemId = (block: Block): string => `${{ text: 'msg', reasoning: 'rs', call: 'fc' }[block.kind]}_${idOf(block)}`;

  function itemOf(block: Block, status: 'in_progress' | 'completed' | 'incomplete'): object {
    const head = { id: idOf(block), status, text: block.text };
    if (block.kind === 'call') return callItem({ ...head, callId: block.id, name: block.name });
    if (block.kind === 'reasoning') return reasoningItem(head, request.sealedReasoning === true);
    return messageItem(head, status === 'in_progress' ? [] : [textPart(block.text, block.logprobs)]);
  }

  const blocks = createBlocks({
    open(block) {
      const added = send('response.output_item.added', {
        output_index: block.position,
        item: itemOf(block, 'in_progress'),
      });
      if (block.kind === 'call') return [added];
      const part = block.kind === 'text' ? textPart('', []) : { type: 'reasoning_text', text: '' };
      return [added, send('response.content_part.added', { ...placeOf(block), part })];
    },
    fill(block, delta, logprobs) {
      if (block.kind === 'call') return [send('response.function_call_arguments.delta', { ...placeOf(block), delta })];
      if (block.kind === 'reasoning') return [send('response.reasoning_text.delta', { ...placeOf(block), delta })];
      return [send('response.output_text.delta', { ...placeOf(block), delta, logprobs: logprobs.map(writeLogprob) })];
    },
    close(block) {
      const cut = state.finish === 'length' || state.finish === 'content_filter';
      const item = itemOf(block, cut ? 'incomplete' : 'completed');
      output.push(item);
      return [...closed(block), send('response.output_item.done', { output_index: block.position, item })];
    },
  });

  /** Where an event belongs; calls have no parts. */
  function placeOf(block: Block): object {
    const place = { item_id: itemId(block), output_index: block.position };
    return block.kind === 'call' ? place : { ...place, content_index: 0 };
  }

  function closed(block: Block): string[] {
    const { text } = block;
    if (block.kind === 'call') {
      return [send('response.function_call_arguments.done', { ...placeOf(block), name: block.name, arguments: text })];
    }
    const isText = block.kind === 'text';
    const part = isText ? textPart(text, block.logprobs) : { type: 'reasoning_text', text };
    const done = isText
      ? send('response.output_text.done', { ...placeOf(block), text, logprobs: block.logprobs.map(writeLogprob) })
      : send('response.reasoning_text.done', { ...placeOf(block), text });
    return [done, send('response.content_part.done', { ...placeOf(block), part })];
  }

  function write(event: TurnEvent): readonly string[] {
    switch (event.type) {
      case 'start': {
        const { id, model, created } = event;
        state = { ...state, id, model, created };
        return [whole('created'), whole('in_progress')];
      }
      case 'finish':
        state = { ...state, finish: event.finish };
        return blocks.close();
      case 'usage':
        state = { ...state, usage: event.usage };
        return [];
      case 'ping':
        return [': ping\n\n'];
      case 'error': {
        failed = true;
        const { message, code } = event.error;
        state = { ...state, error: { code: event.status === 429 ? 'rate_limit_exceeded' : 'server_error', message } };
        return [send('error', { code, message, param: paramOf(event.error) }), whole('failed')];
      }
      default:
        return blocks.push(event);
    }
  }

  return {
    push: (event) => (failed ? [] : write(event)),
    end() {
      if (failed || state.finish === undefined) return [];
      return [whole(state.finish === 'length' || state.finish === 'content_filter' ? 'incomplete' : 'completed')];
    },
  };
}
