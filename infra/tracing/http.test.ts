import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { claims, SECRET } from '../../tests/support/gateway.ts';
import { useGateway } from '../../tests/support/use-gateway.ts';
import { mintCredential } from '../gateway-client/credential.ts';
import { send } from '../gateway-client/http.ts';
import { parseTraceParent, type TraceParent } from './carrier.ts';
import { traceRequests, traceServer } from './http.ts';
import type { Attributes, Tracing } from './tracing.ts';

const on = useGateway();

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

test("an agent's request is a span, and so is what its engine is asked, below it; neither names a credential", async () => {
  const spans: { name: string; under: string; end?: Attributes }[] = [];
  const tracing = {
    begin(name: string, { parent }: { parent?: TraceParent }) {
      const span: (typeof spans)[number] = { name, under: parent!.spanId };
      spans.push(span);
      const own = { ...parent!, spanId: `${spans.length}`.padStart(16, '0') };
      return { parent: own, end: (end: Attributes) => void Object.assign(span, { end }) };
    },
  } as unknown as Tracing;
  onTestFinished(traceServer(tracing));
  const token = mintCredential(claims(), SECRET);
  const response = await fetch(`${on.gateway.url}/a/helper/r/${token}/v1/messages`, {
    method: 'POST',
    headers: { traceparent: PARENT },
    body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('chat 1')]);
  const ended = { 'http.response.status_code': 200 };
  await expect.poll(() => spans.every(({ end }) => end !== undefined)).toBe(true);
  const first = '1'.padStart(16, '0');
  expect(spans).toContainEqual({ name: 'POST /v1/messages', under: PARENT.split('-')[2], end: ended });
  expect(spans).toContainEqual({ name: 'engine /v1/chat/completions', under: first, end: ended });
  expect(JSON.stringify(spans)).not.toMatch(/anr_|helper/);
});
