// Every way in which calls can fail, half happen, or be followed by a server's death or an orchestrator's, in every order:
// whatever happens, nothing is served but one whole set of weights, and when the failures end the fleet comes to the target.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeWeightTag, type StoreUpdateInfo, type WeightTag } from '../contracts/weight-update.ts';
import {
  callWorkers,
  change,
  contentOf,
  describeWorkers,
  learn,
  type ModelServer,
  startModelServer,
  WORK,
} from '../tests/support/vllm-model.ts';
import {
  foldWorkers,
  type ObservedServer,
  planWeightUpdate,
  type ServerState,
  type WeightCall,
  type WeightTarget,
} from './weight-update.ts';

const NEW = makeWeightTag(3, 'ab'.repeat(32));
const OLD = makeWeightTag(2, 'cd'.repeat(32));
const TARGET: WeightTarget = {
  tag: NEW,
  fence: 7,
  minimumServers: 1,
  maximumFailures: 1e9,
  patienceMs: 1e9,
  loadMs: 1e9,
};
const REF = { uri: `store:objects/ab/${'ab'.repeat(32)}`, sha256: 'ab'.repeat(32), bytes: 1 } as never;
const update = (tag: WeightTag, fence: number): StoreUpdateInfo => ({
  ...{ fence, tag, manifest: REF, base: null, deltas: [] },
});

interface World {
  readonly servers: Map<string, ModelServer>;
  /** Those that do not answer now. */
  readonly silent: Set<string>;
}

const world = (servers: number, ranks: number): World => ({
  servers: new Map(Array.from({ length: servers }, (_, n) => [`s${n}`, startModelServer(ranks)])),
  silent: new Set(),
});

function look({ servers, silent }: World): ObservedServer[] {
  return [...servers].map(([url, server]) => {
    if (silent.has(url)) return { url, state: { reach: 'silent', why: 'refused', forMs: 0 }, failures: 0 };
    const told = describeWorkers(server);
    learn(server, told);
    return { url, state: foldWorkers(server.paused, told), failures: 0 };
  });
}

type Fate = 'well' | 'not reached' | 'half reached' | 'breaks' | 'dies before' | 'dies after' | 'falls silent';
const FATES: readonly Fate[] = [
  'well',
  'not reached',
  'half reached',
  'breaks',
  'dies before',
  'dies after',
  'falls silent',
];

/** One call with what becomes of it. The orchestrator learns nothing of it but by looking again. */
function perform(at: World, url: string, call: WeightCall, fate: Fate, target: WeightTarget): void {
  if (fate === 'falls silent') {
    at.silent.add(url);
    return;
  }
  if (fate === 'dies before') at.servers.set(url, startModelServer(at.servers.get(url)!.workers.length));
  const server = at.servers.get(url)!;
  const stops = fate === 'not reached' ? 'none' : fate === 'half reached' ? 'half' : 'all';
  try {
    if (call === 'pause') server.paused = true;
    else if (call === 'resume') server.paused = false;
    else if (call === 'init') callWorkers(server, stops, WORK.init(target.fence));
    else {
      change(server);
      const work = call === 'update' ? WORK.update(update(target.tag, target.fence), fate === 'breaks') : WORK[call];
      callWorkers(server, stops, work);
    }
  } catch {
    // It answers 500.
  }
  if (fate === 'dies after') at.servers.set(url, startModelServer(server.workers.length));
}

/** What the front end would let through now, and what it would be made with. */
function mustServeOnlyWhole(at: World): void {
  for (const [url, server] of at.servers) {
    if (server.paused || server.guard === null) continue;
    expect(contentOf(server), `${url} serves ${server.guard}`).toBe(server.guard);
  }
}

/** Plans and performs until done; `fates` run out, and then everything goes well. */
function run(at: World, fates: Fate[], target: WeightTarget, limit = 500): number {
  for (let steps = 0; steps < limit; steps += 1) {
    const plan = planWeightUpdate(look(at), target);
    mustServeOnlyWhole(at);
    if (plan.kind === 'done') return steps;
    if (plan.kind === 'wait') {
      expect(plan.servers.every((url) => at.silent.has(url))).toBe(true);
      at.silent.clear();
      continue;
    }
    if (plan.kind !== 'act') throw new Error(`${plan.kind}`);
    for (const { url, call } of plan.calls) {
      if (call === 'resume') expect(contentOf(at.servers.get(url)!)).toBe(target.tag);
      perform(at, url, call, fates.shift() ?? 'well', target);
      mustServeOnlyWhole(at);
    }
  }
  throw new Error('it does not come to an end');
}

function atTarget(at: World, tag: WeightTag): void {
  for (const server of at.servers.values()) {
    expect({ paused: server.paused, content: contentOf(server), guard: server.guard }).toEqual({
      ...{ paused: false, content: tag, guard: tag },
    });
  }
}

const fates = fc.array(fc.constantFrom(...FATES), { maxLength: 60 });
const size = fc.record({ servers: fc.integer({ min: 1, max: 4 }), ranks: fc.integer({ min: 1, max: 4 }) });

describe('whatever happens to its calls', () => {
  it('comes to the target from the start, and serves nothing else on the way', () => {
    fc.assert(
      fc.property(size, fates, ({ servers, ranks }, drawn) => {
        const at = world(servers, ranks);
        run(at, [...drawn], TARGET);
        atTarget(at, NEW);
      }),
      { numRuns: 600 },
    );
  });

  it('comes to the target from wherever another update was left by a kill', () => {
    const left = fc.integer({ min: 0, max: 25 });
    fc.assert(
      // Also back to what the servers still had when the other one began.
      fc.property(
        size,
        fates,
        left,
        fates,
        fc.constantFrom(NEW, OLD),
        ({ servers, ranks }, first, calls, second, tag) => {
          const at = world(servers, ranks);
          run(at, [], { ...TARGET, tag: OLD, fence: 1 });
          try {
            // An orchestrator that is killed after so many calls.
            let made = 0;
            const drawn = { shift: () => (made++ < calls ? first.shift() : raise()) } as Fate[];
            run(at, drawn, { ...TARGET, tag: makeWeightTag(9, 'ef'.repeat(32)), fence: 2 });
          } catch {
            // Killed, in the middle of a round of calls.
          }
          run(at, [...second], { ...TARGET, tag });
          atTarget(at, tag);
        },
      ),
      { numRuns: 600 },
    );
  });
});

function raise(): never {
  throw new Error('killed');
}

describe('the order of an update', () => {
  it('is claim, pause, start, update, finish, resume, each everywhere before the next', () => {
    const at = world(3, 2);
    const order: string[] = [];
    for (;;) {
      const plan = planWeightUpdate(look(at), TARGET);
      if (plan.kind !== 'act') break;
      order.push([...new Set(plan.calls.map(({ call }) => call))].join('+') + plan.calls.length);
      for (const { url, call } of plan.calls) perform(at, url, call, 'well', TARGET);
    }
    expect(order).toEqual(['init3', 'pause3', 'start3', 'update3', 'finish3', 'resume3']);
  });

  it('flushes a load that was broken off before it loads again: vLLM would leave parameters unset', () => {
    const at = world(1, 2);
    const calls: string[] = [];
    const drawn: Fate[] = ['well', 'well', 'well', 'breaks'];
    for (;;) {
      const plan = planWeightUpdate(look(at), TARGET);
      if (plan.kind !== 'act') break;
      for (const { url, call } of plan.calls) {
        calls.push(call);
        perform(at, url, call, drawn.shift() ?? 'well', TARGET);
      }
    }
    expect(calls.join(' ')).toBe('init pause start update start finish start update finish resume');
  });

  it('leaves servers alone that are at the target while another one is brought back', () => {
    const at = world(3, 1);
    run(at, [], TARGET);
    at.servers.set('s1', startModelServer(1));
    const touched = new Set<string>();
    for (;;) {
      const plan = planWeightUpdate(look(at), TARGET);
      if (plan.kind !== 'act') break;
      for (const { url, call } of plan.calls) {
        touched.add(url);
        perform(at, url, call, 'well', TARGET);
      }
    }
    expect([...touched]).toEqual(['s1']);
  });
});

describe('servers that cannot be had', () => {
  const answering: ServerState = foldWorkers(false, describeWorkers(startModelServer(1)));
  const at = (state: ServerState, failures = 0): ObservedServer => ({ url: `u${failures}`, state, failures });
  const silent = (forMs: number): ServerState => ({ reach: 'silent', why: 'refused', forMs });
  const strict = { ...TARGET, maximumFailures: 3, patienceMs: 60_000, loadMs: 180_000, minimumServers: 1 };

  it('are given as long as a load may take while they are busy, however short the patience', () => {
    const ready = { ...answering, serving: NEW, fence: { all: 7, any: 7 } } as ServerState;
    const busy = (forMs: number): ServerState => ({ reach: 'silent', why: 'no answer', forMs, busy: true });
    const plan = (forMs: number) => planWeightUpdate([at(ready), at(busy(forMs), 1)], strict);
    expect(plan(179_999)).toEqual({ kind: 'wait', servers: ['u1'] });
    expect(plan(180_000)).toMatchObject({ kind: 'done', lost: [{ url: 'u1' }] });
  });

  it('are waited for before any other is changed, and not for ever', () => {
    const paused = { ...foldWorkers(true, describeWorkers(startModelServer(1))), fence: { all: 7, any: 7 } };
    expect(planWeightUpdate([at(paused), at(silent(1_000), 1)], strict)).toEqual({ kind: 'wait', servers: ['u1'] });
    expect(planWeightUpdate([at(paused), at(silent(60_000), 1)], strict)).toEqual({
      kind: 'act',
      calls: [{ url: 'u0', call: 'start' }],
    });
  });

  it('are waited for before any other is resumed, and not for ever', () => {
    const ready = { ...answering, paused: true, serving: NEW, fence: { all: 7, any: 7 } } as ServerState;
    expect(planWeightUpdate([at(ready), at(silent(1_000), 1)], strict)).toEqual({ kind: 'wait', servers: ['u1'] });
    expect(planWeightUpdate([at(ready), at(silent(60_000), 1)], strict)).toEqual({
      kind: 'act',
      calls: [{ url: 'u0', call: 'resume' }],
    });
  });

  it('are given up after too many failed calls, and named', () => {
    const plan = planWeightUpdate([at(answering, 3), at(silent(60_000))], strict);
    expect(plan).toEqual({
      kind: 'failed',
      lost: [
        { url: 'u3', why: '3 calls failed' },
        { url: 'u0', why: 'no answer for 60 s: refused' },
      ],
    });
  });

  it('do not hold up the others once they are given up', () => {
    const ready = { ...answering, serving: NEW, fence: { all: 7, any: 7 } } as ServerState;
    expect(planWeightUpdate([at(ready), at(silent(60_000), 1)], strict)).toEqual({
      kind: 'done',
      serving: ['u0'],
      lost: [{ url: 'u1', why: 'no answer for 60 s: refused' }],
    });
  });

  it('give way to a newer update, even when only one worker knows of it', () => {
    const [first, second] = describeWorkers(startModelServer(2));
    const state = foldWorkers(false, [first!, { ...second!, fence: 8 }]);
    expect(planWeightUpdate([at(state)], strict)).toEqual({ kind: 'superseded', by: 8 });
  });
});
