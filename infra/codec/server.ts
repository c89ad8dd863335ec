// The codec server: decrypts for Temporal's UI and CLI what a caller may see, over Temporal's codec protocol (POST /decode).
// It never encrypts: who could have payloads encrypted here could write what a worker believes.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { AnnealError } from '../../contracts/errors.ts';
import type { Gatekeeper } from './gatekeeper.ts';

/** A page of the UI's history view is a few megabytes at most. */
const LONGEST_BODY = 16 << 20;
const { Payloads } = proto.temporal.api.common.v1;

export interface CodecServerOptions {
  readonly codec: PayloadCodec;
  /** The one namespace that is decrypted for. */
  readonly namespace: string;
  /** The origin of Temporal's UI, such as https://temporal.example.com; undefined: for command lines only. */
  readonly uiOrigin: string | undefined;
  readonly gatekeeper: Gatekeeper;
  readonly host: string;
  readonly port: number;
}

export interface CodecServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    answer(options, request, response).catch((failure: unknown) => refuse(response, statusOf(failure), failure));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function answer(options: CodecServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { codec, namespace, uiOrigin, gatekeeper } = options;
  // Answers differ by origin: a cache must not give one origin's to another.
  response.setHeader('vary', 'origin');
  const { origin } = request.headers;
  if (origin !== undefined) {
    if (origin !== uiOrigin) throw new Refusal(403, `origin ${origin} is not the UI's`);
    response.setHeader('access-control-allow-origin', origin);
  }
  const path = new URL(request.url ?? '/', 'http://codec').pathname;
  if (path === '/healthz' && request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
    return;
  }
  // The CLI may put the namespace into the path.
  const [, inPath] = /^(?:\/([^/]+))?\/decode$/.exec(path) ?? [];
  if (!path.endsWith('/decode')) throw new Refusal(404, 'only /decode is served');
  if (request.method === 'OPTIONS') {
    const allowed = 'content-type, x-namespace, authorization, authorization-extras';
    response.setHeader('access-control-allow-methods', 'POST');
    response.setHeader('access-control-allow-headers', allowed);
    response.setHeader('access-control-max-age', '600');
    response.writeHead(204).end();
    return;
  }
  if (request.method !== 'POST') throw new Refusal(405, 'POST a list of payloads');
  const asked = request.headers['x-namespace'] ?? inPath ?? namespace;
  if (asked !== namespace || (inPath !== undefined && decodeURIComponent(inPath) !== namespace))
    throw new Refusal(403, `this codec server is for namespace ${namespace}`);
  const token = /^bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) {
    response.setHeader('www-authenticate', 'Bearer');
    throw new Refusal(401, 'send a token: Authorization: Bearer …');
  }
  if (!(await gatekeeper.admits(token))) throw new Refusal(403, `this token may not read namespace ${namespace}`);

  const { payloads } = payloadsOf(await bodyOf(request));
  const decoded = await codec.decode(payloads);
  const text = JSON.stringify(
    Payloads.toObject(Payloads.create({ payloads: decoded }), { bytes: String, arrays: true }),
  );
  response.writeHead(200, {
    'content-type': 'application/json',
    // What was secret on disk must not come to rest in a browser's or a proxy's cache.
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LONGEST_BODY) throw new Refusal(413, `the body is longer than ${LONGEST_BODY} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refusal(400, 'the body is not JSON');
  }
}

function payloadsOf(body: unknown): { payloads: Payload[] } {
  try {
    // Protobuf's JSON: every `bytes` is base64.
    const { payloads } = Payloads.fromObject(body as Record<string, unknown>);
    return { payloads };
  } catch {
    throw new Refusal(400, 'the body is no list of payloads');
  }
}

/** A payload that cannot be opened is the caller's to know; what is wrong with us is not. */
function statusOf(failure: unknown): number {
  if (failure instanceof Refusal) return failure.status;
  return failure instanceof AnnealError && failure.code.startsWith('payload.') ? 422 : 500;
}

function refuse(response: ServerResponse, status: number, failure: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const message = status === 500 || !(failure instanceof Error) ? 'the codec server failed' : failure.message;
  const code = failure instanceof AnnealError && status !== 500 ? { code: failure.code } : {};
  // The rest of a body that was not read would be taken for the next request.
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify({ ...code, message }));
}
