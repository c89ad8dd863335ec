// What a campaign will need of a bucket, tried before one begins: to read, to write, to list in order, to create only once.
import { randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { AnnealError } from '../../../contracts/errors.ts';
import type { Bucket } from './bucket.ts';
import { isTaken } from './failure.ts';

/** Signatures fail beyond 15 minutes; the SDK corrects its own, the trainer's and the engines' clients may not. */
const MOST_SKEW_MS = 5 * 60_000;

/** Written in this order, which is neither that of their names nor its reverse. */
const ENDINGS = ['@2', '@4', '@1', '@3'] as const;

export async function checkBucket(bucket: Bucket): Promise<readonly string[]> {
  const at = { Bucket: bucket.name, Key: `${bucket.prefix}probe/${randomUUID()}` };
  await bucket.client.send(new ListObjectsV2Command({ Bucket: bucket.name, Prefix: bucket.prefix, MaxKeys: 1 }));
  mustAgree(bucket.skewMs() ?? 0);
  await bucket.client.send(new PutObjectCommand({ ...at, Body: 'probe', IfNoneMatch: '*' }));
  try {
    await mustCreateOnce(bucket, at);
    await mustListInOrder(bucket, at);
    await bucket.client.send(new GetObjectCommand(at)).then((answer) => answer.Body?.transformToByteArray());
  } finally {
    // Without the right to delete, the probe stays; nothing else of Anneal deletes.
    const keys = [at.Key, ...ENDINGS.map((ending) => at.Key + ending)];
    const remove = (Key: string) => bucket.client.send(new DeleteObjectCommand({ ...at, Key })).catch(() => undefined);
    await Promise.all(keys.map(remove));
  }
  return (await clearsBrokenUploads(bucket))
    ? []
    : [
        `${bucket.name} keeps the parts of uploads that broke off; a lifecycle rule AbortIncompleteMultipartUpload of 7 days removes them`,
      ];
}

function mustAgree(skewMs: number): void {
  if (Math.abs(skewMs) <= MOST_SKEW_MS) return;
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  const how = `the store's clock is ${minutes} minutes ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's`;
  throw new AnnealError('store.clock_skew', how);
}

async function mustCreateOnce(bucket: Bucket, at: { Bucket: string; Key: string }): Promise<void> {
  try {
    await bucket.client.send(new PutObjectCommand({ ...at, Body: 'again', IfNoneMatch: '*' }));
  } catch (failure) {
    if (isTaken(failure)) return;
    throw failure;
  }
  throw new AnnealError('store.unsupported', `${bucket.name} overwrites an object though If-None-Match forbids it`);
}

/**
 * The newest content of a name is the first of a listing (names.ts). Directory buckets (S3 Express) list in no order: there an old content
 * would be read as the newest, and nothing would fail.
 */
async function mustListInOrder({ client, name }: Bucket, at: { Bucket: string; Key: string }): Promise<void> {
  for (const ending of ENDINGS) await client.send(new PutObjectCommand({ ...at, Key: at.Key + ending, Body: 'probe' }));
  const list = async (MaxKeys?: number): Promise<string[]> => {
    const asked = { Bucket: name, Prefix: `${at.Key}@`, ...(MaxKeys === undefined ? {} : { MaxKeys }) };
    const { Contents = [] } = await client.send(new ListObjectsV2Command(asked));
    return Contents.map(({ Key = '' }) => Key.slice(at.Key.length));
  };
  const wanted = [...ENDINGS].sort();
  const [first, all] = [await list(1), await list()];
  if (first.join() === wanted[0] && all.join() === wanted.join()) return;
  const text = `${name} does not list its keys in the order of their names, by which the newest content of a name is found: directory buckets do not; use a general purpose bucket`;
  throw new AnnealError('store.unsupported', text);
}

/** Whether some rule ends uploads that broke off. Unknown (no right to ask) counts as yes. */
async function clearsBrokenUploads(bucket: Bucket): Promise<boolean> {
  try {
    const { Rules = [] } = await bucket.client.send(
      new GetBucketLifecycleConfigurationCommand({ Bucket: bucket.name }),
    );
    return Rules.some((rule) => rule.Status === 'Enabled' && rule.AbortIncompleteMultipartUpload !== undefined);
  } catch (failure) {
    return !(failure instanceof Error && failure.name === 'NoSuchLifecycleConfiguration');
  }
}
