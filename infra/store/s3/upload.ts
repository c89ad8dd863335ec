// Uploads an object whose hash is known: small ones by one request, large ones by parts, in bounded memory.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Bucket } from './bucket.ts';
import { isAbsent } from './failure.ts';

/** Up to here one request does; beyond, parts of at least this size. */
export const PART_BYTES = 8 << 20;
/** Parts under way at once: memory taken is this times the size of a part. */
export const LANES = 3;
/** S3 allows 10,000 parts. */
const MOST_PARTS = 9_000;
const MIB = 1 << 20;

/** What is uploaded, with the SHA-256 of the whole and of each part, base64, computed before. */
export interface Upload {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly parts: readonly string[];
  /** Bytes of the object from `offset`, as many as fit; `into` is the lane's own and may be used. */
  read(offset: number, into: () => Uint8Array): Promise<Uint8Array>;
}

/** An object of 457 GB goes by parts of 49 MiB. */
export const partBytes = (bytes: number): number => Math.max(PART_BYTES, Math.ceil(bytes / MOST_PARTS / MIB) * MIB);

/** Durable when it returns. The server checks every part against its hash, so a file that changes meanwhile is refused. */
export async function upload(bucket: Bucket, object: Upload): Promise<void> {
  const at = { Bucket: bucket.name, Key: bucket.prefix + object.key };
  if (object.parts.length <= 1) {
    const Body = await object.read(0, () => new Uint8Array(object.bytes));
    await bucket.client.send(new PutObjectCommand({ ...at, Body, ChecksumSHA256: object.parts[0] ?? '' }));
    return;
  }
  // By content and so for ever the same: what is there whole need not travel again.
  if (await isThere(bucket, object)) return;
  const started = await bucket.client.send(
    new CreateMultipartUploadCommand({ ...at, ChecksumAlgorithm: 'SHA256', Metadata: { sha256: object.sha256 } }),
  );
  const of = { ...at, UploadId: started.UploadId };
  try {
    const Parts = await sendParts(bucket, object, of);
    await bucket.client.send(new CompleteMultipartUploadCommand({ ...of, MultipartUpload: { Parts } }));
  } catch (failure) {
    // The answer to the last request may have been lost, and its repetition finds no such upload any more.
    if (await isThere(bucket, object).catch(() => false)) return;
    // What a killed process leaves is removed by the bucket's lifecycle (see check.ts).
    await bucket.client.send(new AbortMultipartUploadCommand(of)).catch(() => undefined);
    throw failure;
  }
}

async function sendParts(
  bucket: Bucket,
  object: Upload,
  of: { Bucket: string; Key: string; UploadId: string | undefined },
): Promise<{ PartNumber: number; ETag: string | undefined; ChecksumSHA256: string }[]> {
  const size = partBytes(object.bytes);
  const done: { PartNumber: number; ETag: string | undefined; ChecksumSHA256: string }[] = [];
  const stop = new AbortController();
  let next = 0;
  const lane = async (): Promise<void> => {
    let buffer: Uint8Array | undefined;
    const own = (): Uint8Array => {
      buffer ??= new Uint8Array(size);
      return buffer;
    };
    for (let index = next++; index < object.parts.length && !stop.signal.aborted; index = next++) {
      const Body = await object.read(index * size, own);
      const ChecksumSHA256 = object.parts[index]!;
      const PartNumber = index + 1;
      const sent = await bucket.client.send(new UploadPartCommand({ ...of, PartNumber, Body, ChecksumSHA256 }), {
        abortSignal: stop.signal,
      });
      done.push({ PartNumber, ETag: sent.ETag, ChecksumSHA256 });
    }
  };
  const lanes = Array.from({ length: LANES }, () =>
    lane().catch((failure: unknown) => {
      stop.abort();
      throw failure;
    }),
  );
  const ended = await Promise.allSettled(lanes);
  // The first failure stopped the others; theirs only say so.
  const failed = ended.filter((end) => end.status === 'rejected').map((end) => end.reason as Error);
  if (failed.length > 0) throw failed.find((failure) => failure.name !== 'AbortError') ?? failed[0]!;
  return done.sort((a, b) => a.PartNumber - b.PartNumber);
}

async function isThere(bucket: Bucket, object: Upload): Promise<boolean> {
  try {
    const at = { Bucket: bucket.name, Key: bucket.prefix + object.key };
    const head = await bucket.client.send(new HeadObjectCommand(at));
    return head.ContentLength === object.bytes && head.Metadata?.sha256 === object.sha256;
  } catch (failure) {
    if (isAbsent(failure)) return false;
    throw failure;
  }
}
