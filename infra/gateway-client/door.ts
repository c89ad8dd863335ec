// An agent's way out of its sandbox: a server on a Unix socket that hands the gateway's model routes on, and nothing else. It notes which
// completions went through it, so that those of another attempt at the same rollout are never taken for this one's.
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request as plainRequest, type ServerResponse } from 'node:http';
import { request as secureRequest } from 'node:https';
import { join } from 'node:path';
import type { AgentDoor, DoorReport, Grant } from '../../contracts/agent-ports.ts';
import type { CompletionId } from '../../contracts/ids.ts';
import { boundMet } from '../../contracts/session.ts';
import { makeTemporaryFolder } from '../process/work-folder.ts';
import { parseJson } from './http.ts';
import { sampled } from './sampled.ts';

/** With the credential in the path, and with `/v1` or without it, as the gateway takes them. */
const OPEN =
  /^(?:\/r\/[^/?]{1,8192})?(?:\/v1)?\/(chat\/completions|completions|responses|messages(?:\/count_tokens)?|models(?:\/[^?]*)?)(?:\?.*)?$/;
const MOST_BYTES = 64 * 2 ** 20;
const CONNECTIONS = 64;
/** Of a refusal, and of a stream what came last. */
const LOOKED_AT = 4_096;
/** The members of an error that say why; a stream escapes the quotes of whatever its model says. */
const CODE = /"(?:error_)?code":"(gateway\.(?:budget_exhausted|loop))"/;
const PARAM = /"(?:error_)?param":"([a-z]+)"/;
/** Between these two members. */
const APART = 512;
/** Of the connection alone; those of the message are node's own business on each side. */
const HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'host',
  'upgrade',
  'te',
  'expect',
]);

/** @param gateway its URL without a trailing slash */
export async function openDoor(gateway: string, key: string, grant: Grant): Promise<AgentDoor> {
  const completions: CompletionId[] = [];
  const seen = {
    requests: 0,
    broken: undefined as string | undefined,
    met: undefined as DoorReport['met'],
    looping: false,
    lastStatus: undefined as number | undefined,
  };

  async function handOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = OPEN.exec(request.url ?? '')?.[1];
    if (path === undefined) return refuse(response, 404, `nothing but the model's routes is behind this door`);
    const text = await bodyOf(request);
    if (text === undefined) return refuse(response, 413, `more than ${MOST_BYTES} bytes`);
    const asks = request.method === 'POST' && !path.startsWith('messages/') && !path.startsWith('models');
    const number = seen.requests;
    if (asks) seen.requests += 1;
    const parsed = asks ? parseJson(text) : undefined;
    const body = parsed === undefined ? text : JSON.stringify(sampled(path, parsed, grant.sampling, number));
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !HOP.has(name)));
    const outgoing = (gateway.startsWith('https:') ? secureRequest : plainRequest)(`${gateway}${request.url}`, {
      method: request.method,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    response.on('close', () => outgoing.destroy());
    outgoing.on('error', (failure) => {
      if (asks && !response.writableFinished && !response.destroyed) tell(undefined, failure.message);
      if (response.headersSent) response.destroy();
      else refuse(response, 502, failure.message);
    });
    outgoing.on('response', (answer) => {
      const id = answer.headers['x-anneal-completion'];
      if (asks && typeof id === 'string') completions.push(id as CompletionId);
      const status = answer.statusCode ?? 502;
      if (asks) tell(status, undefined);
      response.writeHead(status, answer.rawHeaders.length === 0 ? {} : passed(answer.headers));
      if (asks && (status >= 400 || isStream(answer))) watchRefusal(answer);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    outgoing.end(body);
  }

  function tell(status: number | undefined, broken: string | undefined): void {
    seen.lastStatus = status;
    seen.broken = broken ?? (status !== undefined && status >= 500 ? `the gateway answered ${status}` : undefined);
    [seen.met, seen.looping] = [undefined, false];
  }

  /** The gateway says by its code that the rollout has used up what it was given, also in the middle, or that it goes round in circles. */
  function watchRefusal(answer: IncomingMessage): void {
    let text = '';
    answer.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('latin1')).slice(-LOOKED_AT);
      const found = CODE.exec(text);
      if (found === null) return;
      seen.broken = undefined;
      const beside = text.slice(Math.max(0, found.index - APART), found.index + APART);
      if (found[1] === 'gateway.loop') seen.looping = true;
      // Older gateways do not say which.
      else seen.met = boundMet.safeParse(PARAM.exec(beside)?.[1]).data ?? 'requests';
    });
  }

  // Whoever may not list the folder does not find the socket; behind it the gateway asks for a credential.
  const folder = await makeTemporaryFolder('door');
  const socket = join(folder, 'door');
  const server = createServer((request, response) => {
    handOn(request, response).catch((failure: Error) => {
      if (response.headersSent) response.destroy();
      else refuse(response, 502, failure.message);
    });
  });
  server.maxConnections = CONNECTIONS;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, resolve);
    });
    // The sandbox's user is another one.
    await chmod(folder, 0o711);
    await chmod(socket, 0o666);
  } catch (failure) {
    await rm(folder, { recursive: true, force: true });
    throw failure;
  }
  return {
    socket,
    key,
    report: (): DoorReport => ({ completions: [...completions], ...seen }),
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const isStream = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.startsWith('text/event-stream') === true;

const passed = (headers: IncomingMessage['headers']): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (HOP.has(name) || value === undefined ? [] : [[name, value]])),
  );

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { type: 'door', message } }));
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
