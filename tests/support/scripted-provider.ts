// A scripted stand-in for an OpenAI-compatible server: it says, byte for byte, what a test tells it to, faults included. It is no model.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProviderRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ProviderAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent one after the other. */
  readonly chunks: readonly string[];
  /** Milliseconds before each. */
  readonly everyMs?: number;
  /** After the last one: `end` (default), `cut` the connection, or `hang` for ever. */
  readonly ending?: 'end' | 'cut' | 'hang';
}

export interface ScriptedProvider {
  readonly url: string;
  readonly requests: ProviderRequest[];
  script: (request: ProviderRequest) => ProviderAnswer;
  /** Requests whose client went away before their answer's end. */
  left: number;
  close(): Promise<void>;
}

export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = text === '' ? {} : (JSON.parse(text) as ProviderRequest['body']);
    const asked = { path: request.url ?? '', headers: request.headers, body };
    provider.requests.push(asked);
    response.on('close', () => {
      if (!response.writableFinished) provider.left += 1;
    });
    const { status = 200, headers = {}, chunks, everyMs, ending = 'end' } = provider.script(asked);
    const streamed = body.stream === true && status === 200;
    response.writeHead(status, { 'content-type': streamed ? 'text/event-stream' : 'application/json', ...headers });
    for (const chunk of chunks) {
      if (everyMs !== undefined) await sleep(everyMs);
      response.write(chunk);
    }
    if (ending === 'end') response.end();
    else if (ending === 'cut') response.socket?.end(() => response.destroy());
    else response.flushHeaders();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const provider: ScriptedProvider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    left: 0,
    script: () => ({ chunks: ['{}'] }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}

const ID = 'chatcmpl-scripted';

/** A whole answer of Chat Completions. */
export const whole = (message: object, more: object = {}, above: object = {}): string =>
  JSON.stringify({
    ...{ id: ID, object: 'chat.completion', created: 1_790_000_000, model: 'scripted', system_fingerprint: 'fp' },
    choices: [{ index: 0, message: { role: 'assistant', ...message }, logprobs: null, finish_reason: 'stop', ...more }],
    usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
    ...above,
  });

export const sse = (...all: readonly (object | string)[]): string[] =>
  all.map((one) => `data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`);

export const chunk = (delta: object, more: object = {}, above: object = {}): object => ({
  ...{ id: ID, object: 'chat.completion.chunk', created: 1_790_000_000, model: 'scripted', system_fingerprint: 'fp' },
  choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...more }],
  ...above,
});

/** As OpenAI streams: with a usage at the end where it was asked for. */
export function streamOf(deltas: readonly object[], finish: string, body: ProviderRequest['body']): string[] {
  const usage = (body.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;
  const none = usage ? { usage: null } : {};
  return sse(
    chunk({ role: 'assistant', content: '' }, {}, none),
    ...deltas.map((delta) => chunk(delta, {}, none)),
    chunk({}, { finish_reason: finish }, none),
    ...(usage
      ? [{ ...chunk({}), choices: [], usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 } }]
      : []),
    '[DONE]',
  );
}

const CALL = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Graz"}' } };

/** Says good morning, or calls the first tool that it is given; with a tool's result it says what that was. */
export function converse({ body }: ProviderRequest): ProviderAnswer {
  const messages = body.messages as readonly { role: string; content: unknown }[];
  const last = messages.at(-1)!;
  const calls = body.tools !== undefined && last.role !== 'tool';
  const text = last.role === 'tool' ? `It says: ${JSON.stringify(last.content)}` : 'Good morning — Grüße 🌦.';
  if (body.stream !== true) {
    return calls
      ? { chunks: [whole({ content: null, tool_calls: [CALL] }, { finish_reason: 'tool_calls' })] }
      : { chunks: [whole({ content: text })] };
  }
  const { arguments: all, ...named } = CALL.function;
  const deltas = calls
    ? [
        { tool_calls: [{ ...CALL, index: 0, function: { ...named, arguments: '' } }] },
        ...[all.slice(0, 5), all.slice(5)].map((part) => ({
          tool_calls: [{ index: 0, function: { arguments: part } }],
        })),
      ]
    : [text.slice(0, 5), text.slice(5, 12), text.slice(12)].map((content) => ({ content }));
  return { chunks: streamOf(deltas, calls ? 'tool_calls' : 'stop', body) };
}
