// Tables in a bucket: PREFIX/tables/…, under the names that engines look for. One request a file, conditional where it must be the first.

import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { TableFile, TableFiles } from '../../../contracts/table-files.ts';
import { bytesOf } from '../reference.ts';
import { type BucketOptions, openBucket } from '../s3/bucket.ts';
import { isAbsent, isContended, isTaken, s3Failure } from '../s3/failure.ts';
import { fetchBytes } from '../s3/fetch.ts';
import { hashOf } from '../s3/hash.ts';
import { besideOf } from './folder.ts';
import { checkedPath } from './path.ts';
import { tablesWorkFolder } from './work.ts';

/** `cache`: a folder of this machine. A table's files never change, so that what was fetched once need not be fetched again. */
export function createS3Tables(address: string, cache: string, options: BucketOptions = {}): TableFiles {
  const bucket = openBucket(address, options);
  const { client, name: Bucket, attempts } = bucket;
  const root = `${bucket.prefix}tables/`;

  async function during<T>(doing: string, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (failure) {
      throw s3Failure(failure, doing);
    }
  }

  async function create(path: string, content: Uint8Array | string): Promise<boolean> {
    const Body = bytesOf(content);
    const Key = root + checkedPath(path);
    const ChecksumSHA256 = hashOf(Body, 'base64');
    for (let attempt = 1; ; attempt += 1) {
      try {
        await client.send(new PutObjectCommand({ Bucket, Key, Body, ChecksumSHA256, IfNoneMatch: '*' }));
        return true;
      } catch (failure) {
        if (isTaken(failure)) return false;
        if (!isContended(failure) || attempt >= attempts) throw failure;
        await sleep(Math.random() * 50 * 2 ** attempt);
      }
    }
  }

  async function read(path: string): Promise<Uint8Array | undefined> {
    let bytes = new Uint8Array();
    try {
      await fetchBytes(bucket, { Key: root + checkedPath(path) }, ({ ContentLength = 0 }) => {
        bytes = new Uint8Array(ContentLength);
        return bytes;
      });
      return bytes;
    } catch (failure) {
      if (isAbsent(failure)) return undefined;
      throw failure;
    }
  }

  return {
    address: `s3://${Bucket}/${root.slice(0, -1)}`,
    create: (path, bytes) => during(`create ${path}`, () => create(path, bytes)),
    replace: (path, content) =>
      during(`write ${path}`, async () => {
        const Body = bytesOf(content);
        const ChecksumSHA256 = hashOf(Body, 'base64');
        await client.send(new PutObjectCommand({ Bucket, Key: root + checkedPath(path), Body, ChecksumSHA256 }));
      }),
    read: (path) => during(`read ${path}`, () => read(path)),
    list: (prefix, after) =>
      during(`list ${prefix}`, async () => {
        const files: TableFile[] = [];
        const StartAfter = after === undefined ? undefined : root + after;
        let ContinuationToken: string | undefined;
        do {
          const page = await client.send(
            new ListObjectsV2Command({ Bucket, Prefix: root + prefix, StartAfter, ContinuationToken }),
          );
          for (const { Key = '', Size = 0 } of page.Contents ?? [])
            files.push({ path: Key.slice(root.length), bytes: Size });
          ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
        } while (ContinuationToken !== undefined);
        return files.sort((a, b) => (a.path < b.path ? -1 : 1));
      }),
    local: (file) =>
      during(`fetch ${file.path}`, async () => {
        const place = join(cache, Bucket, root, checkedPath(file.path));
        const known = await stat(place).catch(() => undefined);
        if (known?.size === file.bytes) return place;
        const bytes = await read(file.path);
        await mkdir(dirname(place), { recursive: true });
        const beside = besideOf(place);
        try {
          await writeFile(beside, bytes ?? '');
          await rename(beside, place);
        } finally {
          await rm(beside, { force: true });
        }
        return place;
      }),
    workFolder: tablesWorkFolder,
  };
}
