// A *scripted* model that reads: a real HTTP server that speaks Chat Completions on loopback and answers as told. No model is behind it.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AskedOfReader {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came. */
  readonly raw: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly system: string;
  readonly user: string;
  /** Read back from the question, as a model would. */
  readonly lines: readonly { readonly file: number; readonly line: number; readonly text: string }[];
}

export type ReaderReply =
  | string
  | { readonly message: object; readonly finish?: string | null; readonly model?: string }
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | ((response: ServerResponse) => void);

export interface ScriptedReader {
  /** Up to and without /chat/completions. */
  readonly url: string;
  readonly asked: AskedOfReader[];
  close(): Promise<void>;
}

/** @param says the answer's text, or the whole message, or something that is none */
export async function startScriptedReader(says: (asked: AskedOfReader) => ReaderReply): Promise<ScriptedReader> {
  const asked: AskedOfReader[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const one = readBack(request.method ?? '', request.url ?? '', request.headers, Buffer.concat(parts).toString());
      asked.push(one);
      give(says(one), response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function give(reply: ReaderReply, response: ServerResponse): void {
  if (typeof reply === 'function') {
    reply(response);
    return;
  }
  if (typeof reply === 'object' && 'status' in reply) {
    response.writeHead(reply.status, reply.headers).end(reply.body ?? '');
    return;
  }
  const { message, finish = 'stop', model = 'scripted-reader' } = typeof reply === 'string' ? said(reply) : reply;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ id: 'x', object: 'chat.completion', model, choices: [{ finish_reason: finish, message }] }),
  );
}

const said = (content: string): { message: object; finish?: string; model?: string } => ({
  message: { role: 'assistant', content },
});

function readBack(method: string, path: string, headers: IncomingHttpHeaders, raw: string): AskedOfReader {
  const body = (raw === '' ? {} : JSON.parse(raw)) as { messages?: { content: string }[] };
  const [system = '', user = ''] = (body.messages ?? []).map(({ content }) => content);
  const lines = [...user.matchAll(/^(\d+):(\d+)\| (.*)$/gm)].map(([, file, line, text]) => ({
    ...{ file: Number(file), line: Number(line), text: text! },
  }));
  return { method, path, headers, raw, body: { ...body }, system, user, lines };
}
