// Anthropic's Messages, streamed: message_start, blocks one after another, message_delta with reason and usage, message_stop.
import { type Block, createBlocks } from '../blocks.ts';
import { anthropicError } from '../failure.ts';
import { frame } from '../sse.ts';
import type { Encoder, Finish, TurnEvent, Usage } from '../turn.ts';
import { messageHead, stopped, useBlock, writeUsage } from './render.ts';
import { NO_SIGNATURE } from './request.ts';

export function createEncoder(): Encoder {
  let finish: Finish | undefined;
  let stopSequence: string | undefined;
  let usage: Usage = { input: 0, output: 0 };
  let called = false;
  let failed = false;

  const send = (type: string, members: object = {}): string => frame({ type, ...members }, type);
  const delta = (block: Block, members: object): string =>
    send('content_block_delta', { index: block.position, delta: members });

  const blocks = createBlocks({
    open(block) {
      if (block.kind === 'call') called = true;
      return [send('content_block_start', { index: block.position, content_block: opened(block) })];
    },
    fill(block, text) {
      if (block.kind === 'call') return [delta(block, { type: 'input_json_delta', partial_json: text })];
      if (block.kind === 'reasoning') return [delta(block, { type: 'thinking_delta', thinking: text })];
      return [delta(block, { type: 'text_delta', text })];
    },
    close(block) {
      const signature = block.signature ?? NO_SIGNATURE;
      const signed = block.kind === 'reasoning' ? [delta(block, { type: 'signature_delta', signature })] : [];
      return [...signed, send('content_block_stop', { index: block.position })];
    },
  });

  function write(event: TurnEvent): readonly string[] {
    switch (event.type) {
      case 'start': {
        const { id, model, inputTokens = 0 } = event;
        usage = { ...usage, input: inputTokens };
        const none = { content: [], stop_reason: null, stop_sequence: null };
        return [send('message_start', { message: { ...messageHead(id, model), ...none, usage: writeUsage(usage) } })];
      }
      case 'finish':
        ({ finish, stopSequence } = { stopSequence: undefined, ...event });
        return blocks.close();
      case 'usage':
        usage = event.usage;
        return [];
      case 'ping':
        return [send('ping')];
      case 'error':
        failed = true;
        return [frame(anthropicError(event.error, event.status), 'error')];
      default:
        return blocks.push(event);
    }
  }

  return {
    push: (event) => (failed ? [] : write(event)),
    end() {
      if (failed || finish === undefined) return [];
      const ended = send('message_delta', { delta: stopped(finish, stopSequence, called), usage: writeUsage(usage) });
      return [ended, send('message_stop')];
    },
  };
}

function opened(block: Block): object {
  if (block.kind === 'call') return useBlock(block.id, block.name, {});
  if (block.kind === 'reasoning') return { type: 'thinking', thinking: '', signature: '' };
  return { type: 'text', text: '', citations: null };
}
