// Server-sent events, both ways.

/** One frame. JSON has no raw line breaks, so that one data line is enough. */
export function frame(data: unknown, event?: string): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return event === undefined ? `data: ${text}\n\n` : `event: ${event}\ndata: ${text}\n\n`;
}

export interface SseMessage {
  readonly event: string;
  readonly data: string;
}

export interface SseParser {
  /** Messages that are whole now. */
  push(bytes: Uint8Array): SseMessage[];
  /** The last messages, and whether something was begun and not finished: the stream broke off inside a frame. */
  end(): { readonly messages: SseMessage[]; readonly cutOff: boolean };
  /** Comment lines so far: servers send them to keep a connection alive. */
  readonly comments: number;
  /** Set when a message grew beyond the limit; nothing more is read then. */
  readonly overflowed: boolean;
}

/** Any of the three line ends, any chunking, a byte order mark, comments, messages of many data lines. */
export function createSseParser(longest: number = 16 << 20): SseParser {
  // Not fatal: a broken byte inside a string is the model's; what is no JSON is found out later.
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let data: string[] = [];
  let size = 0;
  let event = '';
  let comments = 0;
  let overflowed = false;
  let touched = false;

  function line(text: string, into: SseMessage[]): void {
    if (text === '') {
      if (data.length > 0) into.push({ event: event === '' ? 'message' : event, data: data.join('\n') });
      [data, size, event, touched] = [[], 0, '', false];
      return;
    }
    if (text.startsWith(':')) {
      comments += 1;
      return;
    }
    touched = true;
    const colon = text.indexOf(':');
    const field = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? '' : text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') {
      data.push(value);
      size += value.length;
    } else if (field === 'event') event = value;
  }

  function take(text: string): SseMessage[] {
    const found: SseMessage[] = [];
    // What came before has no line end in it, save perhaps a carriage return that waits for its line feed.
    let start = 0;
    let from = Math.max(0, rest.length - 1);
    rest += text;
    let back = rest.indexOf('\r', from);
    for (;;) {
      const feed = rest.indexOf('\n', from);
      if (back !== -1 && back < from) back = rest.indexOf('\r', from);
      const at = feed === -1 || (back !== -1 && back < feed) ? back : feed;
      if (at === -1 || (at === back && at === rest.length - 1)) break;
      line(rest.slice(start, at), found);
      start = at === back && rest[at + 1] === '\n' ? at + 2 : at + 1;
      from = start;
    }
    rest = rest.slice(start);
    if (rest.length + size > longest) overflowed = true;
    return found;
  }

  return {
    push: (bytes) => (overflowed ? [] : take(decoder.decode(bytes, { stream: true }))),
    end() {
      const found = take(decoder.decode());
      if (rest.endsWith('\r')) {
        line(rest.slice(0, -1), found);
        rest = '';
      }
      return { messages: found, cutOff: touched || rest !== '' };
    },
    get comments() {
      return comments;
    },
    get overflowed() {
      return overflowed;
    },
  };
}
