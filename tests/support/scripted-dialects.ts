// A loopback server that answers in every dialect, from answers that a test scripts: the unchanged SDKs of the vendors talk to it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AnnealError } from '../../contracts/errors.ts';
import { DIALECTS, type Dialect, renderEvents } from '../../gateway/wire/dialects.ts';
import { eventsOf } from '../../gateway/wire/events.ts';
import { renderCount } from '../../gateway/wire/messages/render.ts';
import { parseCountRequest } from '../../gateway/wire/messages/request.ts';
import { anthropicModels, openaiModels } from '../../gateway/wire/models.ts';
import { parseBody } from '../../gateway/wire/shape.ts';
import type { TurnAnswer, TurnEvent, TurnRequest } from '../../gateway/wire/turn.ts';

export type Script = (
  request: TurnRequest,
) => TurnAnswer | { readonly events: readonly TurnEvent[] } | { readonly error: AnnealError; readonly status: number };

export interface ScriptedDialects {
  readonly url: string;
  /** The requests that were understood, oldest first. */
  readonly requests: TurnRequest[];
  /** What was streamed last, as it was sent. */
  readonly frames: string[];
  script: Script;
  close(): Promise<void>;
}

const MODELS = ['policy-1', 'policy-2'];

export async function startScriptedDialects(): Promise<ScriptedDialects> {
  const requests: TurnRequest[] = [];
  const frames: string[] = [];
  const failing: Script = () => ({ error: new AnnealError('internal.bug', 'nothing is scripted'), status: 500 });

  async function answer(dialect: Dialect, body: Uint8Array, response: ServerResponse): Promise<void> {
    const refuse = (error: AnnealError, status: number): void =>
      json(response, dialect.renderError(error, status), status);
    const read = parseBody(body);
    const parsed = read.ok ? dialect.parseRequest(read.value) : read;
    if (!parsed.ok) {
      const { problems } = parsed;
      const text = problems.map(({ path, expected }) => `${path}: ${expected}`).join('; ');
      return refuse(new AnnealError('gateway.bad_request', text, { problems }), 400);
    }
    requests.push(parsed.value);
    const scripted = server.script(parsed.value);
    if ('error' in scripted) return refuse(scripted.error, scripted.status);
    if (!parsed.value.stream) {
      if ('events' in scripted) return refuse(new AnnealError('internal.bug', 'only a stream is scripted'), 500);
      return json(response, dialect.renderAnswer(scripted, parsed.value), 200);
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    frames.length = 0;
    const events = 'events' in scripted ? scripted.events : eventsOf(scripted);
    for await (const frame of renderEvents(dialect, events, parsed.value)) {
      frames.push(frame);
      response.write(frame);
    }
    response.end();
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0]!;
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const dialect = Object.values<Dialect>(DIALECTS).find((one) => one.path === path);
    if (path === '/v1/models') {
      const vendor = request.headers['anthropic-version'] === undefined ? openaiModels : anthropicModels;
      return json(response, vendor(MODELS), 200);
    }
    if (path === '/v1/messages/count_tokens') {
      const parsed = parseCountRequest(JSON.parse(body.toString('utf8')));
      return parsed.ok ? json(response, renderCount(17), 200) : json(response, {}, 400);
    }
    if (dialect !== undefined) return answer(dialect, body, response);
    return json(response, {}, 404);
  }

  const listener = createServer((request, response) => {
    serve(request, response).catch((failure) => response.destroy(failure));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const server: ScriptedDialects = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    ...{ requests, frames, script: failing },
    close: () => {
      listener.closeAllConnections();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
  return server;
}

function json(response: ServerResponse, body: object, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** An answer with everything that an answer may hold. */
export const EVERYTHING: TurnAnswer = {
  id: 'chatcmpl-7f',
  model: 'policy-1',
  created: 1_790_000_000,
  content: [
    { type: 'reasoning', text: 'They want the weather in two places.' },
    { type: 'text', text: 'I look it up — “gleich” 🌦.' },
    { type: 'tool_call', id: 'call_a', name: 'weather', arguments: '{"city":"Graz"}' },
    { type: 'tool_call', id: 'call_b', name: 'weather', arguments: '{"city":"Linz","days":[1,2]}' },
  ],
  finish: 'tool_calls',
  usage: { input: 40, output: 23, cachedInput: 8, reasoning: 9 },
};

export const PLAIN: TurnAnswer = {
  id: 'chatcmpl-80',
  model: 'policy-1',
  created: 1_790_000_001,
  content: [{ type: 'text', text: 'Good morning.' }],
  finish: 'stop',
  usage: { input: 5, output: 3 },
};
