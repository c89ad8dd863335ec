// The model gateway: the plane behind HTTP. Opens, listens, closes in order.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AnnealError } from '../contracts/errors.ts';
import { openEngines, openPlane, type PlaneOptions, type UpstreamOptions } from './plane.ts';
import { createListener } from './routes.ts';
import { type Providers, withProviders } from './turns/providers.ts';
import { createTransport } from './turns/transport.ts';

export interface GatewayOptions extends UpstreamOptions, Omit<PlaneOptions, 'engines' | 'log'> {
  /** The HMAC key of credentials; at least 16 bytes. */
  readonly secret: Uint8Array;
  /** 0 takes a free one. */
  readonly port: number;
  readonly host?: string;
  /** Models of other people's servers, by the policy names under which they are asked. */
  readonly providers?: Providers | undefined;
  /** Requests of models being worked on; more are refused with 503. Default 256. */
  readonly maxInFlight?: number;
  /** Default: standard error. */
  readonly log?: (line: string) => void;
}

export interface Gateway {
  readonly port: number;
  readonly url: string;
  /** Refuses new requests, stops generations (recorded as aborted), flushes, unlocks. */
  close(): Promise<void>;
}

/** What still reads the pool when the gateway stops is cut off after this. */
const PATIENCE_MS = 1_000;

/** @throws AnnealError `stack.start_failed` (locked by another gateway, unusable secret), `gateway.segment_corrupt`, `stack.port_in_use`. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { secret, host = '127.0.0.1', maxInFlight = 256, log = toStderr } = options;
  if (secret.length < 16) throw new AnnealError('stack.start_failed', 'the gateway secret is shorter than 16 bytes');
  const engines = openEngines(options);
  const plane = await openPlane({ ...options, log, engines });
  const servers = withProviders(options.providers ?? new Map(), engines);
  const transport = createTransport({
    connections: options.engineConnections ?? 64,
    timeoutMs: options.upstreamTimeoutMs ?? 120_000,
  });
  const server = createServer(createListener({ ...plane, servers, transport, secret, maxInFlight, log }));
  let port: number;
  try {
    port = await listen(server, options.port, host);
  } catch (failure) {
    await plane.close();
    throw failure;
  }
  const held = `${plane.completions.size().records} completions and ${plane.trajectories.size()} trajectories`;
  log(`gateway listening on http://${host}:${port} with ${held}`);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await stop(server, async () => void (await Promise.all([plane.capture.close(), plane.turns.close()])));
    await transport.close();
    await plane.close();
  };
  return { port, url: `http://${host}:${port}`, close: () => (closing ??= close()) };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (failure: NodeJS.ErrnoException) => {
      const taken = failure.code === 'EADDRINUSE';
      reject(new AnnealError(taken ? 'stack.port_in_use' : 'stack.start_failed', failure.message, { cause: failure }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

async function stop(server: Server, finishCapture: () => Promise<void>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await finishCapture();
  // Connections fall idle when their last answer is out; kept-alive ones would hold us up for seconds.
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const patience = setTimeout(() => server.closeAllConnections(), PATIENCE_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(patience);
}

function toStderr(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}
