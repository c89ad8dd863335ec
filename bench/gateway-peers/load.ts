// A closed-loop load in a process of its own: argv[2] is JSON of `Asked`; prints JSON of `Shot`.
import { once } from 'node:events';
import { connect } from 'node:net';
import { createAnswers, requestOf } from './http-bytes.ts';

export interface Asked {
  readonly url: string;
  readonly path: string;
  /** A connection takes those at its own place, modulo their number. */
  readonly headers: readonly Readonly<Record<string, string>>[];
  readonly body: string;
  /** What every whole answer must hold. */
  readonly holds: string;
  readonly concurrency: number;
  readonly requests: number;
  /** No request is begun after it, however many are left. */
  readonly seconds: number;
}

export interface Shot {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  readonly answered: number;
  /** What the load itself took, of a core: near 1 it is what was measured. */
  readonly busy: number;
}

const asked = JSON.parse(process.argv[2]!) as Asked;
const { hostname, port } = new URL(asked.url);
const times: number[] = [];
let [sent, failed] = [0, 0];

/** A connection, and what it does once all have theirs. */
async function client(place: number): Promise<() => Promise<void>> {
  const bytes = requestOf(asked.url, asked.path, asked.headers[place % asked.headers.length] ?? {}, asked.body);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  await once(socket, 'connect');
  return () =>
    new Promise((resolve, reject) => {
      let [started, done] = [0, false];
      const next = (): void => {
        started = performance.now();
        // One at least, however late it is: none would be no rate at all.
        if (sent >= asked.requests || (started >= until && sent >= asked.concurrency)) {
          done = true;
          socket.end();
          resolve();
          return;
        }
        sent += 1;
        socket.write(bytes);
      };
      const read = createAnswers((status, body) => {
        times.push(performance.now() - started);
        if (status !== 200 || !body.includes(asked.holds)) {
          failed += 1;
          if (failed === 1) process.stderr.write(`${status} ${body.slice(0, 400)}\n`);
        }
        next();
      });
      socket.on('data', read);
      socket.on('error', reject);
      // Whoever waits for an answer that cannot come any more would wait for ever.
      socket.once('close', () => done || reject(new Error('the connection was closed before the answer')));
      next();
    });
}

const clients = await Promise.all(Array.from({ length: asked.concurrency }, (_, place) => client(place)));
const began = performance.now();
const used = process.cpuUsage();
const until = began + asked.seconds * 1000;
await Promise.all(clients.map((play) => play()));
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(used);
times.sort((a, b) => a - b);
const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
const shot: Shot = {
  perSecond: times.length / seconds,
  ...{ p50: at(0.5), p99: at(0.99), failed, answered: times.length, busy: (user + system) / 1e6 / seconds },
};
process.stdout.write(JSON.stringify(shot));
