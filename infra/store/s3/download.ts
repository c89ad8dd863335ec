// Downloads an object by ranges: a range that breaks off or stalls is asked for again, so that hours of download do not
// hang on one connection. Memory stays bounded.
import type { ArtifactRef } from '../../../contracts/artifact.ts';
import { absentObject, corruptObject } from '../reference.ts';
import type { Bucket } from './bucket.ts';
import { isAbsent, isOutOfRange } from './failure.ts';
import { fetchBytes } from './fetch.ts';
import { LANES, PART_BYTES } from './upload.ts';

/**
 * The object's bytes in order; hashing them is the caller's. Each chunk is valid until the next one is asked for.
 * @throws AnnealError `store.not_found`, `store.corrupt_object` when the size differs, `store.unavailable`
 */
export async function* download(bucket: Bucket, ref: ArtifactRef): AsyncIterable<Uint8Array> {
  const count = Math.max(1, Math.ceil(ref.bytes / PART_BYTES));
  const stop = new AbortController();
  const free: Uint8Array[] = [];
  const start = (index: number): Promise<Uint8Array> => {
    const range = { offset: index * PART_BYTES, bytes: Math.min(PART_BYTES, ref.bytes - index * PART_BYTES) };
    const whole = free.pop() ?? new Uint8Array(Math.min(PART_BYTES, ref.bytes));
    const fetched = fetchRange(bucket, ref, range, whole.subarray(0, range.bytes), stop.signal);
    // Looked at in its turn; until then a failure is not unhandled.
    fetched.catch(() => undefined);
    return fetched.then(() => whole.subarray(0, range.bytes));
  };
  const underWay: Promise<Uint8Array>[] = [];
  try {
    let next = 0;
    for (let index = 0; index < count; index += 1) {
      while (next < count && underWay.length < LANES) {
        const started = start(next++);
        started.catch(() => undefined);
        underWay.push(started);
      }
      const chunk = await underWay.shift()!;
      yield chunk;
      free.push(new Uint8Array(chunk.buffer));
    }
  } finally {
    stop.abort();
  }
}

async function fetchRange(
  bucket: Bucket,
  ref: ArtifactRef,
  { offset, bytes }: { offset: number; bytes: number },
  into: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  // A small object is asked for whole: an empty one has no range, and its length is seen before anything is read.
  const Range = ref.bytes > PART_BYTES ? `bytes=${offset}-${offset + bytes - 1}` : undefined;
  const Key = bucket.prefix + ref.uri.slice('store:'.length);
  await fetchBytes(
    bucket,
    { Key, Range },
    (answer) => {
      const size = Range === undefined ? answer.ContentLength : Number(answer.ContentRange?.split('/')[1]);
      if (size !== ref.bytes) throw corruptObject(ref, 'its size differs');
      return into;
    },
    signal,
  ).catch((failure: unknown) => {
    if (isAbsent(failure)) throw absentObject(ref);
    if (isOutOfRange(failure)) throw corruptObject(ref, 'its size differs');
    throw failure;
  });
}
