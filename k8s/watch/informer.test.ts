// Against a scripted API server over real sockets: each thing that goes wrong, and then many in a row.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AnnealError } from '../../contracts/errors.ts';
import { type Informer, startInformer, type Timings } from './informer.ts';
import { type Item, type ScriptedApi, startScriptedApi, type WatchFault } from './scripted-api.fixture.ts';

const schema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string(), uid: z.string(), resourceVersion: z.string() }),
  spec: z.object({ value: z.number() }),
});
type Thing = z.infer<typeof schema>;

const FAST: Partial<Timings> = { silenceMs: 300, answerMs: 300, shortestPauseMs: 5, longestPauseMs: 40 };
/** Where nothing goes wrong, a busy machine must not look as if something did. */
const CALM: Partial<Timings> = { silenceMs: 20_000, answerMs: 20_000 };
const WITHIN = { timeout: 5_000, interval: 10 };

describe('an informer', () => {
  let api: ScriptedApi;
  let informer: Informer<Thing>;
  let troubles: AnnealError[];
  /** What the handlers were told, put together. */
  let told: Map<string, number>;
  let deletions: string[];

  const start = (timings: Partial<Timings> = {}): void => {
    informer = startInformer({
      cluster: api.cluster,
      path: api.path,
      schema,
      on: {
        added: ({ metadata, spec }) => void told.set(metadata.name, spec.value),
        changed: ({ metadata, spec }) => void told.set(metadata.name, spec.value),
        deleted({ metadata }) {
          told.delete(metadata.name);
          deletions.push(metadata.name);
        },
      },
      onTrouble: (trouble) => void troubles.push(trouble),
      timings: { ...FAST, ...timings },
    });
  };
  const valuesOf = (items: Iterable<Item | Thing>): Record<string, number> =>
    Object.fromEntries([...items].map(({ metadata, spec }) => [metadata.name, spec.value]));
  const converges = async (): Promise<void> => {
    await expect.poll(() => Object.fromEntries(told), WITHIN).toEqual(valuesOf(api.items.values()));
    expect(valuesOf(informer.list())).toEqual(Object.fromEntries(told));
  };

  beforeEach(async () => {
    api = await startScriptedApi();
    troubles = [];
    told = new Map();
    deletions = [];
    for (const name of ['a', 'b', 'c']) api.put(name, 1);
  });
  afterEach(async () => {
    await informer?.close();
    await api.stop();
  });

  it('lists page by page, follows, and keeps of an object only what its schema names', async () => {
    for (let index = 0; index < 1_200; index += 1) api.put(`more-${index}`, index);
    start(CALM);
    await informer.synced();
    expect(informer.size).toBe(1_203);
    expect(Object.keys(informer.get('more-7', 'team-a')?.spec ?? {})).toEqual(['value']);
    api.put('a', 2);
    api.put('d', 1);
    api.remove('b');
    await converges();
    expect(informer.figures).toMatchObject({ lists: 1, events: 3, troubles: 0 });
  });

  it.each<[string, WatchFault[]]>([
    ['503', ['503', '503']],
    ['410 as a status', ['410']],
    ['410 as an event', ['expired']],
    ['a socket that is open on our side only', ['silent']],
    ['an empty 200', ['empty', 'empty']],
    ['a line that is no event', ['garbage']],
    ['a connection cut within an event', [{ cut: 150 }]],
    ['one after the other', ['503', 'silent', 'expired', { cut: 10 }, 'empty', '410', 'garbage', { cut: 700 }]],
  ])('survives %s', async (_, faults) => {
    api.watchFaults.push(...faults);
    start({ answerMs: 5_000 });
    await informer.synced();
    for (let value = 2; api.watchFaults.length > 0; value += 1) {
      api.put('a', value);
      if (value % 2 === 0) api.remove('b');
      else api.put('b', value);
      await new Promise((done) => setTimeout(done, 5));
    }
    await converges();
    api.put('last', 1);
    await converges();
    expect(informer.figures.watches).toBeGreaterThan(1);
    // A silence is no sign that anything was missed: the next watch begins where the last one ended.
    expect(informer.figures.lists > 1).toBe(faults.some((fault) => fault !== 'silent'));
  });

  it('survives an API server that is away, with what changed meanwhile, and says that it knows too little until then', async () => {
    start();
    expect(informer.isCurrent).toBe(false);
    await informer.synced();
    expect(informer.isCurrent).toBe(true);
    const away = api.away(1_500);
    await expect.poll(() => informer.isCurrent, WITHIN).toBe(false);
    api.put('a', 7);
    api.remove('c');
    api.compact();
    await away;
    await converges();
    expect(informer.isCurrent).toBe(true);
    expect(troubles.every(({ code }) => code === 'cluster.unavailable')).toBe(true);
  });

  it('goes on from the last bookmark when a watch ends as it should, without a list', async () => {
    start({ ...CALM, watchMs: 1_000 });
    await informer.synced();
    await expect.poll(() => informer.figures.watches, WITHIN).toBeGreaterThan(2);
    api.put('a', 3);
    await converges();
    expect(informer.figures).toMatchObject({ lists: 1, troubles: 0 });
  });

  it('lists again from time to time: what no watch told is made good', async () => {
    start({ ...CALM, relistMs: 500, watchMs: 60_000 });
    await informer.synced();
    await expect.poll(() => informer.figures.lists, WITHIN).toBeGreaterThan(2);
    expect(troubles).toEqual([]);
  });

  it('begins a list anew whose pages expire, and takes for deleted only what is', async () => {
    for (let index = 0; index < 1_200; index += 1) api.put(`more-${index}`, index);
    api.listFaults.push('ok', 'expired', 'ok', 'ok', 'expired', 'ok', 'half', '503');
    // Listed on the first page already.
    api.beforeExpiry = () => api.remove('a');
    start();
    await informer.synced();
    expect(informer.size).toBe(1_202);
    expect(deletions).toEqual(['a']);
  });

  it('tells an object that was replaced as deleted and added', async () => {
    start();
    await informer.synced();
    const before = informer.get('a', 'team-a');
    api.watchFaults.push('expired');
    await api.away(20);
    api.remove('a');
    api.put('a', 1);
    await expect.poll(() => informer.get('a', 'team-a')?.metadata.uid, WITHIN).not.toBe(before?.metadata.uid);
    expect(deletions).toEqual(['a']);
    expect(told.get('a')).toBe(1);
  });

  it('reports an object that it does not understand, and goes on', async () => {
    start(CALM);
    await informer.synced();
    api.putRaw('strange', { spec: { value: 'none' } });
    api.put('d', 4);
    await converges();
    expect(troubles.map(({ code }) => code)).toEqual(['cluster.rejected']);
  });

  it('says at once that it may not list, and goes on when it may', async () => {
    api.listFaults.push('403');
    start();
    await expect(informer.synced()).rejects.toMatchObject({ code: 'cluster.denied' });
    await informer.synced();
    await converges();
  });

  it('says when a server does not answer in time', async () => {
    api.listFaults.push('never', 'never', 'never', 'never', 'never', 'never');
    start();
    await expect(informer.synced(200)).rejects.toMatchObject({ code: 'cluster.unavailable' });
  });

  it('ends: no connection stays and nothing more is told', async () => {
    start();
    await informer.synced();
    await expect.poll(() => api.openWatches, WITHIN).toBe(1);
    await informer.close();
    await expect.poll(() => api.openWatches, WITHIN).toBe(0);
    api.put('late', 1);
    await new Promise((done) => setTimeout(done, 50));
    expect(told.has('late')).toBe(false);
  });

  it('knows in the end what the server knows, whatever goes wrong in between', async () => {
    const fault: fc.Arbitrary<WatchFault> = fc.oneof(
      fc.constantFrom<WatchFault>('503', '410', 'expired', 'silent', 'empty', 'garbage'),
      fc.nat(2_000).map((cut) => ({ cut })),
    );
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ put: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.nat(9) }) },
      { weight: 3, arbitrary: fc.record({ remove: fc.constantFrom('a', 'b', 'c', 'd') }) },
      { weight: 3, arbitrary: fc.record({ fault }) },
      { weight: 1, arbitrary: fc.record({ compact: fc.constant(true) }) },
      { weight: 1, arbitrary: fc.record({ away: fc.nat(30) }) },
    );
    start({ silenceMs: 150, relistMs: 2_000 });
    await informer.synced();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        for (const one of steps) {
          if ('put' in one) api.put(one.put, one.value);
          if ('remove' in one) api.remove(one.remove);
          if ('fault' in one) api.watchFaults.push(one.fault);
          if ('compact' in one) api.compact();
          if ('away' in one) await api.away(one.away);
          await new Promise((done) => setTimeout(done, 3));
        }
        await expect.poll(() => api.watchFaults.length, { ...WITHIN, timeout: 15_000 }).toBe(0);
        await converges();
      }),
      { numRuns: 15, endOnFailure: true },
    );
  }, 120_000);
});
