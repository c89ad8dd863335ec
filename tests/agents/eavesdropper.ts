// Stands between an agent and the gateway, hands everything on, and knows what the agent was sent: what the records are held against.
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Heard {
  readonly method: string;
  readonly path: string;
  status: number;
  /** What the agent was sent, as far as it came. */
  text: string;
  /** False where the agent went away before the end. */
  whole: boolean;
}

export interface Eavesdropper {
  readonly url: string;
  readonly heard: Heard[];
  close(): Promise<void>;
}

export async function startEavesdropper(target: string): Promise<Eavesdropper> {
  const heard: Heard[] = [];
  const server = createServer((asked, reply) => {
    const { method = 'GET', url: path = '/', headers } = asked;
    const one: Heard = { method, path, status: 0, text: '', whole: false };
    heard.push(one);
    const onward = request(target + path, { method, headers }, (answer) => {
      one.status = answer.statusCode ?? 0;
      reply.writeHead(one.status, answer.headers);
      answer.setEncoding('utf8');
      answer.on('data', (text: string) => {
        one.text += text;
        reply.write(text);
      });
      answer.on('end', () => {
        one.whole = true;
        reply.end();
      });
      answer.on('error', () => reply.destroy());
    });
    onward.on('error', () => reply.destroy());
    reply.on('close', () => onward.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
