// A bucket on any S3 endpoint: where it is, and the client that talks to it.
import { S3Client } from '@aws-sdk/client-s3';
import { AnnealError } from '../../../contracts/errors.ts';

export interface Bucket {
  readonly client: S3Client;
  readonly name: string;
  /** Where the store's keys begin: empty, or ending in '/'. */
  readonly prefix: string;
  /** A stalled request or answer is given up after so long, and made again. */
  readonly timeoutMs: number;
  /** How often a request is made at most. */
  readonly attempts: number;
  /** What the server's clock said in its last answer, less ours, milliseconds. */
  readonly skewMs: () => number | undefined;
}

export interface BucketOptions {
  readonly timeoutMs?: number;
  readonly attempts?: number;
}

const ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([^?#]*))?(?:\?([^#]*))?$/;

/**
 * Opens `s3://BUCKET/PREFIX`; nothing is sent yet. `?endpoint=URL&region=NAME` may follow, else the AWS SDK's usual
 * sources count (AWS_ENDPOINT_URL_S3, AWS_REGION), as they do for credentials.
 * @throws AnnealError `cli.usage` for another form.
 */
export function openBucket(address: string, options: BucketOptions = {}): Bucket {
  const [, name, path = '', query = ''] = ADDRESS.exec(address) ?? [];
  const parameters = new URLSearchParams(query);
  const unknown = [...parameters.keys()].filter((key) => key !== 'endpoint' && key !== 'region');
  const prefix = path.replace(/\/+$/, '');
  if (name === undefined || unknown.length > 0 || prefix.startsWith('/') || prefix.includes('//')) {
    throw new AnnealError('cli.usage', `not a store: ${address}; expected s3://BUCKET/PREFIX?endpoint=URL&region=NAME`);
  }
  const endpoint = parameters.get('endpoint') ?? undefined;
  const region = parameters.get('region') ?? undefined;
  const { timeoutMs = 60_000, attempts = 8 } = options;
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    // Servers other than Amazon's seldom answer under a host name for each bucket.
    forcePathStyle: true,
    // Backoff with jitter on 5xx, slow-down, time-outs and resets is the SDK's.
    maxAttempts: attempts,
    retryMode: 'standard',
    // A part that waits to be asked for needs a connection of its own, which is not used again.
    expectContinueHeader: false,
    // Every object is checked by its SHA-256, every part too: the SDK's own sums would be computed besides.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // `requestTimeout` ends the wait for an answer's head, `socketTimeout` that for the rest of a body.
    requestHandler: {
      connectionTimeout: 10_000,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: timeoutMs,
    },
  });
  let skewMs: number | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      skewMs = skewOf(answer.response) ?? skewMs;
      return answer;
    },
    { step: 'deserialize', priority: 'low', name: 'serverClock' },
  );
  client.middlewareStack.add(
    (next) => (args) => {
      signByChecksum(args.input, args.request);
      return next(args);
    },
    { step: 'build', name: 'knownHash' },
  );
  return {
    client,
    name,
    prefix: prefix === '' ? '' : `${prefix}/`,
    timeoutMs,
    attempts,
    skewMs: () => skewMs,
  };
}

/** A signature covers the SHA-256 of the body, which the SDK would reckon again where it is given as a checksum. */
function signByChecksum(input: unknown, request: unknown): void {
  if (typeof input !== 'object' || input === null || !('ChecksumSHA256' in input)) return;
  const { ChecksumSHA256: known } = input;
  if (typeof known !== 'string' || typeof request !== 'object' || request === null || !('headers' in request)) return;
  const headers = request.headers as Record<string, string>;
  headers['x-amz-content-sha256'] = Buffer.from(known, 'base64').toString('hex');
}

function skewOf(response: unknown): number | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  const date = (response.headers as Readonly<Record<string, string>>).date;
  const at = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(at) ? undefined : at - Date.now();
}
