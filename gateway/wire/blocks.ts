// Anthropic's Messages and OpenAI's Responses stream an answer as blocks that are opened, filled and closed one after another: this
// finds the blocks in the events, and each dialect writes them in its own words.
import type { TokenLogprob, TurnEvent } from './turn.ts';

export interface Block {
  readonly kind: 'text' | 'reasoning' | 'call';
  /** Its place in the answer. */
  readonly position: number;
  /** Of a call. */
  readonly id: string;
  readonly name: string;
  /** What has been written into it so far; a call's arguments. */
  text: string;
  signature: string | undefined;
  readonly logprobs: TokenLogprob[];
}

export interface BlockWriter {
  open(block: Block): readonly string[];
  fill(block: Block, text: string, logprobs: readonly TokenLogprob[]): readonly string[];
  close(block: Block): readonly string[];
}

export interface Blocks {
  /** Frames for an event that belongs to a block; none for the others. */
  push(event: TurnEvent): readonly string[];
  /** Closes what is open. */
  close(): readonly string[];
}

export function createBlocks(writer: BlockWriter): Blocks {
  let open: Block | undefined;
  let count = 0;

  function close(): readonly string[] {
    const block = open;
    open = undefined;
    return block === undefined ? [] : writer.close(block);
  }

  function begin(kind: Block['kind'], id: string, name: string): readonly string[] {
    const closed = close();
    open = { kind, position: count, id, name, text: '', signature: undefined, logprobs: [] };
    count += 1;
    return [...closed, ...writer.open(open)];
  }

  function fill(text: string, logprobs: readonly TokenLogprob[]): readonly string[] {
    if (open === undefined || text === '') return [];
    open.text += text;
    open.logprobs.push(...logprobs);
    return writer.fill(open, text, logprobs);
  }

  function said(kind: 'text' | 'reasoning', text: string, logprobs: readonly TokenLogprob[]): readonly string[] {
    const opened = open?.kind === kind ? [] : begin(kind, '', '');
    return [...opened, ...fill(text, logprobs)];
  }

  return {
    close,
    push(event) {
      switch (event.type) {
        case 'text':
          // An empty delta opens no block: many servers begin with one.
          return event.text === '' ? [] : said('text', event.text, event.logprobs ?? []);
        case 'reasoning': {
          if (event.text === '' && event.signature === undefined) return [];
          const frames = said('reasoning', event.text, []);
          if (open !== undefined && event.signature !== undefined) open.signature = event.signature;
          return frames;
        }
        case 'call':
          return begin('call', event.id, event.name);
        case 'arguments':
          return open?.kind === 'call' ? fill(event.text, []) : [];
        case 'call_end':
          return open?.kind === 'call' ? close() : [];
        default:
          return [];
      }
    },
  };
}

/** The part of an id that is the answer's own: dialects write different prefixes before it. */
export function bareId(id: string): string {
  return id.replace(/^(chatcmpl|cmpl|resp|msg)[-_]/, '');
}
