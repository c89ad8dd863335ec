// A closed-loop load in a process of its own: argv[2] is JSON of `Asked`; prints JSON of `Shot`.
import { connect } from 'node:net';
import { createAnswers } from './http-bytes.ts';

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
}

export interface Shot {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  readonly answered: number;
}

const asked = JSON.parse(process.argv[2]!) as Asked;
const { hostname, port } = new URL(asked.url);
const times: number[] = [];
let [sent, failed] = [0, 0];

function client(place: number): Promise<void> {
  const all = Object.entries(asked.headers[place % asked.headers.length] ?? {});
  const lines = [
    `POST ${asked.path} HTTP/1.1`,
    `host: ${hostname}:${port}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(asked.body)}`,
    ...all.map(([name, value]) => `${name}: ${value}`),
  ];
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${asked.body}`);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.setNoDelay(true);
    let started = 0;
    const next = (): void => {
      if (sent >= asked.requests) {
        socket.end();
        resolve();
        return;
      }
      sent += 1;
      started = performance.now();
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
    socket.once('connect', next);
  });
}

const began = performance.now();
await Promise.all(Array.from({ length: asked.concurrency }, (_, place) => client(place)));
const seconds = (performance.now() - began) / 1000;
times.sort((a, b) => a - b);
const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
const shot: Shot = { perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99), failed, answered: times.length };
process.stdout.write(JSON.stringify(shot));
