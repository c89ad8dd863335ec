import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { send } from '../gateway-client/http.ts';
import { parseTraceParent } from './carrier.ts';
import { traceRequests } from './http.ts';
import type { Tracing } from './tracing.ts';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Says which trace a request came with. */
async function echo(): Promise<string> {
  const server = createServer((request, response) => response.end(request.headers.traceparent ?? 'none'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('requests to the gateway carry the current span, by the client and by fetch, and no other server learns of it', async () => {
  const [gateway, other] = [await echo(), await echo()];
  const tracing = { current: () => parseTraceParent(PARENT) } as Tracing;
  const stop = traceRequests(tracing, gateway);
  onTestFinished(stop);
  const asked = (url: string): Promise<string> =>
    send({
      ...{ method: 'GET', url, timeoutMs: 10_000 },
      ...{ unreachable: 'stack.gateway_unavailable', late: 'stack.gateway_unavailable' },
    }).then(({ text }) => text);
  const fetched = (url: string): Promise<string> => fetch(url).then((response) => response.text());
  expect(await Promise.all([asked(gateway), fetched(gateway)])).toEqual([PARENT, PARENT]);
  expect(await Promise.all([asked(other), fetched(other)])).toEqual(['none', 'none']);
  stop();
  expect(await asked(gateway)).toBe('none');
});
