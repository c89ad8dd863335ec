// A server that keeps heads of the audit log as docs/approvals.md asks for: it appends, and gives none up.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HeadsServer {
  readonly url: string;
  readonly lines: string[];
  /** Answers so from now on; 200: as it should. */
  status: number;
  close(): Promise<void>;
}

export async function headsServer(token: string): Promise<HeadsServer> {
  const lines: string[] = [];
  const server = createServer(async (request, response) => {
    const body = (await Array.fromAsync(request)).join('');
    if (here.status !== 200) return response.writeHead(here.status).end();
    if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end();
    if (request.method === 'POST') lines.push(body);
    response.end(request.method === 'GET' ? lines.join('\n') : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const here: HeadsServer = {
    ...{ url: `http://127.0.0.1:${port}/heads`, lines, status: 200 },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return here;
}
