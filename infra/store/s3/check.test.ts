// Buckets that lack what names need. (Against a real server: tests/conformance.)
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import type { Bucket } from './bucket.ts';
import { checkBucket } from './check.ts';

/** A bucket in memory that lists its keys as `order` puts them. */
function scripted(order: (keys: string[]) => string[]): { bucket: Bucket; keys: Set<string> } {
  const keys = new Set<string>();
  async function send(command: unknown): Promise<object> {
    if (command instanceof PutObjectCommand) {
      const { Key = '', IfNoneMatch } = command.input;
      if (IfNoneMatch !== undefined && keys.has(Key))
        throw Object.assign(new Error('taken'), { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } });
      keys.add(Key);
    } else if (command instanceof DeleteObjectCommand) keys.delete(command.input.Key ?? '');
    else if (command instanceof ListObjectsV2Command) {
      const { Prefix = '', MaxKeys = 1_000 } = command.input;
      const found = order([...keys].filter((key) => key.startsWith(Prefix)));
      return { Contents: found.slice(0, MaxKeys).map((Key) => ({ Key })) };
    }
    return {};
  }
  const bucket = { client: { send }, name: 'probed', prefix: 'team/', attempts: 1, skewMs: () => 0 };
  return { bucket: bucket as unknown as Bucket, keys };
}

it('takes a bucket that lists by name, and leaves nothing there', async () => {
  const { bucket, keys } = scripted((found) => found.sort());
  await checkBucket(bucket);
  expect([...keys]).toEqual([]);
});

it.each<[string, (keys: string[]) => string[]]>([
  ['as they were written', (found) => found],
  ['backwards', (found) => found.sort().reverse()],
  ['with the first one right', (found) => [...found.sort().slice(0, 1), ...found.slice(1).reverse()]],
])('refuses one that lists %s, and leaves nothing there', async (_name, order) => {
  const { bucket, keys } = scripted(order);
  await expect(checkBucket(bucket)).rejects.toMatchObject({
    code: 'store.unsupported',
    message: expect.stringMatching(/probed does not list its keys in the order/),
  });
  expect([...keys]).toEqual([]);
});
