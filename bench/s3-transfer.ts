// One transfer in a process of its own, so that its peak of memory is its own too: node s3-transfer.ts WHO ADDRESS FILE.
// Prints {"up", "down", "mib"}: seconds there, seconds back, MiB that were added to the process.
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { openBucket } from '../infra/store/s3/bucket.ts';
import { createS3Store } from '../infra/store/s3/store.ts';

const [who, address = '', file = ''] = process.argv.slice(2);
const back = `${file}.${who}.back`;
const peak = (): number => process.resourceUsage().maxRSS / 1024;
const seconds = async (work: () => Promise<void>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

/** Content-addressed: hashes before it sends, verifies what comes back. */
async function ours(): Promise<[number, number]> {
  const store = createS3Store(address);
  let ref: Awaited<ReturnType<typeof store.putFile>> | undefined;
  const up = await seconds(async () => {
    ref = await store.putFile(file);
  });
  return [up, await seconds(() => store.getFile(ref!, back))];
}

/** The SDK's own, with its defaults but for the size of parts, which is ours, and without sums of its own, which makes it faster. */
async function bare(): Promise<[number, number]> {
  const { name: Bucket, prefix } = openBucket(address);
  const parameters = new URL(address).searchParams;
  const client = new S3Client({
    endpoint: parameters.get('endpoint') ?? '',
    region: parameters.get('region') ?? '',
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const at = { Bucket, Key: `${prefix}bare` };
  const up = await seconds(async () => {
    const Body = createReadStream(file, { highWaterMark: 1 << 20 });
    await new Upload({ client, params: { ...at, Body }, partSize: 8 << 20 }).done();
  });
  const down = await seconds(async () => {
    const { Body } = await client.send(new GetObjectCommand(at));
    await pipeline(Body as NodeJS.ReadableStream, createWriteStream(back));
  });
  return [up, down];
}

const before = peak();
const [up, down] = await (who === 'ours' ? ours() : bare());
process.stdout.write(JSON.stringify({ up, down, mib: peak() - before }));
await rm(back, { force: true });
