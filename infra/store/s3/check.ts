// What a campaign will need of a bucket, tried before one begins: to read, to write, to list, to create only once.
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

export async function checkBucket(bucket: Bucket): Promise<readonly string[]> {
  const at = { Bucket: bucket.name, Key: `${bucket.prefix}probe/${randomUUID()}` };
  await bucket.client.send(new ListObjectsV2Command({ Bucket: bucket.name, Prefix: bucket.prefix, MaxKeys: 1 }));
  mustAgree(bucket.skewMs() ?? 0);
  await bucket.client.send(new PutObjectCommand({ ...at, Body: 'probe', IfNoneMatch: '*' }));
  try {
    await mustCreateOnce(bucket, at);
    await bucket.client.send(new GetObjectCommand(at)).then((answer) => answer.Body?.transformToByteArray());
  } finally {
    // Without the right to delete, the probe stays; nothing else of Anneal deletes.
    await bucket.client.send(new DeleteObjectCommand(at)).catch(() => undefined);
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
