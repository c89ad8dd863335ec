// A scripted stand-in for the policy server and one llama.cpp engine: it speaks their HTTP, and says what a test tells it to.
// It is no model: a token is a character code, and every generation is numbered, so that a test sees which one it got.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CompletionBody {
  readonly prompt: number[];
  readonly n_predict: number;
  readonly temperature: number;
  readonly seed?: number;
  readonly samplers: string[];
  readonly n_probs: number;
  readonly post_sampling_probs: boolean;
  readonly return_tokens: boolean;
}

export interface ChatBody {
  readonly messages: { readonly role: string; readonly content: string }[];
  readonly n_probs: number;
  readonly return_tokens: boolean;
  readonly stream: boolean;
  readonly samplers?: string[];
  readonly temperature?: number;
  readonly max_tokens?: number;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

/** What a chat answers: its text, or calls of tools. */
export interface ChatSays {
  readonly content: string;
  readonly calls?: readonly { readonly name: string; readonly arguments: string }[];
}

export interface EngineAnswer {
  content: string;
  model: string;
  tokens: number[];
  completion_probabilities: { id: number; logprob?: number | null; prob?: number }[];
  stop_type: string;
  tokens_evaluated: number;
  truncated: boolean;
}

export interface ScriptedUpstream {
  /** One server plays both parts. */
  readonly url: string;
  /** Where the control API says that the engine is. */
  engineUrls: string[];
  /** What the engine says it is; policies ask for `demo.v0`. */
  policy: string;
  /** Milliseconds of one generation. */
  latencyMs: number;
  /** Changes the next answers; may wait or throw (an HTTP 500). */
  script: ((answer: EngineAnswer, request: CompletionBody) => void | Promise<void>) | undefined;
  /** Answers chats in place of `chat 1`, `chat 2`, …; may wait or throw (an HTTP 500). */
  says: ((body: ChatBody, number: number) => string | ChatSays | Promise<string | ChatSays>) | undefined;
  /** Requests seen, by path. */
  readonly seen: Record<string, number>;
  /** Generations whose client went away. */
  aborted: number;
  /** Bodies of /completion, in order. */
  readonly bodies: CompletionBody[];
  /** Of /v1/chat/completions. */
  readonly chats: ChatBody[];
  close(): Promise<void>;
}

const TEMPLATE = (messages: readonly { role: string; content: string }[]): string =>
  `${messages.map(({ role, content }) => `<|${role}|>${content}`).join('')}<|assistant|>`;

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const server = createServer((request, response) => {
    answer(request, response).catch((failure: Error) => {
      response.destroyed ||
        send(response, 500, { error: { code: 500, message: failure.message, type: 'server_error' } });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const upstream: ScriptedUpstream = {
    url,
    engineUrls: [url],
    policy: 'demo.v0',
    latencyMs: 0,
    script: undefined,
    says: undefined,
    seen: {},
    aborted: 0,
    bodies: [],
    chats: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    upstream.seen[path] = (upstream.seen[path] ?? 0) + 1;
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = text === '' ? {} : (JSON.parse(text) as { messages?: unknown; content?: unknown });
    if (path === '/health') {
      return send(response, 200, {
        ok: true,
        engines: [{ policy: upstream.policy, urls: upstream.engineUrls, adapterSha256: null }],
      });
    }
    if (path.startsWith('/policies/')) {
      const policy = path.slice('/policies/'.length);
      if (policy.startsWith('unknown')) return send(response, 404, { code: 'policy_unknown', message: `no ${policy}` });
      if (policy.startsWith('guarded')) return send(response, 401, { code: 'unauthorized', message: 'send the token' });
      return send(response, 200, { policy, urls: upstream.engineUrls, adapterSha256: null });
    }
    if (path === '/apply-template') {
      return send(response, 200, { prompt: TEMPLATE(body.messages as { role: string; content: string }[]) });
    }
    if (path === '/tokenize') return send(response, 200, { tokens: codes(body.content as string) });
    if (path === '/completion') return complete(body as unknown as CompletionBody, response);
    if (path === '/v1/chat/completions') return chat(body as unknown as ChatBody, response);
    send(response, 404, { error: { code: 404, message: 'File Not Found', type: 'not_found_error' } });
  }

  /** As llama.cpp's server does: asked for `n_probs` it names each token by its id. */
  async function chat(body: ChatBody, response: ServerResponse): Promise<void> {
    upstream.chats.push(body);
    const said = (await upstream.says?.(body, upstream.chats.length)) ?? `chat ${upstream.chats.length}`;
    const { content, calls = [] } = typeof said === 'string' ? { content: said } : said;
    const tool_calls = calls.map((one, index) => ({
      id: `call-${upstream.chats.length}-${index}`,
      type: 'function',
      function: one,
    }));
    const named = codes(content === '' ? JSON.stringify(calls) : content).map((id) => ({
      id,
      token: String.fromCodePoint(id),
      logprob: -id / 100,
    }));
    send(response, 200, {
      ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: upstream.policy },
      choices: [
        {
          ...{ index: 0, finish_reason: calls.length > 0 ? 'tool_calls' : 'stop' },
          message: { role: 'assistant', content, ...(calls.length > 0 ? { tool_calls } : {}) },
          ...(body.n_probs > 0 ? { logprobs: { content: named } } : {}),
        },
      ],
      usage: { prompt_tokens: codes(TEMPLATE(body.messages)).length, completion_tokens: named.length },
    });
  }

  async function complete(body: CompletionBody, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    upstream.bodies.push(body);
    const content = `generation ${upstream.bodies.length}`.slice(0, body.n_predict);
    const tokens = codes(content);
    const made: EngineAnswer = {
      content,
      model: upstream.policy,
      tokens,
      completion_probabilities: tokens.map((id) =>
        body.post_sampling_probs ? { id, prob: 0.5 } : { id, logprob: -id / 100 },
      ),
      stop_type: tokens.length < body.n_predict ? 'eos' : 'limit',
      tokens_evaluated: body.prompt.length,
      truncated: false,
    };
    if (upstream.latencyMs > 0)
      await sleep(upstream.latencyMs, undefined, { signal: gone.signal }).catch(() => undefined);
    await upstream.script?.(made, body);
    if (gone.signal.aborted) upstream.aborted += 1;
    else send(response, 200, made);
  }

  return upstream;
}

function codes(text: string): number[] {
  return [...text].map((character) => character.codePointAt(0)!);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
