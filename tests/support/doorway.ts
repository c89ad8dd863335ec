// An address of this machine that leads to another: for pods, which reach it by their own network's first address only.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Doorway {
  /** HOST:PORT */
  readonly address: string;
  close(): Promise<void>;
}

/** @param target HOST:PORT, asked for at each connection: what it leads to may move */
export async function openDoorway(host: string, target: () => Promise<string>): Promise<Doorway> {
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    return socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
  };
  const server = createServer((outside) => {
    keep(outside);
    target().then(
      (address) => {
        const [to, port] = address.split(':');
        const inside = keep(connect(Number(port), to));
        inside.on('close', () => outside.destroy());
        outside.on('close', () => inside.destroy());
        outside.pipe(inside).pipe(outside);
      },
      () => outside.destroy(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, host, listening));
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of open) socket.destroy();
      }),
  };
}
