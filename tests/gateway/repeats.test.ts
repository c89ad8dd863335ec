// The same request again, at once, later, after a restart; and more requests than there is room for.
import { describe, expect, test } from 'vitest';
import { chat, content } from '../support/gateway.ts';
import { soon, useGateway } from '../support/use-gateway.ts';

const on = useGateway();

describe('the same request', () => {
  test('gets the recorded answer, also after a restart', async () => {
    const first = await chat(on.gateway.url, { index: 0 });
    const again = await chat(on.gateway.url, { index: 0 });
    await on.gateway.close();
    await on.open();
    const later = await chat(on.gateway.url, { index: 0 });
    expect([again.body, later.body]).toEqual([first.body, first.body]);
    expect([first, again, later].map((reply) => reply.headers.get('x-anneal-how'))).toEqual([
      'generated',
      'replayed',
      'replayed',
    ]);
    expect(on.upstream.bodies.length).toBe(1);
  });

  test('joins the one in flight', async () => {
    const release = on.hold();
    const asked = Array.from({ length: 8 }, () => chat(on.gateway.url, { index: 0 }));
    await expect.poll(() => on.metric('inFlight'), soon).toBe(8);
    release();
    const replies = await Promise.all(asked);
    expect(new Set(replies.map(content))).toEqual(new Set(['generation 1']));
    expect(replies.map((reply) => reply.headers.get('x-anneal-how')).sort()).toEqual([
      'generated',
      ...Array(7).fill('joined'),
    ]);
    expect((await on.records()).length).toBe(1);
  });

  test('another one under its index is a conflict, in flight, recorded, and after a restart', async () => {
    const release = on.hold();
    const first = chat(on.gateway.url, { index: 0 });
    await expect.poll(() => on.upstream.bodies.length, soon).toBe(1);
    const other = { index: 0, body: { temperature: 0.5 } };
    expect((await chat(on.gateway.url, other)).body.error?.code).toBe('gateway.conflict');
    release();
    expect((await first).status).toBe(200);
    expect((await chat(on.gateway.url, other)).status).toBe(409);
    await on.gateway.close();
    await on.open();
    expect(
      (await chat(on.gateway.url, { index: 0, body: { messages: [{ role: 'user', content: 'hi' }] } })).status,
    ).toBe(409);
  });

  test('without an index each is a new one', async () => {
    const replies = [
      await chat(on.gateway.url),
      await chat(on.gateway.url),
      await chat(on.gateway.url, { index: 9 }),
      await chat(on.gateway.url),
    ];
    expect(replies.map((reply) => reply.body.id?.split('/').at(-1))).toEqual(['c0', 'c1', 'c9', 'c10']);
    await chat(on.gateway.url, { index: 4 });
    expect((await on.records()).map(({ index }) => index)).toEqual([0, 1, 4, 9, 10]);
  });
});

test('more requests than allowed are turned away at once, with Retry-After', async () => {
  await on.gateway.close();
  await on.open({ maxInFlight: 2 });
  const release = on.hold();
  const asked = [0, 1, 2, 3].map((index) => chat(on.gateway.url, { index }));
  await expect.poll(() => on.metric('failed'), soon).toBe(2);
  release();
  const replies = await Promise.all(asked);
  expect(replies.map((reply) => reply.status).sort()).toEqual([200, 200, 503, 503]);
  const refused = replies.find((reply) => reply.status === 503)!;
  expect([refused.body.error?.code, refused.headers.get('retry-after')]).toEqual(['gateway.overloaded', '1']);
  const metrics = (await fetch(`${on.gateway.url}/metrics`).then((r) => r.json())) as Record<string, number>;
  expect(metrics).toMatchObject({ inFlight: 0, generated: 2, failed: 2, tokens: 24 });
});
