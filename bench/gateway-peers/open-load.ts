// An open loop in a process of its own: requests come when they come, whether or not those before them are answered. Each has its time
// counted from when it was due, so that a load that falls behind is seen. argv[2] is JSON of `OpenAsked`; prints JSON of `OpenShot`.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAnswers, requestOf } from './http-bytes.ts';
import type { Asked } from './load.ts';

export interface OpenAsked extends Omit<Asked, 'concurrency' | 'requests'> {
  readonly perSecond: number;
  /** The same seed has the same gaps. */
  readonly seed: number;
}

export interface OpenShot {
  /** Milliseconds from when a request was due to the end of its answer. */
  readonly p50: number;
  readonly p99: number;
  /** How late the load itself sent, at its 99th percentile. */
  readonly late: number;
  readonly failed: number;
  readonly answered: number;
}

interface Line {
  ask(bytes: Buffer, due: number): void;
}

const asked = JSON.parse(process.argv[2]!) as OpenAsked;
const { hostname, port } = new URL(asked.url);
const requests = asked.headers.map((headers) => requestOf(asked.url, asked.path, headers, asked.body));
const [times, lateness]: [number[], number[]] = [[], []];
const free: Line[] = [];
const broken = Promise.withResolvers<never>();
let failed = 0;

async function line(): Promise<Line> {
  const socket: Socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  socket.on('error', broken.reject);
  let due = 0;
  const self: Line = {
    ask(bytes, at) {
      due = at;
      lateness.push(performance.now() - at);
      socket.write(bytes);
    },
  };
  socket.on(
    'data',
    createAnswers((status, body) => {
      times.push(performance.now() - due);
      if (status !== 200 || !body.includes(asked.holds)) failed += 1;
      free.push(self);
    }),
  );
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return self;
}

/** Gaps as of many clients who know nothing of each other. */
function gaps(): () => number {
  let state = asked.seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (-Math.log((state + 1) / 2 ** 32) * 1000) / asked.perSecond;
  };
}

async function play(): Promise<void> {
  // Opened before the first is due: a connection is no part of an answer's time.
  free.push(...(await Promise.all(Array.from({ length: 32 }, line))));
  const gap = gaps();
  const began = performance.now();
  let [due, sent] = [began + gap(), 0];
  for (const until = began + asked.seconds * 1000; due < until; due += gap()) {
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    (free.pop() ?? (await line())).ask(requests[sent % requests.length]!, due);
    sent += 1;
  }
  for (const patience = performance.now() + 60_000; times.length < sent; await sleep(5)) {
    if (performance.now() > patience) throw new Error(`${sent - times.length} of ${sent} were never answered`);
  }
}

await Promise.race([play(), broken.promise]);
const at = (all: number[], share: number): number => {
  const sorted = all.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
};
const shot: OpenShot = {
  ...{ p50: at(times, 0.5), p99: at(times, 0.99), late: at(lateness, 0.99), failed, answered: times.length },
};
process.stdout.write(JSON.stringify(shot));
process.exit(0);
