// A generation that fails, is given up, or is cut off: what the client is told, what is recorded, what a retry finds.
import { describe, expect, test } from 'vitest';
import { diskIo } from '../../gateway/segments/log.ts';
import { chat, content, type POLICY, rollout } from '../support/gateway.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { soon, useGateway } from '../support/use-gateway.ts';

const on = useGateway();

describe('a generation that fails', () => {
  test('gives its index back', async () => {
    on.upstream.script = () => Promise.reject(new Error('out of luck'));
    await chat(on.gateway.url);
    on.upstream.script = undefined;
    expect((await chat(on.gateway.url)).body.id).toBe('demo/r1/train.v0/g0/s0/c0.a1');
  });

  test('is recorded, and the retry is a new attempt', async () => {
    on.upstream.script = () => Promise.reject(new Error('out of luck'));
    const failed = await chat(on.gateway.url, { index: 0, of: { maxRequests: 1 } });
    expect([failed.status, failed.body.error?.code]).toEqual([502, 'gateway.upstream_failed']);
    on.upstream.script = undefined;
    const retried = await chat(on.gateway.url, { index: 0, of: { maxRequests: 1 } });
    expect(retried.body.id).toBe('demo/r1/train.v0/g0/s0/c0.a1');
    const [first, second] = await on.records();
    expect(first).toMatchObject({
      id: 'demo/r1/train.v0/g0/s0/c0',
      finish: 'error',
      error: expect.stringContaining('out of luck'),
    });
    expect(second).toMatchObject({ id: 'demo/r1/train.v0/g0/s0/c0.a1', finish: 'stop' });
    expect((await chat(on.gateway.url, { index: 0 })).body).toEqual(retried.body);
  });

  test('another policy that answers is refused, recorded, and looked up anew', async () => {
    on.upstream.policy = 'demo.v3';
    const reply = await chat(on.gateway.url, { index: 0 });
    expect([reply.status, reply.body.error?.code, reply.headers.get('x-should-retry')]).toEqual([
      503,
      'policy.version_mismatch',
      'true',
    ]);
    expect((await on.records())[0]).toMatchObject({ policy: 'demo.v3', finish: 'error' });
    on.upstream.policy = 'demo.v0';
    expect((await chat(on.gateway.url, { index: 0 })).status).toBe(200);
    expect(on.upstream.seen['/policies/demo.v0']).toBe(2);
  });

  test('a policy that is not loaded, a policy server that is gone', async () => {
    const unknown = { of: { policy: 'unknown.v1' as typeof POLICY }, body: { model: 'unknown.v1' } };
    expect((await chat(on.gateway.url, unknown)).body.error?.code).toBe('stack.policy_unavailable');
    await on.upstream.close();
    const reply = await chat(on.gateway.url, { of: { rollout: rollout(1) } });
    expect([reply.status, reply.body.error?.code]).toEqual([503, 'stack.policy_unavailable']);
  });

  test('a policy server that wants another token: nobody asks it again', async () => {
    const guarded = { of: { policy: 'guarded.v1' as typeof POLICY }, body: { model: 'guarded.v1' } };
    const { status, body, headers } = await chat(on.gateway.url, guarded);
    expect([status, body.error?.code, headers.get('x-should-retry')]).toEqual([502, 'policy.unauthorised', 'false']);
  });

  test('an engine that moved is found again without the client noticing', async () => {
    const [first, second] = [await startScriptedUpstream(), await startScriptedUpstream()];
    on.defer(() => second.close());
    on.upstream.engineUrls = [first.url];
    await chat(on.gateway.url, { index: 0 });
    await first.close();
    on.upstream.engineUrls = [second.url];
    expect((await chat(on.gateway.url, { index: 1 })).status).toBe(200);
    expect([first.bodies.length, second.bodies.length]).toEqual([1, 1]);
  });

  test('a client that goes away stops it; the record says aborted', async () => {
    on.upstream.latencyMs = 5_000;
    const leave = new AbortController();
    const request = chat(on.gateway.url, { index: 0, signal: leave.signal });
    await expect.poll(() => on.upstream.bodies.length, soon).toBe(1);
    leave.abort();
    await expect(request).rejects.toThrow();
    await expect.poll(async () => (await on.records())[0]?.finish, soon).toBe('aborted');
    await expect.poll(() => on.upstream.aborted, soon).toBe(1);
    on.upstream.latencyMs = 0;
    expect((await chat(on.gateway.url, { index: 0 })).body.id).toBe('demo/r1/train.v0/g0/s0/c0.a1');
  });

  test('asked again while the abort is still being recorded, it is the next attempt', async () => {
    await on.gateway.close();
    let disk: Promise<void> = Promise.resolve();
    await on.open({ io: { write: diskIo.write, sync: (file) => disk.then(() => diskIo.sync(file)) } });
    const slow = Promise.withResolvers<void>();
    disk = slow.promise;
    on.upstream.latencyMs = 5_000;
    const leave = new AbortController();
    const request = chat(on.gateway.url, { index: 0, signal: leave.signal });
    await expect.poll(() => on.upstream.bodies.length, soon).toBe(1);
    leave.abort();
    await expect(request).rejects.toThrow();
    await expect.poll(() => on.upstream.aborted, soon).toBe(1);
    on.upstream.latencyMs = 0;
    const again = chat(on.gateway.url, { index: 0 });
    await expect.poll(() => on.metric('inFlight'), soon).toBe(1);
    slow.resolve();
    expect((await again).body.id).toBe('demo/r1/train.v0/g0/s0/c0.a1');
    expect((await on.records()).map(({ finish }) => finish)).toEqual(['aborted', 'stop']);
  });

  test('one of two waiting clients going away stops nothing', async () => {
    const release = on.hold();
    const leave = new AbortController();
    const first = chat(on.gateway.url, { index: 0, signal: leave.signal });
    const second = chat(on.gateway.url, { index: 0 });
    await expect.poll(() => on.metric('inFlight'), soon).toBe(2);
    leave.abort();
    await expect(first).rejects.toThrow();
    await expect.poll(() => on.metric('inFlight'), soon).toBe(1);
    release();
    expect(content(await second)).toBe('generation 1');
  });

  test('an engine that takes too long', async () => {
    await on.gateway.close();
    await on.open({ upstreamTimeoutMs: 100 });
    on.upstream.latencyMs = 5_000;
    const reply = await chat(on.gateway.url);
    expect([reply.status, reply.body.error?.message]).toEqual([
      502,
      expect.stringContaining('no answer within 100 ms'),
    ]);
  });
});

test('closing records what was in flight as aborted', async () => {
  on.upstream.latencyMs = 5_000;
  const reply = chat(on.gateway.url, { index: 0 }).catch(() => undefined);
  await expect.poll(() => on.upstream.bodies.length, soon).toBe(1);
  await Promise.all([on.gateway.close(), on.gateway.close()]);
  await reply;
  await on.open();
  expect((await on.records())[0]).toMatchObject({ finish: 'aborted' });
});
