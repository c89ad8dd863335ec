// Sends sealed segments to the store: the bytes, then their description, then a note of it beside the segment. Each step may be done
// again, so that a kill at any moment costs nothing but the work. What the store has may leave the disk, and is brought back when it is read.
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import type { ReplicaName, SealedSegment, SegmentStream } from '../../contracts/segment.ts';
import { readIndex, type SegmentIndex, writeIndex } from './index-file.ts';
import { countRecords } from './line.ts';
import { damaged, segmentName } from './recover.ts';
import { bytesOfSegment, describe, type SegmentStore } from './store-source.ts';

export interface ShipperOptions {
  readonly dir: string;
  readonly store: SegmentStore;
  readonly replica: ReplicaName;
  readonly stream: SegmentStream;
  /** Shipped segments that may stay on the disk, in bytes. */
  readonly keepBytes: number;
  /** What the pool knows of the segment's records, in the order of writing. */
  readonly linesOf: (segment: number) => readonly string[];
  /** The store has it, and its index is on the disk. */
  readonly onShipped: (segment: number) => void;
  readonly log: (line: string) => void;
  /** For tests: the first pause after a failure, milliseconds. */
  readonly pauseMs?: number;
}

export interface Shipper {
  /** Takes it on; it is sent after those before it. */
  take(segment: number): void;
  /** Resolves when the store has it: then its records count. */
  shipped(segment: number): Promise<void>;
  /** A segment that the store has, known from its index. */
  known(sealed: SealedSegment): Promise<void>;
  /** Its bytes, from the store. */
  bring(segment: number): Promise<void>;
  stats(): ShipStats;
  /** Resolves when nothing is left to be sent, or after so many milliseconds. */
  settle(patienceMs: number): Promise<boolean>;
  close(): Promise<void>;
}

export interface ShipStats {
  readonly shipped: number;
  /** Sealed, and not in the store yet. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Failures since the last success. */
  readonly failures: number;
}

const LONGEST_PAUSE_MS = 30_000;

export function createShipper(options: ShipperOptions): Shipper {
  const { dir, store, replica, stream, log, linesOf, onShipped, pauseMs = 200 } = options;
  const pathOf = (segment: number): string => join(dir, segmentName(segment));
  /** In order. */
  const waiting = new Map<number, { bytes: number; readonly done: PromiseWithResolvers<void> }>();
  /** How much of what the store has lies here: the longest unread first. */
  const here = new Map<number, number>();
  const bringing = new Map<number, Promise<void>>();
  const stopped = new AbortController();
  let shipped = 0;
  /** Everything up to it is there. */
  let through = 0;
  let failures = 0;
  let working: Promise<void> | undefined;

  function entryOf(segment: number) {
    const known = waiting.get(segment);
    if (known !== undefined) return known;
    const made = { bytes: 0, done: Promise.withResolvers<void>() };
    made.done.promise.catch(() => undefined);
    waiting.set(segment, made);
    if (stopped.signal.aborted) made.done.reject(stopping());
    else begin();
    return made;
  }

  function begin(): void {
    working ??= work().finally(() => {
      working = undefined;
      if (waiting.size > 0 && !stopped.signal.aborted) begin();
    });
  }

  async function work(): Promise<void> {
    for (const [segment, entry] of waiting) {
      const index = await persist(segment, () => send(segment, entry));
      if (index === undefined) return;
      entry.done.resolve();
      // Those who waited for it have told the pool by the next turn.
      await turn();
      const done = await persist(segment, () => conclude(segment, index));
      if (done === undefined) return;
      waiting.delete(segment);
      through = segment;
      shipped += 1;
    }
  }

  /** Again and again until it succeeds; undefined when there is no more time for it. */
  async function persist<T>(segment: number, step: () => Promise<T>): Promise<T | undefined> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const result = await step();
        failures = 0;
        return result;
      } catch (failure) {
        if (stopped.signal.aborted) return undefined;
        failures += 1;
        const pause = Math.min(LONGEST_PAUSE_MS, pauseMs * 2 ** Math.min(attempt, 16)) * (0.5 + Math.random() / 2);
        const { message } = asAnnealError(failure);
        log(`${stream} ${segment} is not in the store yet, again in ${Math.round(pause)} ms: ${message}`);
        await sleep(pause, undefined, { signal: stopped.signal }).catch(() => undefined);
        if (stopped.signal.aborted) return undefined;
      }
    }
  }

  /** To the store: its description only when the bytes are there. */
  async function send(segment: number, entry: { bytes: number }): Promise<SealedSegment> {
    const path = pathOf(segment);
    const bytes = await readFile(path);
    entry.bytes = bytes.length;
    const { records, good } = await countRecords(bytes);
    if (good !== bytes.length) throw damaged(path, good, 'it has changed since it was written');
    const ref = await store.putFile(path);
    if (ref.bytes !== good) throw damaged(path, ref.bytes, 'it has changed since it was written');
    if (!(await store.has(ref))) throw new AnnealError('store.unavailable', `${ref.uri} is not there after it was put`);
    const { sha256 } = ref;
    const sealed: SealedSegment = {
      ...{ schema: 'anneal/segment/v1', replica, stream, sequence: segment },
      ...{ records, bytes: good, sha256 },
    };
    await describe(store, sealed);
    return sealed;
  }

  /** Whatever stands in its index is in the store. */
  async function conclude(segment: number, sealed: SealedSegment): Promise<true> {
    const index: SegmentIndex = { sealed, lines: linesOf(segment) };
    if (index.lines.length !== sealed.records) {
      throw new AnnealError(
        'internal.bug',
        `${index.lines.length} of ${sealed.records} records of segment ${segment} are known`,
      );
    }
    await writeIndex(dir, index);
    here.set(segment, sealed.bytes);
    onShipped(segment);
    await makeRoom();
    return true;
  }

  async function makeRoom(): Promise<void> {
    let kept = 0;
    for (const bytes of here.values()) kept += bytes;
    for (const [segment, bytes] of here) {
      if (kept <= options.keepBytes) return;
      here.delete(segment);
      await rm(pathOf(segment), { force: true });
      kept -= bytes;
    }
  }

  async function fetchSegment(segment: number): Promise<void> {
    const { sealed } = await readIndex(dir, segment);
    await store.getFile(bytesOfSegment(sealed), pathOf(segment));
    // Others make room for it.
    here.delete(segment);
    await makeRoom();
    here.set(segment, sealed.bytes);
  }

  return {
    take(segment) {
      if (segment <= through) return;
      const entry = entryOf(segment);
      void stat(pathOf(segment)).then(
        ({ size }) => {
          entry.bytes = size;
        },
        () => undefined,
      );
    },
    shipped: (segment) => (segment <= through ? Promise.resolve() : entryOf(segment).done.promise),
    async known(sealed) {
      const found = await stat(pathOf(sealed.sequence)).catch(() => undefined);
      if (found !== undefined) here.set(sealed.sequence, found.size);
    },
    bring(segment) {
      const known = bringing.get(segment) ?? fetchSegment(segment).finally(() => bringing.delete(segment));
      bringing.set(segment, known);
      return known;
    },
    stats() {
      let waitingBytes = 0;
      for (const { bytes } of waiting.values()) waitingBytes += bytes;
      return { shipped, waiting: waiting.size, waitingBytes, failures };
    },
    async settle(patienceMs) {
      const patience = new AbortController();
      const late = sleep(patienceMs, false, { signal: patience.signal, ref: false }).catch(() => false);
      const settled = await Promise.race([(working ?? Promise.resolve()).then(() => waiting.size === 0), late]);
      patience.abort();
      return settled;
    },
    async close() {
      stopped.abort();
      for (const { done } of waiting.values()) {
        done.reject(stopping());
      }
      await working;
    },
  };
}

const stopping = (): AnnealError => new AnnealError('stack.gateway_unavailable', 'the gateway is stopping');
