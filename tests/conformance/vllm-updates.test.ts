// Weight updates of a fleet of scripted vLLM servers: what fails, hangs and dies, at every call.
import { describe, expect, test } from 'vitest';
import type { WeightTag } from '../../contracts/weight-update.ts';
import { TIMEOUTS_MS } from '../../infra/vllm/server.ts';
import type { Fault } from '../support/scripted-vllm-parts.ts';
import { type Fleet, startFleet, type Weights } from '../support/vllm-fleet.ts';

/** Two servers that serve version 1 while somebody samples. */
async function servingOne(): Promise<{ fleet: Fleet; one: Weights; [Symbol.asyncDispose](): Promise<void> }> {
  const fleet = await startFleet(2);
  const one = await fleet.weights(1);
  await fleet.move(fleet.update(one, 1));
  for (const server of fleet.servers) server.speeds.completion = 3;
  return { fleet, one, [Symbol.asyncDispose]: async () => fleet[Symbol.asyncDispose]() };
}

test('a fleet moves to a new version and nothing but whole versions is sampled', async () => {
  await using serving = await servingOne();
  const { fleet, one } = serving;
  const two = await fleet.weights(2, one);
  const sampling = fleet.sample(one, two);
  await expect.poll(() => fleet.servers.every(({ samples }) => samples.length > 3)).toBe(true);
  const updated = await fleet.move(fleet.update(two, 2));
  expect(updated).toEqual({ tag: two.tag, serving: fleet.urls, lost: [], calls: 12 });
  await fleet.expectServing(two);
  const given = async (tag: WeightTag) =>
    (await Promise.all(fleet.servers.map((server) => fleet.given(server, tag)))).reduce((sum, one) => sum + one);
  await expect.poll(() => given(two.tag)).toBeGreaterThan(3);
  expect(await given(one.tag)).toBeGreaterThan(3);
  await sampling.stop();
  await fleet.audit();
});

test('an update to what is served already makes no call that changes anything', async () => {
  await using serving = await servingOne();
  const { fleet, one } = serving;
  expect(await fleet.move(fleet.update(one, 1))).toMatchObject({ calls: 0, lost: [] });
  // A newer update claims the servers, and finds them right.
  expect(await fleet.move(fleet.update(one, 2))).toMatchObject({ calls: 2, lost: [] });
  await fleet.expectServing(one);
});

const PATHS = [
  '/init_weight_transfer_engine',
  '/pause',
  '/start_weight_update',
  '/update_weights',
  '/finish_weight_update',
  '/resume',
];
const FAULTS: readonly Fault[] = (['refuses', 'hangs', 'dies'] as const).flatMap((kind) =>
  (['none', 'half', 'all'] as const).map((stops) => ({ kind, stops })),
);

// Most of the time they wait for calls that hang.
describe.concurrent.each(PATHS)('%s', (path) => {
  test.each(FAULTS.map((fault) => [JSON.stringify(fault), fault] as const))('at one server: %s', async (_, fault) => {
    await using serving = await servingOne();
    const { fleet, one } = serving;
    const two = await fleet.weights(2, one);
    const sampling = fleet.sample(one, two);
    let times = 2;
    fleet.servers[1]!.fault = (asked) => (asked === path && times-- > 0 ? fault : undefined);
    const updated = await fleet.move(fleet.update(two, 2));
    expect(updated.lost).toEqual([]);
    await fleet.expectServing(two);
    await sampling.stop();
    await fleet.audit();
  });
});

test('a load that breaks off in the middle is flushed before the next: otherwise parameters would stay unset', async () => {
  await using serving = await servingOne();
  const { fleet, one } = serving;
  const two = await fleet.weights(2, one);
  let times = 3;
  fleet.servers[0]!.fault = (asked) => (asked === '/update_weights' && times-- > 0 ? { kind: 'breaks' } : undefined);
  await fleet.move(fleet.update(two, 2));
  await fleet.expectServing(two);
});

test('a server that does not come back is given up and named; the others serve', async () => {
  await using serving = await servingOne();
  const { fleet, one } = serving;
  const two = await fleet.weights(2, one);
  await fleet.servers[1]!.close();
  const over = { minimumServers: 1, patienceMs: 300 };
  const updated = await fleet.move(fleet.update(two, 2, over));
  expect(updated.serving).toEqual([fleet.urls[0]]);
  expect(updated.lost).toMatchObject([{ url: fleet.urls[1], why: expect.stringContaining('ECONNREFUSED') }]);
  await fleet.expectServing(two, [fleet.servers[0]!]);
});

test('a server that loads longer than the patience lasts is not given up: a killed orchestrator may have told it to', async () => {
  await using serving = await servingOne();
  const { fleet, one } = serving;
  const two = await fleet.weights(2, one);
  const until = performance.now() + 1_500;
  fleet.servers[1]!.fault = (asked) =>
    asked === '/collective_rpc' && performance.now() < until ? { kind: 'hangs', stops: 'none' } : undefined;
  const timeoutsMs = { ...TIMEOUTS_MS, observe: 200, update: 20_000 };
  const updated = await fleet.move(fleet.update(two, 2, { minimumServers: 1, patienceMs: 300, timeoutsMs }));
  expect(updated).toMatchObject({ serving: fleet.urls, lost: [] });
});

test('a server that cannot load stays paused when it is given up', async () => {
  await using serving = await servingOne();
  const { fleet, one } = serving;
  const two = await fleet.weights(2, one);
  const sampling = fleet.sample(one, two);
  const bad = fleet.servers[1]!;
  bad.fault = (asked) => (asked === '/update_weights' ? { kind: 'breaks' } : undefined);
  const updated = await fleet.move(fleet.update(two, 2, { minimumServers: 1, maximumFailures: 3 }));
  expect(updated.lost).toEqual([{ url: bad.url, why: '3 calls failed' }]);
  expect(bad.model.paused).toBe(true);
  await sampling.stop();
  await fleet.audit();
});

test('with too few servers left the update fails, and says why of each', async () => {
  await using serving = await servingOne();
  const { fleet, one } = serving;
  const two = await fleet.weights(2, one);
  await fleet.servers[1]!.close();
  const failure = await fleet.move(fleet.update(two, 2, { patienceMs: 200 })).catch((error: Error) => error);
  expect(failure).toMatchObject({ code: 'rollout.update_failed' });
  expect((failure as Error).message).toMatch(/fewer than 2 of 2 servers can come to 2-.*ECONNREFUSED/);
});

test('of two orchestrators the older one stops', async () => {
  await using serving = await servingOne();
  const { fleet, one } = serving;
  const [two, three] = [await fleet.weights(2, one), await fleet.weights(3, one)];
  for (const server of fleet.servers) server.speeds.worker = 30;
  const older = fleet.move(fleet.update(two, 2)).catch((error: Error) => error);
  await expect.poll(() => fleet.servers[0]!.calls.includes('/update_weights')).toBe(true);
  const newer = await fleet.move(fleet.update(three, 3, { maximumFailures: 100 }));
  expect(newer.lost).toEqual([]);
  expect(await older).toMatchObject({ code: 'rollout.superseded' });
  await fleet.expectServing(three);
});

test('each server is told what it needs: deltas from what is on its disk, or the full checkpoint first', async () => {
  await using serving = await servingOne();
  const { fleet, one } = serving;
  const two = await fleet.weights(2, one);
  const three = await fleet.weights(3, two);
  for (const worker of fleet.servers[1]!.model.workers) worker.cache = null;
  const bodies = new Map<string, unknown>();
  await fleet.move({
    ...fleet.update(three, 3),
    onCall: ({ url, call, when }) => {
      if (call === 'finish' && when === 'before')
        bodies.set(url, fleet.servers.find((one) => one.url === url)!.told.at(-1));
    },
  });
  expect(bodies.get(fleet.urls[0]!)).toMatchObject({ tag: three.tag, base: null, deltas: [two.ref, three.ref] });
  expect(bodies.get(fleet.urls[1]!)).toMatchObject({ tag: three.tag, base: one.ref, deltas: [two.ref, three.ref] });
});

describe('a server that cannot take part', () => {
  test.each([
    ['has no worker class of ours', { plain: true }, {}, /501.*start it with --worker-cls of this image/],
    ['has another control token', { controlToken: 'a' }, { controlToken: 'b' }, /401.*control token/],
  ])('%s: nothing is changed on any', async (_, options, over, message) => {
    await using fleet = await startFleet(2, options);
    const one = await fleet.weights(1);
    const failure = await fleet.move(fleet.update(one, 1, over)).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'rollout.unfit', message: expect.stringMatching(message) });
    expect(fleet.servers.every(({ model, calls }) => !model.paused && !calls.includes('/start_weight_update'))).toBe(
      true,
    );
  });

  test('asks for the control token, and gets it', async () => {
    await using fleet = await startFleet(1, { controlToken: 'the right one' });
    const one = await fleet.weights(1);
    await fleet.move(fleet.update(one, 1, { controlToken: 'the right one' }));
    await fleet.expectServing(one);
  });
});

test('a damaged manifest and a chain with a wrong parent are refused before any server is asked', async () => {
  await using fleet = await startFleet(1);
  const one = await fleet.weights(1);
  const two = await fleet.weights(2, { ...one, tag: (await fleet.weights(7)).tag });
  const good = JSON.parse(Buffer.from(await fleet.store.get(one.ref)).toString()) as { digest: string };
  const bad = await fleet.store.put(JSON.stringify({ ...good, digest: 'f'.repeat(64) }));
  for (const ref of [two.ref, bad, await fleet.store.put('{}'), await fleet.store.put('no JSON')]) {
    const update = fleet.move(fleet.update({ ref, tag: one.tag }, 1));
    await expect(update).rejects.toMatchObject({ code: 'weights.corrupt' });
  }
  expect(fleet.servers[0]!.calls).toEqual([]);
});
