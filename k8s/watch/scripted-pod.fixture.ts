// A scripted node and API server for the log of one container: it keeps the logs of two runs, tells them from a whole second on as kubelets
// do, cuts its answers at any byte with or without an error, and lets a pod's status lag behind.
import { AnnealError } from '../../contracts/errors.ts';
import type { Ask, Cluster } from '../cluster/request.ts';
import type { LogLine } from './log-lines.ts';

export interface Cut {
  readonly afterBytes: number;
  /** The body ends as if it were whole; otherwise the connection breaks. */
  readonly clean: boolean;
}

export interface ScriptedPod {
  readonly cluster: Cluster;
  /** Of the next answers, one each; undefined for one that is not cut. */
  readonly cuts: (Cut | undefined)[];
  /** Pieces of a body have this many bytes. */
  pieceBytes: number;
  write(...lines: readonly LogLine[]): void;
  /** Bytes without a line break at the end. */
  writeTail(line: LogLine): void;
  /** The file was rotated: what was written so far is not told any more. */
  rotate(): void;
  /** Ends the run, and begins another unless it was the last. The pod's status tells it this much later. */
  restart(lagMs?: number): void;
  end(lagMs?: number): void;
  remove(): void;
  /** Removes it and creates another of its name. */
  recreate(): void;
  readonly asked: readonly Ask[];
}

interface ScriptedRun {
  lines: LogLine[];
  tail: LogLine | undefined;
  ended: boolean;
}

export function createScriptedPod(): ScriptedPod {
  let runs: ScriptedRun[] = [{ lines: [], tail: undefined, ended: false }];
  let uid = 1;
  const asked: Ask[] = [];
  const cuts: (Cut | undefined)[] = [];
  let status: object | undefined = statusOf(uid, 0, false);
  /** By the clock, not by timers: those of a busy machine come late. */
  let coming: { readonly status: object; readonly at: number }[] = [];
  let wake = Promise.withResolvers<void>();
  const changed = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  const current = (): ScriptedRun => runs.at(-1)!;
  const show = (next: object, lagMs: number): void => void coming.push({ status: next, at: performance.now() + lagMs });
  const shown = (): object | undefined => {
    while (coming[0] !== undefined && coming[0].at <= performance.now()) status = coming.shift()?.status;
    return status;
  };

  async function* tell(run: ScriptedRun, since: string, follow: boolean, signal: AbortSignal): AsyncGenerator<string> {
    // A file that is rotated away is gone for those who ask later only.
    const { lines } = run;
    for (let index = 0; ; index += 1) {
      while (index >= lines.length && follow && !run.ended && !signal.aborted) {
        const aborted = new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
        await Promise.race([wake.promise, aborted]);
      }
      const line = lines[index];
      if (line === undefined) break;
      if (line.at.slice(0, 19) >= since.slice(0, 19)) yield `${line.at} ${line.text}\n`;
    }
    if (run.tail !== undefined) yield `${run.tail.at} ${run.tail.text}`;
  }

  async function* bodyOf(
    text: AsyncIterable<string>,
    cut: Cut | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    let left = cut?.afterBytes ?? Number.POSITIVE_INFINITY;
    for await (const part of text) {
      const bytes = Buffer.from(part);
      const told = bytes.subarray(0, Math.min(left, bytes.length));
      for (let from = 0; from < told.length; from += pod.pieceBytes) yield told.subarray(from, from + pod.pieceBytes);
      left -= bytes.length;
      if (left <= 0) break;
    }
    signal.throwIfAborted();
    if (cut?.clean === false) throw new Error('a scripted end of the connection');
  }

  const pod: ScriptedPod = {
    cuts,
    pieceBytes: 7,
    asked,
    cluster: {
      server: 'https://scripted',
      async ask() {
        await Promise.resolve();
        const body = shown();
        return body === undefined ? { status: 404, body } : { status: 200, body: structuredClone(body) };
      },
      async open(ask, signal) {
        asked.push(ask);
        await Promise.resolve();
        const query = ask.query ?? {};
        const run = query.previous === true ? runs.at(-2) : current();
        if (run === undefined) throw new AnnealError('cluster.rejected', 'previous terminated container not found');
        const since = `${query.sinceTime ?? ''}`;
        return { status: 200, body: bodyOf(tell(run, since, query.follow === true, signal), cuts.shift(), signal) };
      },
    },
    write(...lines) {
      current().lines.push(...lines);
      changed();
    },
    writeTail(line) {
      current().tail = line;
      changed();
    },
    rotate() {
      current().lines = [];
    },
    restart(lagMs = 0) {
      current().ended = true;
      runs.push({ lines: [], tail: undefined, ended: false });
      show(statusOf(uid, runs.length - 1, false), lagMs);
      changed();
    },
    end(lagMs = 0) {
      current().ended = true;
      show(statusOf(uid, runs.length - 1, true), lagMs);
      changed();
    },
    remove() {
      coming = [];
      status = undefined;
      current().ended = true;
      changed();
    },
    recreate() {
      current().ended = true;
      uid += 1;
      runs = [{ lines: [], tail: undefined, ended: false }];
      coming = [];
      status = statusOf(uid, 0, false);
      changed();
    },
  };
  return pod;
}

function statusOf(uid: number, restartCount: number, isOver: boolean): object {
  const state = isOver ? { terminated: { exitCode: 0 } } : { running: {} };
  return {
    metadata: { uid: `uid-${uid}` },
    spec: { restartPolicy: 'OnFailure' },
    status: {
      phase: isOver ? 'Succeeded' : 'Running',
      containerStatuses: [{ name: 'main', restartCount, state }],
    },
  };
}
