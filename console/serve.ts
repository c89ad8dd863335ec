// The console on a port, until it is closed.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { AnnealError } from '../contracts/errors.ts';
import { createConsole } from './app.ts';
import type { Passkeys } from './passkeys/mounted.ts';
import type { ConsolePorts } from './ports.ts';
import type { SignIn } from './viewer.ts';

export interface Served {
  /** `http://127.0.0.1:4300` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * @param port 0: any that is free
 * @throws AnnealError `stack.port_in_use`
 */
export async function serveConsole(
  ports: ConsolePorts,
  signIn: SignIn,
  { address, port, passkeys }: { readonly address: string; readonly port: number; readonly passkeys?: Passkeys },
): Promise<Served> {
  const built = createConsole(ports, signIn, passkeys);
  const server = createServer(getRequestListener(built.app.fetch));
  try {
    await listen(server, address, port);
  } catch (failure) {
    await built.close();
    throw failure;
  }
  const bound = server.address() as AddressInfo;
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return {
    url: `http://${host}:${bound.port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Streams of open pages would last for ever; they come back to whoever listens next.
      server.closeAllConnections();
      await Promise.all([closed, built.close()]);
    },
  };
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (failure: NodeJS.ErrnoException) =>
      reject(
        failure.code === 'EADDRINUSE'
          ? new AnnealError('stack.port_in_use', `port ${port} is in use; name another with --port`, { cause: failure })
          : failure,
      ),
    );
    server.listen(port, address, resolve);
  });
}
