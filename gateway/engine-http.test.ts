import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { ConnectionFailure, createJsonClient } from './engine-http.ts';

const signal = new AbortController().signal;

test('a kept connection that the server closed just now is replaced; a server that always hangs up is a failure', async () => {
  let requests = 0;
  let hangUp = (): boolean => requests === 2;
  const server = createServer((request, response) => {
    requests += 1;
    if (hangUp()) request.socket.destroy();
    else response.end('{"ok":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createJsonClient({ maxSockets: 1, timeoutMs: 5_000 });
  await client.call('POST', url, {}, signal);
  expect(await client.call('POST', url, {}, signal)).toMatchObject({ status: 200, body: { ok: true } });
  expect(requests).toBe(3);
  hangUp = () => true;
  await expect(client.call('POST', url, {}, signal)).rejects.toBeInstanceOf(ConnectionFailure);
  expect(requests).toBe(5);
  client.close();
  server.close();
});
