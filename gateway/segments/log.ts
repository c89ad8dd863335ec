// An append-only log in segments. `append` resolves when the record is on disk: requests that arrive while one fsync runs
// share the next one (group commit), so that durability costs one fsync a batch and not one a request.
import { constants, fdatasyncSync, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { AnnealError } from '../../contracts/errors.ts';
import type { SegmentGap } from '../../contracts/replica.ts';
import { syncFolder } from './durable.ts';
import { encodeLine, type Location } from './line.ts';
import { damaged, type Found, recoverSegments, segmentName } from './recover.ts';

/** The two calls that can lose data; replaced in tests to let them fail. */
export interface SegmentIo {
  write(file: FileHandle, bytes: Buffer, position: number): Promise<void>;
  sync(file: FileHandle): Promise<void>;
}

/** A disk that takes longer than this has its fsync in another thread, where it holds nobody up. */
const QUICK_MS = 3;
/** What a slow disk was is found out again after this. */
const FORGET_MS = 5_000;

/**
 * A quick disk is waited for here: handing an fsync to another thread and hearing of its end takes longer than the fsync, the more so
 * the busier the machine.
 */
export function createDiskIo(): SegmentIo {
  let usual = 0;
  let slowUntil = 0;
  return {
    // Into the page cache.
    async write(file, bytes, position) {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(file.fd, bytes, done, bytes.length - done, position + done);
      }
    },
    async sync(file) {
      const started = performance.now();
      if (started < slowUntil) return file.datasync();
      fdatasyncSync(file.fd);
      const ended = performance.now();
      usual += (ended - started - usual) / 8;
      if (usual < QUICK_MS) return;
      slowUntil = ended + FORGET_MS;
      usual = 0;
    },
  };
}

export const diskIo: SegmentIo = createDiskIo();

export interface LogOptions {
  readonly dir: string;
  /** A segment that has reached this size is left, and the next one begun. */
  readonly segmentBytes: number;
  /** How long a batch waits for company before its fsync; 0: only while another fsync runs. */
  readonly fsyncIntervalMs: number;
  readonly log: (line: string) => void;
  readonly io?: SegmentIo;
  /** Sequences that went with another volume. */
  readonly lost?: readonly SegmentGap[];
  /** Told of each segment that will not change any more. */
  readonly onSealed?: (segment: number) => void;
  /** Where records must be before they count: each batch is a segment of its own then, and waited for. */
  readonly ship?: (segment: number) => Promise<void>;
  /** Brings the bytes of a segment back that are no longer in the folder. */
  readonly bring?: (segment: number) => Promise<void>;
}

export interface LogStats {
  readonly fsyncs: number;
  readonly bytes: number;
  readonly segments: number;
  /** Of records that are not on disk yet. */
  readonly waitingBytes: number;
}

export interface SegmentLog {
  /** Durable when it resolves. @throws AnnealError `store.no_space` or `store.unavailable`; nothing of the record remains then. */
  append(json: string): Promise<Location>;
  read(at: Location): Promise<string>;
  /** Ends the segment that is being written, if there is anything in it. */
  seal(): Promise<void>;
  /** The segment that is being written, and since when (`performance.now()`) there is something in it. */
  writing(): { readonly segment: number; readonly bytes: number; readonly since: number | undefined };
  /** Segments before that one that the store may not have had when the log was opened. */
  readonly unshipped: readonly number[];
  stats(): LogStats;
  close(): Promise<void>;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly jsonOffset: number;
  readonly jsonLength: number;
  readonly done: PromiseWithResolvers<Location>;
}

const BATCH_BYTES = 8 << 20;
const OPEN_READERS = 16;

/**
 * Opens the log, handing every record that survived to `found` in the order of writing. A torn tail is cut off (and
 * logged); damage before it throws `gateway.segment_corrupt` naming file and offset. The folder must be locked by the caller.
 */
export async function openLog(options: LogOptions, found: Found): Promise<SegmentLog> {
  const { dir, segmentBytes, fsyncIntervalMs, log, io = diskIo, onSealed, ship, bring } = options;
  await mkdir(dir, { recursive: true });
  const recovered = await recoverSegments(dir, found, log, options.lost);
  let { segment, durable } = recovered;
  let file = await openSegment(dir, segment);
  // A record that a killed process wrote but never synced is served again from now on: it must be on disk first.
  await io.sync(file);
  /** Set by a failed batch: what lies beyond `durable` must be cut off before anything else is written. */
  let broken: 'write' | 'sync' | undefined;
  let waiting: Waiting[] = [];
  let draining: Promise<void> | undefined;
  let closed = false;
  let fsyncs = 0;
  let bytesWritten = 0;
  let waitingBytes = 0;
  let since = durable > 0 ? performance.now() : undefined;
  let sealing = false;
  const readers = new Map<number, Promise<FileHandle>>();

  async function nextSegment(): Promise<void> {
    const next = await openSegment(dir, segment + 1);
    await file.close();
    file = next;
    segment += 1;
    durable = 0;
    since = undefined;
    onSealed?.(segment - 1);
  }

  async function repair(): Promise<void> {
    if (broken === undefined) return;
    await file.truncate(durable);
    await io.sync(file);
    // After a failed fsync the kernel may believe that the pages are clean: that file is not written to again.
    if (broken === 'sync' && durable > 0) await nextSegment();
    broken = undefined;
  }

  async function commit(batch: readonly Waiting[]): Promise<void> {
    await repair();
    if (durable >= segmentBytes) await nextSegment();
    const bytes = Buffer.concat(batch.map((one) => one.bytes));
    broken = 'write';
    await io.write(file, bytes, durable);
    broken = 'sync';
    await io.sync(file);
    broken = undefined;
    fsyncs += 1;
    bytesWritten += bytes.length;
    since ??= performance.now();
    const full = segment;
    const places = batch.map((one) => {
      const at = { segment: full, offset: durable + one.jsonOffset, length: one.jsonLength };
      durable += one.bytes.length;
      return at;
    });
    if (ship !== undefined) {
      await nextSegment();
      await ship(full);
    }
    for (const [place, one] of batch.entries()) one.done.resolve(places[place]!);
  }

  /** A record that cannot be written must not take the segment's end with it. */
  async function sealNow(): Promise<void> {
    sealing = false;
    try {
      await repair();
      if (durable > 0) await nextSegment();
    } catch (failure) {
      log(`${join(dir, segmentName(segment))} could not be ended: ${(failure as Error).message}`);
    }
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0 || sealing) {
      if (sealing) {
        await sealNow();
        continue;
      }
      // Whatever is ready in this turn of the event loop comes along.
      await (fsyncIntervalMs > 0 ? sleep(fsyncIntervalMs) : turn());
      const batch: Waiting[] = [];
      for (let size = 0; size < BATCH_BYTES && waiting.length > batch.length; ) {
        const one = waiting[batch.length]!;
        batch.push(one);
        size += one.bytes.length;
      }
      waiting = waiting.slice(batch.length);
      try {
        await commit(batch);
      } catch (failure) {
        const error = storageError(failure, join(dir, segmentName(segment)));
        log(`${batch.length} records were refused: ${error.message}`);
        for (const one of batch) one.done.reject(error);
      } finally {
        for (const one of batch) waitingBytes -= one.bytes.length;
      }
    }
    draining = undefined;
  }

  function reader(of: number): Promise<FileHandle> {
    const known = readers.get(of);
    readers.delete(of);
    const handle = known ?? openReader(of);
    handle.catch(() => readers.delete(of));
    // Reinserted last: the first key is the one that was not used for longest.
    readers.set(of, handle);
    if (readers.size > OPEN_READERS) {
      const oldest = readers.keys().next().value!;
      void readers.get(oldest)!.then(
        (unused) => unused.close(),
        () => undefined,
      );
      readers.delete(oldest);
    }
    return handle;
  }

  async function openReader(of: number): Promise<FileHandle> {
    const path = join(dir, segmentName(of));
    try {
      return await open(path, 'r');
    } catch (failure) {
      if (bring === undefined || (failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
      await bring(of);
      return open(path, 'r');
    }
  }

  return {
    append(json) {
      if (closed) return Promise.reject(new AnnealError('stack.gateway_unavailable', 'the gateway is stopping'));
      const one: Waiting = { ...encodeLine(json), done: Promise.withResolvers<Location>() };
      waiting.push(one);
      waitingBytes += one.bytes.length;
      draining ??= drain();
      return one.done.promise;
    },
    async read(at) {
      const bytes = Buffer.alloc(at.length);
      const { bytesRead } = await (await reader(at.segment)).read(bytes, 0, at.length, at.offset);
      if (bytesRead !== at.length) throw damaged(join(dir, segmentName(at.segment)), at.offset, 'ends too early');
      return bytes.toString('utf8');
    },
    async seal() {
      sealing = true;
      draining ??= drain();
      await draining;
    },
    writing: () => ({ segment, bytes: durable, since }),
    unshipped: recovered.unshipped,
    stats: () => ({ fsyncs, bytes: bytesWritten, segments: segment, waitingBytes }),
    async close() {
      closed = true;
      await draining;
      // What a failed batch left behind is cut off now if that is possible; otherwise the next start does it.
      await repair().catch(() => undefined);
      await file.close();
      for (const handle of readers.values()) await (await handle).close();
    },
  };
}

/** Creates it when missing, and makes its name durable too. */
async function openSegment(dir: string, segment: number): Promise<FileHandle> {
  const file = await open(join(dir, segmentName(segment)), constants.O_RDWR | constants.O_CREAT, 0o600);
  await syncFolder(dir);
  return file;
}

function storageError(failure: unknown, path: string): AnnealError {
  if (failure instanceof AnnealError) return failure;
  const { code, message } = failure as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return new AnnealError(full ? 'store.no_space' : 'store.unavailable', `${path}: ${message}`, { cause: failure });
}
