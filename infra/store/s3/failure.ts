// Names what an S3 server or the way to it did, by the boundary crossed.
import { AnnealError, type ErrorCode } from '../../../contracts/errors.ts';
import { storeFailure } from '../durable.ts';

/** By the server's own error codes; they are more telling than the status. */
const BY_NAME: Readonly<Record<string, ErrorCode>> = {
  NoSuchBucket: 'store.no_bucket',
  InvalidBucketName: 'store.no_bucket',
  // The bucket is in another region.
  PermanentRedirect: 'store.no_bucket',
  AuthorizationHeaderMalformed: 'store.no_bucket',
  AccessDenied: 'store.denied',
  AllAccessDisabled: 'store.denied',
  InvalidAccessKeyId: 'store.denied',
  SignatureDoesNotMatch: 'store.denied',
  ExpiredToken: 'store.denied',
  InvalidToken: 'store.denied',
  CredentialsProviderError: 'store.denied',
  RequestTimeTooSkewed: 'store.clock_skew',
  QuotaExceeded: 'store.no_space',
  NoSpaceLeftOnDevice: 'store.no_space',
  InsufficientStorage: 'store.no_space',
  BadDigest: 'store.changed_file',
  XAmzContentChecksumMismatch: 'store.changed_file',
  XAmzContentSHA256Mismatch: 'store.changed_file',
};

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'store.denied',
  403: 'store.denied',
  507: 'store.no_space',
};

/** An answer that names no error, since answers to HEAD have no body. */
export const isAbsent = (failure: unknown): boolean => statusOf(failure) === 404 && nameOf(failure) !== 'NoSuchBucket';
/** `If-None-Match: *` on a key that exists. */
export const isTaken = (failure: unknown): boolean => statusOf(failure) === 412;
/** Somebody else is writing the same key at this moment: ask again. */
export const isContended = (failure: unknown): boolean => statusOf(failure) === 409;
export const isOutOfRange = (failure: unknown): boolean => statusOf(failure) === 416;

/** Ours and the file system's pass as `storeFailure` has them. */
export function s3Failure(failure: unknown, doing: string): AnnealError {
  const name = nameOf(failure);
  const status = statusOf(failure);
  if (failure instanceof AnnealError || (!isFromSdk(failure) && BY_NAME[name] === undefined)) {
    return storeFailure(failure, doing);
  }
  const said = failure instanceof Error && failure.message !== '' ? failure.message : name;
  const message = `${doing}: ${said}${status === undefined ? '' : ` (HTTP ${status}${named(name)})`}`;
  return new AnnealError(codeOf(name, status), message, { cause: failure });
}

function codeOf(name: string, status: number | undefined): ErrorCode {
  const known = BY_NAME[name] ?? (status === undefined ? undefined : BY_STATUS[status]);
  if (known !== undefined) return known;
  // No answer, or one that asks for patience. Every other answer is a refusal that would be repeated.
  const passing = status === undefined || status === 408 || status === 429 || (status >= 500 && status !== 501);
  return passing ? 'store.unavailable' : 'store.unsupported';
}

const named = (name: string): string => (/^[A-Z]\w+$/.test(name) && name !== 'Error' ? `, ${name}` : '');
const isFromSdk = (failure: unknown): boolean =>
  typeof failure === 'object' && failure !== null && '$metadata' in failure;
const nameOf = (failure: unknown): string => (failure instanceof Error ? failure.name : '');

function statusOf(failure: unknown): number | undefined {
  if (typeof failure !== 'object' || failure === null || !('$metadata' in failure)) return undefined;
  return (failure.$metadata as { httpStatusCode?: number }).httpStatusCode;
}
