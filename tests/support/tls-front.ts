// TLS in front of a server that has none, as a load balancer terminates it. For Temporal's development server, which every machine
// with the tests has; a server with TLS of its own stands in secure-temporal.ts.
import { connect, type Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';

export interface TlsFront {
  /** HOST:PORT */
  readonly address: string;
  /** How many connections have got through. */
  connections(): number;
  stop(): Promise<void>;
}

/** @param target HOST:PORT */
export async function startTlsFront(target: string, options: TlsOptions): Promise<TlsFront> {
  const [host = '127.0.0.1', port] = target.split(':');
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer({ ALPNProtocols: ['h2'], ...options }, (near) => {
    count += 1;
    const far = connect({ host, port: Number(port) });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    address: `127.0.0.1:${address.port}`,
    connections: () => count,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
