// Mutable names in a bucket, with compare-and-swap that needs no more of a server than `If-None-Match: *`.
//
// The n-th content of a name is an object of its own, names/KEY@DIGITS, never written twice; the newest one counts. The
// digits count downwards from 999999999, so that the newest comes first in a listing. To swap, a writer creates the next
// one: the server lets exactly one succeed. Whether it was oneself stays knowable when the answer is lost, since each
// attempt leaves a nonce in the object's metadata; with `If-Match` on one object it would not, because the next swap
// overwrites it. Old contents stay: a number that became free could be taken again by a writer who slept since.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { NamedObject } from '../../../contracts/artifact.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { bytesOf, KEY_PART, partsOf } from '../reference.ts';
import type { Bucket } from './bucket.ts';
import { isAbsent, isContended, isTaken } from './failure.ts';
import { fetchBytes } from './fetch.ts';
import { hashOf } from './hash.ts';

const HIGHEST = 999_999_999;
const NAME = /^(.*)@(\d{9})$/;

export interface S3Names {
  read(key: string): Promise<NamedObject | undefined>;
  swap(key: string, expectedTag: string | null, content: Uint8Array | string): Promise<boolean>;
  list(prefix: string): Promise<string[]>;
}

interface Newest {
  readonly generation: number;
  readonly key: string;
  readonly tag: string;
}

export function createS3Names(bucket: Bucket): S3Names {
  const { client, name: Bucket, attempts } = bucket;
  const root = `${bucket.prefix}names/`;

  async function newest(key: string): Promise<Newest | undefined> {
    const listed = await client.send(new ListObjectsV2Command({ Bucket, Prefix: `${root}${key}@`, MaxKeys: 1 }));
    const [found] = listed.Contents ?? [];
    const digits = NAME.exec(found?.Key ?? '')?.[2];
    if (found?.Key === undefined || digits === undefined) return undefined;
    const generation = HIGHEST - Number(digits);
    return { generation, key: found.Key, tag: `${generation}-${found.ETag}` };
  }

  /** Creates an object once. Contention and lost answers are settled by the nonce. */
  async function create(Key: string, Body: Uint8Array): Promise<boolean> {
    const nonce = randomUUID();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const Metadata = { nonce, sha256: hashOf(Body, 'hex') };
        const ChecksumSHA256 = hashOf(Body, 'base64');
        await client.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: '*', Metadata, ChecksumSHA256 }));
        return true;
      } catch (failure) {
        if (isTaken(failure)) {
          const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
          return head.Metadata?.nonce === nonce;
        }
        if (!isContended(failure) || attempt >= attempts) throw failure;
        await sleep(Math.random() * 50 * 2 ** attempt);
      }
    }
  }

  return {
    async read(key) {
      partsOf(key);
      const current = await newest(key);
      if (current === undefined) return undefined;
      try {
        let bytes = new Uint8Array();
        const answer = await fetchBytes(bucket, { Key: current.key }, ({ ContentLength = 0 }) => {
          bytes = new Uint8Array(ContentLength);
          return bytes;
        });
        if (answer.Metadata?.sha256 === hashOf(bytes, 'hex')) return { bytes, tag: current.tag };
      } catch (failure) {
        if (!isAbsent(failure)) throw failure;
      }
      throw new AnnealError('store.corrupt_object', `the name ${key} is damaged: generation ${current.generation}`);
    },

    async swap(key, expectedTag, content) {
      partsOf(key);
      const current = await newest(key);
      if ((current?.tag ?? null) !== expectedTag) return false;
      const generation = (current?.generation ?? 0) + 1;
      return create(`${root}${key}@${HIGHEST - generation}`, bytesOf(content));
    },

    async list(prefix) {
      if (prefix.split('/').some((part, index, all) => index < all.length - 1 && !KEY_PART.test(part))) return [];
      const keys = new Set<string>();
      let ContinuationToken: string | undefined;
      do {
        const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix: root + prefix, ContinuationToken }));
        for (const { Key = '' } of page.Contents ?? []) {
          const key = NAME.exec(Key.slice(root.length))?.[1];
          if (key?.startsWith(prefix)) keys.add(key);
        }
        ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (ContinuationToken !== undefined);
      return [...keys].sort();
    },
  };
}
