// The artifact store in a bucket: objects by content (upload.ts, download.ts), and a few mutable names (names.ts).
//
//   PREFIX/objects/ab/ab…64 hex digits   by content; verified on every read
//   PREFIX/names/KEY@DIGITS              see names.ts
import { randomUUID } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { ArtifactStore } from '../../../contracts/artifact.ts';
import { replace, withTemporary } from '../durable.ts';
import { bytesOf, checkedRef, mustMatch, refOf } from '../reference.ts';
import { type BucketOptions, openBucket } from './bucket.ts';
import { checkBucket } from './check.ts';
import { download } from './download.ts';
import { isAbsent, s3Failure } from './failure.ts';
import { hashBytes, hashFile, hashOf } from './hash.ts';
import { createS3Names } from './names.ts';
import { partBytes, upload } from './upload.ts';

export interface S3Store extends ArtifactStore {
  /**
   * Tries what a campaign will need, before one begins.
   * @returns advice that does not stop anything
   * @throws AnnealError `store.denied`, `store.no_bucket`, `store.clock_skew`, `store.unsupported`, `store.unavailable`
   */
  check(): Promise<readonly string[]>;
}

/** Opens the store at `s3://BUCKET/PREFIX` (see `openBucket`). Many processes may use it at once. */
export function createS3Store(address: string, options: BucketOptions = {}): S3Store {
  const bucket = openBucket(address, options);
  const names = createS3Names(bucket);

  async function during<T>(doing: string, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (failure) {
      throw s3Failure(failure, doing);
    }
  }

  return {
    put: (content) =>
      during('put', async () => {
        const bytes = bytesOf(content);
        const size = partBytes(bytes.byteLength);
        const hashed = hashBytes(bytes, size);
        const ref = refOf(hashed);
        const read = async (offset: number): Promise<Uint8Array> => bytes.subarray(offset, offset + size);
        await upload(bucket, { ...hashed, key: keyOf(ref.uri), read });
        return ref;
      }),

    putFile: (path) =>
      during(`put ${path}`, async () => {
        const file = await open(path, 'r');
        try {
          const hashed = await hashFile(file, partBytes((await file.stat()).size));
          const ref = refOf(hashed);
          await upload(bucket, {
            ...hashed,
            key: keyOf(ref.uri),
            async read(offset, own) {
              const into = own();
              const { bytesRead } = await file.read(into, 0, Math.min(into.length, hashed.bytes - offset), offset);
              return into.subarray(0, bytesRead);
            },
          });
          return ref;
        } finally {
          await file.close();
        }
      }),

    get: (given) =>
      during(`get ${given.uri}`, async () => {
        const ref = checkedRef(given);
        let bytes: Uint8Array | undefined;
        let filled = 0;
        for await (const chunk of download(bucket, ref)) {
          // Not before the first answer: a wrong size must not decide how much memory is taken.
          bytes ??= new Uint8Array(ref.bytes);
          bytes.set(chunk, filled);
          filled += chunk.byteLength;
        }
        bytes ??= new Uint8Array();
        mustMatch(ref, { sha256: hashOf(bytes, 'hex'), bytes: filled });
        return bytes;
      }),

    getFile: (given, path) =>
      during(`get ${given.uri} as ${path}`, async () => {
        const ref = checkedRef(given);
        const target = resolve(path);
        await mkdir(dirname(target), { recursive: true });
        // Beside the target, since a rename cannot cross file systems.
        const beside = join(dirname(target), `.${basename(target)}.${randomUUID()}.part`);
        await withTemporary(beside, download(bucket, ref), async (copied) => {
          mustMatch(ref, copied);
          await replace(beside, target);
        });
      }),

    has: (given) =>
      during(`look for ${given.uri}`, async () => {
        const ref = checkedRef(given);
        try {
          const Key = bucket.prefix + keyOf(ref.uri);
          const head = await bucket.client.send(new HeadObjectCommand({ Bucket: bucket.name, Key }));
          return head.ContentLength === ref.bytes;
        } catch (failure) {
          if (isAbsent(failure)) return false;
          throw failure;
        }
      }),

    createNamed: (key, content) => during(`create ${key}`, () => names.swap(key, null, content)),
    readNamed: (key) => during(`read ${key}`, () => names.read(key)),
    swapNamed: (key, expectedTag, content) => during(`swap ${key}`, () => names.swap(key, expectedTag, content)),
    listNamed: (prefix) => during(`list ${prefix}`, () => names.list(prefix)),
    check: () => during(`check s3://${bucket.name}/${bucket.prefix}`, () => checkBucket(bucket)),
  };
}

const keyOf = (uri: string): string => uri.slice('store:'.length);
