// Calls to a tracker's server. A failure says who is asked to do what: wait, or change something.
import { AnnealError } from '../../contracts/errors.ts';

export interface TrackerCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  /** Statuses that are answers beside 2xx. */
  readonly accept?: readonly number[];
}

export interface TrackerAnswer {
  readonly status: number;
  /** Undefined when it is not JSON. */
  readonly body: unknown;
}

export type TrackerHttp = (call: TrackerCall) => Promise<TrackerAnswer>;

const TIMEOUT_MS = 30_000;
/** A document takes its time over a slow line. */
const UPLOAD_TIMEOUT_MS = 300_000;
const SAID_LENGTH = 300;

/** @param authorization sent with every call to `origin`, and to no other server */
export function createTrackerHttp(
  origin: string,
  authorization: string | undefined,
  timeouts: { readonly call?: number; readonly upload?: number } = {},
): TrackerHttp {
  const { call: callMs = TIMEOUT_MS, upload: uploadMs = UPLOAD_TIMEOUT_MS } = timeouts;
  return async ({ method, url, headers = {}, json, bytes, accept = [] }) => {
    const ours = new URL(url).origin === origin;
    const body = bytes ?? (json === undefined ? undefined : JSON.stringify(json));
    const path = `${method} ${url.split('?', 1)[0]}`;
    let status: number;
    let text: string;
    try {
      const response = await fetch(url, {
        method,
        headers: {
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(ours && authorization !== undefined ? { authorization } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
        // A redirect would carry the credential, or the document, to somewhere else.
        redirect: 'error',
        signal: AbortSignal.timeout(bytes === undefined ? callMs : uploadMs),
      });
      status = response.status;
      text = await response.text();
    } catch (failure) {
      throw new AnnealError('tracker.unavailable', `${path}: ${reasonOf(failure)}`, { cause: failure });
    }
    const answer = { status, body: parseJson(text) };
    if ((status >= 200 && status < 300) || accept.includes(status)) return answer;
    const message = `${path} answered ${status}: ${saidIn(answer.body) ?? text.slice(0, SAID_LENGTH)}`;
    const passing = status >= 500 || status === 408 || status === 425 || status === 429;
    throw new AnnealError(passing ? 'tracker.unavailable' : 'tracker.refused', message);
  };
}

/** The server's own words: MLflow's `message`, a GraphQL error's, W&B's `error`. */
export function saidIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { message, error, errors } = body as { message?: unknown; error?: unknown; errors?: unknown };
  const said = [message, error, ...(Array.isArray(errors) ? errors : [])].flatMap((one) =>
    typeof one === 'string' ? [one] : (saidIn(one) ?? []),
  );
  return said[0]?.slice(0, SAID_LENGTH);
}

function reasonOf(failure: unknown): string {
  const { message, cause } = failure as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
