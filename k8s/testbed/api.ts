// A small client of the API server, as the testbed's administrator. Product code has its own; this one only sets things up.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { failure } from './failure.ts';

export interface ClientFacts {
  readonly server: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** As much of any object as is read here. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

export interface Api {
  /** Sends what the method says; a body goes as JSON of the content type. Any status is an answer. */
  send(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>;
  /** @throws AnnealError `testbed.request_failed` unless the status is 2xx */
  call<T = KubeObject>(method: string, path: string, body?: unknown, contentType?: string): Promise<T>;
  /** Server-side apply, forced: the object is as given whoever wrote it before. */
  apply<T = KubeObject>(path: string, object: KubeObject): Promise<T>;
  close(): void;
}

const TIMEOUT_MS = 60_000;

export function createApi(facts: ClientFacts, sockets = 16): Api {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: sockets,
    ca: readFileSync(facts.caFile),
    cert: readFileSync(facts.certFile),
    key: readFileSync(facts.keyFile),
  });

  function send(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Answer> {
    return new Promise((done, fail) => {
      const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const headers: Record<string, string | number> = { accept: 'application/json' };
      if (payload !== undefined)
        Object.assign(headers, { 'content-type': contentType, 'content-length': payload.length });
      const sent = request(new URL(path, facts.server), { method, agent, headers, timeout: TIMEOUT_MS }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', fail);
        response.once('end', () =>
          done({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      });
      sent.once('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)));
      sent.once('error', fail);
      sent.end(payload);
    });
  }

  async function call<T = KubeObject>(method: string, path: string, body?: unknown, contentType?: string): Promise<T> {
    let answer: Answer;
    try {
      answer = await send(method, path, body, contentType);
    } catch (cause) {
      throw failure(
        'testbed.request_failed',
        `${method} ${path}: ${cause instanceof Error ? cause.message : cause}`,
        cause,
      );
    }
    if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.text) as T;
    throw failure('testbed.request_failed', `${method} ${path}: ${answer.status} ${messageOf(answer.text)}`);
  }

  return {
    send,
    call,
    apply: <T = KubeObject>(path: string, object: KubeObject) =>
      call<T>('PATCH', `${path}?fieldManager=testbed&force=true`, object, 'application/apply-patch+yaml'),
    close: () => agent.destroy(),
  };
}

/** A health path; anything but an answer of 200 means not yet. The authority is checked, so that no stranger's port counts. */
export function answers(url: string, caFile?: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  if (caFile === undefined) {
    fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => resolve(response.ok),
      () => resolve(false),
    );
    return promise;
  }
  const sent = request(url, { ca: readFileSync(caFile), agent: false, timeout: 2_000 }, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  });
  sent.once('timeout', () => sent.destroy(new Error('slow')));
  sent.once('error', () => resolve(false));
  sent.end();
  return promise;
}

function messageOf(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message);
  } catch {
    // Not a Status object: the text itself says what is wrong.
  }
  return text.slice(0, 500);
}
