// The API key in its file, read again whenever the file is replaced, so that it can be rotated under a running process.
import { readFileSync, statSync } from 'node:fs';
import { AnnealError } from '../../contracts/errors.ts';

const LONGEST = 16_384;

export interface ApiKey {
  readonly path: string;
  /** The key as the file has it now; the last good one while the file is missing or half written. */
  current(): string;
  /** Calls back with each new key, looking every `everyMs`; returns what stops it. */
  follow(onChange: (key: string) => void, everyMs?: number): () => void;
}

/** @throws AnnealError `temporal.credentials` when there is no usable key to begin with */
export function openApiKey(path: string): ApiKey {
  let key = read(path);
  let seen = stamp(path);

  function current(): string {
    // Of a secret that Kubernetes mounts a link is turned to another file: looked at is the file at its end.
    const now = stamp(path);
    if (now !== undefined && now !== seen) {
      try {
        key = read(path);
        seen = now;
      } catch {
        // Being replaced just now: the next call looks again.
      }
    }
    return key;
  }

  return {
    path,
    current,
    follow(onChange, everyMs = 2_000) {
      let last = key;
      const timer = setInterval(() => {
        const now = current();
        if (now === last) return;
        last = now;
        onChange(now);
      }, everyMs);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}

/** When a JSON Web Token ends; undefined for a key of another form. Nothing is verified: it is for messages only. */
export function endOf(key: string): Date | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(key.split('.')[1] ?? '', 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null || !('exp' in claims)) return undefined;
    return typeof claims.exp === 'number' ? new Date(claims.exp * 1000) : undefined;
  } catch {
    return undefined;
  }
}

function read(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (failure) {
    throw unusable(path, failure instanceof Error ? failure.message : String(failure), failure);
  }
  if (text === '') throw unusable(path, 'it is empty');
  // What is sent as a header must be one word; a whole configuration file is a usual mistake.
  if (text.length > LONGEST || !/^[\x21-\x7e]+$/.test(text)) throw unusable(path, 'it holds more than a key');
  return text;
}

const unusable = (path: string, why: string, cause?: unknown): AnnealError =>
  new AnnealError('temporal.credentials', `the API key in ${path}: ${why}`, { cause });

function stamp(path: string): string | undefined {
  try {
    const { mtimeMs, ino, size } = statSync(path);
    return `${mtimeMs} ${ino} ${size}`;
  } catch {
    return undefined;
  }
}
