// A proxy in front of an HTTP server that misbehaves on request: the faults of the network and of busy servers.
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * `error`: an answer with this status, the request unseen. `stall`: no answer. `reset`: the connection breaks before the
 * request is passed on. `lost`: the request is carried out, its answer is not. `truncate`: half the answer's body, then
 * the connection breaks. `freeze`: half the answer's body, then nothing.
 */
export type Fault =
  | { readonly kind: 'error'; readonly status: number; readonly body?: string }
  | { readonly kind: 'stall' | 'reset' | 'lost' | 'truncate' | 'freeze' };

export interface FaultProxy {
  readonly endpoint: string;
  /** The next `times` requests that match meet the fault. */
  inject(fault: Fault, times: number, matches?: (method: string, path: string) => boolean): void;
  /** How many requests met a fault so far. */
  met(): number;
  /** Added to every answer's Date header. */
  skew(milliseconds: number): void;
  close(): Promise<void>;
}

export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(upstream);
  const armed: { fault: Fault; left: number; matches: (method: string, path: string) => boolean }[] = [];
  let met = 0;
  let skewMs = 0;

  const server: Server = createServer((from, to) => {
    const { method = '', url = '' } = from;
    const hit = armed.find((one) => one.left > 0 && one.matches(method, url));
    if (hit === undefined) return forward(from, to);
    hit.left -= 1;
    met += 1;
    act(hit.fault, from, to);
  });

  /** The Host header stays the client's, which its signature covers. */
  function forward(from: IncomingMessage, to: ServerResponse, shaped?: (answer: IncomingMessage) => void): void {
    const { method, url: path, headers } = from;
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      if (shaped !== undefined) return shaped(answer);
      const date = answer.headers.date;
      if (date !== undefined) answer.headers.date = new Date(Date.parse(date) + skewMs).toUTCString();
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    onward.on('error', () => to.destroy());
    from.pipe(onward);
  }

  function act(fault: Fault, from: IncomingMessage, to: ServerResponse): void {
    switch (fault.kind) {
      case 'error':
        from
          .resume()
          .on('end', () => to.writeHead(fault.status, { 'content-type': 'application/xml' }).end(fault.body));
        return;
      case 'stall':
        from.resume();
        return;
      case 'reset':
        to.destroy();
        return;
      case 'lost':
        forward(from, to, (answer) => answer.resume().on('end', () => to.destroy()));
        return;
      case 'truncate':
      case 'freeze':
        forward(from, to, (answer) => {
          to.writeHead(answer.statusCode ?? 502, answer.headers);
          const half = Number(answer.headers['content-length'] ?? 0) / 2;
          let sent = 0;
          answer.on('data', (chunk: Buffer) => {
            if (sent >= half) return;
            to.write(chunk.subarray(0, Math.max(1, half - sent)));
            sent += chunk.length;
            if (sent >= half && fault.kind === 'truncate') setTimeout(() => to.destroy(), 20);
          });
        });
        return;
    }
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    inject: (fault, times, matches = () => true) => void armed.push({ fault, left: times, matches }),
    met: () => met,
    skew: (milliseconds) => {
      skewMs = milliseconds;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
