// One answer's bytes, whole. The SDK repeats requests that get no answer; an answer that begins well and then breaks off or
// freezes is ours to ask for again.
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { AnnealError } from '../../../contracts/errors.ts';
import type { Bucket } from './bucket.ts';

/** The answer began well and did not arrive whole. */
class BrokenOff extends Error {}

/**
 * @param place looks at the answer's head and gives the memory that its body must fill exactly
 * @returns the answer's head, once the memory is filled
 */
export async function fetchBytes(
  bucket: Bucket,
  what: { readonly Key: string; readonly Range?: string | undefined },
  place: (answer: GetObjectCommandOutput) => Uint8Array,
  signal?: AbortSignal,
): Promise<GetObjectCommandOutput> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetchOnce(bucket, what, place, signal);
    } catch (failure) {
      if (!(failure instanceof BrokenOff)) throw failure;
      if (signal?.aborted || attempt >= bucket.attempts) {
        const how = `${what.Key}: the answer broke off ${attempt} times: ${failure.message}`;
        throw new AnnealError('store.unavailable', how, { cause: failure.cause });
      }
      await sleep(Math.random() * Math.min(10_000, 50 * 2 ** attempt), undefined, { signal });
    }
  }
}

async function fetchOnce(
  bucket: Bucket,
  what: { readonly Key: string; readonly Range?: string | undefined },
  place: (answer: GetObjectCommandOutput) => Uint8Array,
  signal: AbortSignal | undefined,
): Promise<GetObjectCommandOutput> {
  const give = new AbortController();
  const abortSignal = signal === undefined ? give.signal : AbortSignal.any([signal, give.signal]);
  try {
    const answer = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.name, ...what }), { abortSignal });
    await fill(place(answer), answer.Body as AsyncIterable<Uint8Array>, bucket.timeoutMs, give);
    return answer;
  } finally {
    // A body that nobody reads to its end would keep its connection.
    give.abort();
  }
}

async function fill(into: Uint8Array, body: AsyncIterable<Uint8Array>, timeoutMs: number, give: AbortController) {
  let filled = 0;
  let frozen = false;
  const timer = setTimeout(() => {
    frozen = true;
    give.abort();
  }, timeoutMs);
  try {
    for await (const chunk of body) {
      if (filled + chunk.byteLength > into.byteLength) throw new BrokenOff('more bytes came than were asked for');
      into.set(chunk, filled);
      filled += chunk.byteLength;
      timer.refresh();
    }
  } catch (failure) {
    if (failure instanceof BrokenOff) throw failure;
    const how = failure instanceof Error ? failure.message : String(failure);
    throw new BrokenOff(frozen ? `nothing came for ${timeoutMs / 1000} s` : how, { cause: failure });
  } finally {
    clearTimeout(timer);
  }
  if (filled < into.byteLength) throw new BrokenOff(`${filled} of ${into.byteLength} bytes came`);
}
