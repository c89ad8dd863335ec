// What every tracker must do, whichever adapter: run it against each (tracker.mlflow.test.ts …).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnnealError } from '../../contracts/errors.ts';
import { campaignName, sha256 } from '../../contracts/ids.ts';
import type { RunCell, TrackedPoint, TrackedRun, Tracker, TrackerRun } from '../../contracts/tracker.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';

/** What the server shows of a run, asked by its own API and not through the adapter. */
export interface Shown {
  /** By curve, in the order of the axis. */
  readonly curves: Readonly<Record<string, readonly { readonly at: number; readonly value: number }[]>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly summary: Readonly<Record<string, number | string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly ending: string;
}

export interface TrackerUnderTest {
  readonly url: string;
  /** A client of its own for each call, as another worker has; `key` instead of the right one. */
  tracker(url: string, key?: string): Tracker;
  show(run: TrackerRun): Promise<Shown>;
  /** How many runs it shows for a campaign. */
  count(campaign: string): Promise<number>;
  /** As a human does it in the tracker's pages. */
  remove(run: TrackerRun): Promise<void>;
  /** How it calls the endings. */
  readonly endings: Readonly<Record<'running' | 'finished' | 'failed' | 'cancelled', string>>;
  /** Whether a wrong key is refused; an MLflow server of its own has none. */
  readonly keyed: boolean;
  close(): Promise<void>;
}

export function memoryCell(): RunCell & { forget(): void } {
  let held: string | undefined;
  return {
    forget: () => {
      held = undefined;
    },
    read: async () => held,
    replace: async (before, id) => {
      if (held === before) held = id;
      return held!;
    },
  };
}

const hash = (digit: string) => sha256.parse(digit.repeat(64));
const START = Date.parse('2026-03-01T12:00:00Z');
let runs = 0;
const campaignRun = (changes: Partial<TrackedRun> = {}): TrackedRun => ({
  campaign: campaignName.parse(`tracked-${runs++}`),
  specHash: hash('a'),
  description: 'a "campaign" of many words',
  owner: 'someone@example.org',
  startedAt: START,
  parameters: { 'training.learningRate': '0.0001', 'harness.prompt': '{instruction}\nOnly code.' },
  ...changes,
});

/** A baseline, and `rounds` rounds of `steps` steps. */
function points(rounds: number, steps: number): TrackedPoint[] {
  const all: TrackedPoint[] = [];
  const add = (point: Omit<TrackedPoint, 'index' | 'time'>): void =>
    void all.push({ ...point, index: all.length, time: START + 1_000 * all.length });
  add({ axis: 'round', at: 0, round: 0, values: { 'gate/pass_rate': 0.25 } });
  for (let round = 1; round <= rounds; round += 1) {
    for (let step = 1; step <= steps; step += 1) {
      const at = (round - 1) * steps + step;
      add({ axis: 'step', at, round, values: { 'train/loss': 1 / at, 'train/kl': at / 1024 } });
    }
    add({
      axis: 'round',
      at: round,
      round,
      values: { 'gate/pass_rate': 0.25 + round / 64, 'round/tokens': 7 * round },
    });
  }
  return all;
}
const curve = (of: readonly TrackedPoint[], key: string) =>
  of.flatMap(({ at, values }) => (values[key] === undefined ? [] : [{ at, value: values[key] }]));
const code = (wanted: string) => expect.objectContaining({ code: wanted });

export function trackerConformance(name: string, start: () => Promise<TrackerUnderTest>): void {
  describe(`tracker: ${name}`, () => {
    let under: TrackerUnderTest;
    let proxy: FaultProxy;
    const open = (run: TrackedRun, cell: RunCell = memoryCell()) => under.tracker(under.url).open(run, cell);

    beforeAll(async () => {
      under = await start();
      proxy = await startFaultProxy(under.url);
    }, 180_000);
    afterAll(async () => {
      await proxy?.close();
      await under?.close();
    });

    describe('runs', () => {
      it('has one run of a campaign and specification, however often it is opened', async () => {
        const run = campaignRun();
        const cell = memoryCell();
        const first = await open(run, cell);
        expect((await open(run, cell)).id).toBe(first.id);
        expect(await under.count(run.campaign)).toBe(1);
        expect((await under.show(first)).parameters).toMatchObject(run.parameters);
        expect(first.url).toMatch(/^http/);
      });

      it('tells campaigns of one name and different specifications apart', async () => {
        const run = campaignRun();
        const other = { ...run, specHash: hash('b') };
        expect((await open(run)).id).not.toBe((await open(other)).id);
        expect(await under.count(run.campaign)).toBe(2);
      });

      it('finds a run that was made and never remembered, as a killed worker leaves it', async () => {
        const run = campaignRun();
        const cell = memoryCell();
        const first = await open(run, cell);
        cell.forget();
        expect((await open(run, cell)).id).toBe(first.id);
        expect(await under.count(run.campaign)).toBe(1);
      });

      it('is one run when several workers open it at once', async () => {
        const run = campaignRun();
        const cell = memoryCell();
        const opened = await Promise.all(Array.from({ length: 5 }, () => open(run, cell)));
        expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
        expect(await under.count(run.campaign)).toBe(1);
      });

      it('is made anew after somebody deleted it, and lacks everything', async () => {
        const run = campaignRun();
        const cell = memoryCell();
        const first = await open(run, cell);
        await first.log(points(1, 2));
        await under.remove(first);
        const second = await open(run, cell);
        expect(second.logged).toBe(0);
        await second.log(points(1, 2));
        expect((await under.show(second)).curves['train/loss']).toEqual(curve(points(1, 2), 'train/loss'));
        expect(await under.count(run.campaign)).toBe(1);
      });
    });

    describe('curves', () => {
      it('shows every point at its place, more than fit into one request', async () => {
        const told = points(6, 130);
        const run = await open(campaignRun());
        expect(run.logged).toBe(0);
        await run.log(told);
        expect(run.logged).toBe(told.length);
        const { curves } = await under.show(run);
        for (const key of ['train/loss', 'train/kl', 'gate/pass_rate', 'round/tokens'])
          expect(curves[key], key).toEqual(curve(told, key));
      });

      it('says what it has, and takes what it has again without a second copy', async () => {
        const run = campaignRun();
        const cell = memoryCell();
        const told = points(3, 4);
        await (await open(run, cell)).log(told.slice(0, 9));
        const again = await open(run, cell);
        expect(again.logged).toBe(9);
        await again.log(told);
        await again.log(told.slice(4));
        const { curves } = await under.show(again);
        expect(curves['train/loss']).toEqual(curve(told, 'train/loss'));
        expect(curves['gate/pass_rate']).toEqual(curve(told, 'gate/pass_rate'));
      });

      it('is told by two workers at once and shows one of each', async () => {
        const run = campaignRun();
        const cell = memoryCell();
        const told = points(3, 5);
        const workers = await Promise.all([open(run, cell), open(run, cell)]);
        await Promise.all(workers.map((worker) => worker.log(told)));
        expect((await under.show(workers[0]!)).curves['train/kl']).toEqual(curve(told, 'train/kl'));
      });

      it('leaves out what is no number', async () => {
        const [first] = points(0, 0);
        const run = await open(campaignRun());
        await run.log([
          { ...first!, values: { 'train/loss': Number.NaN, 'train/kl': Infinity, 'gate/pass_rate': 0.5 } },
        ]);
        const { curves } = await under.show(run);
        expect(curves['train/loss'] ?? []).toEqual([]);
        expect(curves['gate/pass_rate']).toEqual([{ at: 0, value: 0.5 }]);
      });
    });

    describe('faults', () => {
      // A request that was carried out, and whose sender was told that it was not, is what a crash in between looks like.
      it.each(['lost', 'reset'] as const)('tells again after each answer was %s in turn', async (kind) => {
        const run = campaignRun();
        const cell = memoryCell();
        const told = points(3, 6);
        const tellAll = async (): Promise<TrackerRun> => {
          const opened = await under.tracker(proxy.endpoint).open(run, cell);
          await opened.log(told.slice(opened.logged));
          await opened.summarise({ 'campaign/ending': 'released', 'campaign/rounds': 3 });
          await opened.put({ name: 'spec.json', bytes: Buffer.from('{"a":1}'), type: 'application/json' });
          await opened.end('finished', START + 60_000);
          return opened;
        };
        let opened: TrackerRun | undefined;
        let failures = 0;
        for (let passes = 0; opened === undefined; passes += 1) {
          // One more request gets through each time, and the one after it does not.
          let left = passes;
          proxy.inject({ kind }, 1, () => left-- === 0);
          const before = proxy.met();
          opened = await tellAll().catch((failure: unknown) => {
            expect(failure).toEqual(code('tracker.unavailable'));
            failures += 1;
            return undefined;
          });
          expect(proxy.met()).toBe(opened === undefined ? before + 1 : before);
          if (passes > 40) throw new Error('it never gets through');
        }
        expect(failures).toBeGreaterThan(3);
        expect(await under.count(run.campaign)).toBe(1);
        const shown = await under.show(opened);
        expect(shown.curves['train/loss']).toEqual(curve(told, 'train/loss'));
        expect(shown.curves['round/tokens']).toEqual(curve(told, 'round/tokens'));
        expect(shown.files).toEqual({ 'spec.json': '{"a":1}' });
        expect(shown.ending).toBe(under.endings.finished);
        // What was armed for a request that never came must not meet another test.
        await proxy.close();
        proxy = await startFaultProxy(under.url);
      });

      it('is unavailable when nobody listens, and when the server is in trouble', async () => {
        const gone = under.tracker('http://127.0.0.1:1');
        await expect(gone.open(campaignRun(), memoryCell())).rejects.toEqual(code('tracker.unavailable'));
        for (const status of [429, 500, 503]) {
          proxy.inject({ kind: 'error', status, body: '{"message":"busy"}' }, 1);
          const busy = under.tracker(proxy.endpoint).open(campaignRun(), memoryCell());
          await expect(busy).rejects.toEqual(code('tracker.unavailable'));
        }
      });

      it('is refused, and says why without the key, when the key is wrong', async () => {
        if (!under.keyed) {
          proxy.inject({ kind: 'error', status: 403, body: '{"message":"no right to write"}' }, 1);
          const failure = await refusal(under.tracker(proxy.endpoint).open(campaignRun(), memoryCell()));
          expect(failure.message).toContain('no right to write');
          return;
        }
        const failure = await refusal(under.tracker(under.url, 'wrong-secret').open(campaignRun(), memoryCell()));
        expect(failure.message).toContain('401');
        expect(failure.message).not.toContain('wrong-secret');
      });
    });

    describe('what belongs to the whole run', () => {
      it('replaces summaries and documents', async () => {
        const run = await open(campaignRun());
        // The later value stands, also where it is the smaller one.
        await run.summarise({ 'campaign/ending': 'running', 'campaign/best_version': 3 });
        await run.summarise({ 'campaign/ending': 'released', 'campaign/best_version': 2, 'sealed/pass_rate': 0.5 });
        const put = (text: string, file = 'manifest.json') =>
          run.put({ name: file, bytes: Buffer.from(text), type: 'application/json' });
        await put('{"first":true}');
        await put('{"second":true}');
        await put('weights', 'best/adapter.gguf');
        const { summary, files } = await under.show(run);
        expect(summary).toMatchObject({
          'campaign/ending': 'released',
          'campaign/best_version': 2,
          'sealed/pass_rate': 0.5,
        });
        expect(files).toEqual({ 'manifest.json': '{"second":true}', 'best/adapter.gguf': 'weights' });
      });

      it.each(['finished', 'failed', 'cancelled'] as const)(
        'ends %s, and runs again after a resume',
        async (ending) => {
          const run = campaignRun();
          const cell = memoryCell();
          const first = await open(run, cell);
          await first.log(points(1, 1));
          await first.end(ending, START + 5_000);
          expect((await under.show(first)).ending).toBe(under.endings[ending]);
          const again = await open(run, cell);
          await again.log(points(2, 1));
          await again.end('running', START + 5_000);
          const shown = await under.show(again);
          expect(shown.ending).toBe(under.endings.running);
          expect(shown.curves['train/loss']).toEqual(curve(points(2, 1), 'train/loss'));
        },
      );
    });
  });
}

async function refusal(work: Promise<unknown>): Promise<AnnealError> {
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof AnnealError && failure.code === 'tracker.refused') return failure;
  throw new Error('it was not refused', { cause: failure });
}
