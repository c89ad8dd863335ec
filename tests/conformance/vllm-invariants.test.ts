// Whether the rules of vllm-invariants.ts can fail: orchestrators with one thing wrong each, before servers that answer anybody with
// whatever they have. The real one is judged by the same rules at the end of every other test of a fleet.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { type WeightTag, weightTag } from '../../contracts/weight-update.ts';
import { updateFleet } from '../../infra/vllm/fleet.ts';
import type { VllmServer } from '../../infra/vllm/server.ts';
import type { ObservedServer, WeightPlan, WeightTarget } from '../../policies/weight-update.ts';
import { doorsSettled } from '../support/guard-door.ts';
import type { Fault } from '../support/scripted-vllm-parts.ts';
import { type Fleet, startFleet, type Weights } from '../support/vllm-fleet.ts';
import { breachesOf, type Rule } from '../support/vllm-invariants.ts';
import type { Entry, Sampled } from '../support/vllm-transcript.ts';

type Plan = (fleet: readonly ObservedServer[], target: WeightTarget) => WeightPlan;
/** How this test's orchestrator differs from the real one. */
interface Wrong {
  readonly plan?: (real: Plan) => Plan;
  readonly server?: (real: VllmServer) => VllmServer;
}
const wrong = vi.hoisted((): { now: Wrong } => ({ now: {} }));

vi.mock('../../policies/weight-update.ts', async (load) => {
  const real = await load<typeof import('../../policies/weight-update.ts')>();
  const plan: Plan = (fleet, target) =>
    (wrong.now.plan?.(real.planWeightUpdate) ?? real.planWeightUpdate)(fleet, target);
  return { ...real, planWeightUpdate: plan };
});
vi.mock('../../infra/vllm/server.ts', async (load) => {
  const real = await load<typeof import('../../infra/vllm/server.ts')>();
  const made: typeof real.createVllmServer = (options) => {
    const server = real.createVllmServer(options);
    return wrong.now.server?.(server) ?? server;
  };
  return { ...real, createVllmServer: made };
});

const observed = (one: ObservedServer, change: Partial<Answering>): ObservedServer =>
  one.state.reach === 'answering' ? { ...one, state: { ...one.state, ...change } } : one;
type Answering = Extract<ObservedServer['state'], { reach: 'answering' }>;

const noPause: Wrong = {
  plan: (real) => (fleet, target) =>
    resumed(
      real(
        fleet.map((one) => observed(one, { paused: true })),
        target,
      ),
    ),
};
/** Without pauses there is nothing to resume. */
const resumed = (plan: WeightPlan): WeightPlan =>
  plan.kind === 'act' && plan.calls.every(({ call }) => call === 'resume')
    ? { kind: 'done', serving: plan.calls.map(({ url }) => url), lost: [] }
    : plan;

interface Case {
  readonly wrong: Wrong;
  /** At the second server, three times. */
  readonly fault?: Fault & { readonly at: string };
  /** What it does when it is not a whole update. */
  readonly instead?: (fleet: Fleet) => Promise<void>;
  readonly breaks: Rule | readonly Rule[];
}

const WRONG: Readonly<Record<string, Case>> = {
  'does not pause': { wrong: noPause, breaks: 'stopped' },
  // With nothing changed in between the guard lets it pass.
  'keeps what is in flight over a pause': { wrong: {}, instead: pauseWithKeep, breaks: 'still' },
  'resumes without a look': {
    wrong: {
      server: (real) => ({
        ...real,
        async call(call, details, signal) {
          await real.call(call, details, signal);
          if (call === 'finish') await real.call('resume', details, signal);
        },
      }),
    },
    breaks: 'verified',
  },
  'takes a load that was sent for one that arrived': {
    wrong: {
      plan: (real) => (fleet, target) =>
        real(
          fleet.map((one) => sent(one, target)),
          target,
        ),
    },
    fault: { kind: 'refuses', stops: 'half', at: '/update_weights' },
    breaks: ['verified', 'arrived'],
  },
  'resumes each one as soon as it is ready': {
    wrong: { plan: (real) => (fleet, target) => early(real, fleet, target) },
    fault: { kind: 'refuses', stops: 'none', at: '/update_weights' },
    breaks: 'verified',
  },
  'changes one while another one still runs': {
    wrong: { plan: (real) => (fleet, target) => oneByOne(real, fleet, target) },
    breaks: 'all',
  },
  'goes on without one that does not answer': {
    wrong: { plan: (real) => (fleet, target) => real(fleet.filter(answers), { ...target, minimumServers: 1 }) },
    fault: { kind: 'dies', stops: 'none', at: '/finish_weight_update' },
    breaks: ['verified', 'arrived'],
  },
  'names nobody of those that it gives up': {
    wrong: {
      plan: (real) => (fleet, target) => nameless(real(fleet, { ...target, minimumServers: 1, maximumFailures: 2 })),
    },
    fault: { kind: 'breaks', at: '/update_weights' },
    breaks: ['verified', 'arrived'],
  },
};

const answers = ({ state }: ObservedServer): boolean => state.reach === 'answering';

/** After the first failed load it believes that the load is there. */
function sent(one: ObservedServer, { tag }: WeightTarget): ObservedServer {
  return one.failures > 0 ? observed(one, { serving: tag, session: 'closed', dirty: false }) : one;
}

/** Those at the target are resumed whatever the others are at. */
function early(real: Plan, fleet: readonly ObservedServer[], target: WeightTarget): WeightPlan {
  const ready = fleet.filter(
    ({ state }) =>
      state.reach === 'answering' && state.paused && state.serving === target.tag && state.session === 'closed',
  );
  return ready.length === 0
    ? real(fleet, target)
    : { kind: 'act', calls: ready.map(({ url }) => ({ url, call: 'resume' })) };
}

/** Each server as if it were alone. */
function oneByOne(real: Plan, fleet: readonly ObservedServer[], target: WeightTarget): WeightPlan {
  for (const one of fleet) {
    const plan = real([one], { ...target, minimumServers: 1 });
    if (plan.kind !== 'done') return plan;
  }
  return { kind: 'done', serving: fleet.map(({ url }) => url), lost: [] };
}

const nameless = (plan: WeightPlan): WeightPlan => (plan.kind === 'done' ? { ...plan, lost: [] } : plan);

async function pauseWithKeep({ urls }: Fleet): Promise<void> {
  for (const url of urls) {
    await fetch(`${url}/pause?mode=keep`, { method: 'POST' });
    await fetch(`${url}/resume`, { method: 'POST' });
  }
  // What was in flight comes to its end.
  await sleep(200);
}

async function update(fleet: Fleet, target: Weights): Promise<void> {
  const { lost, ...rest } = await updateFleet(fleet.store, fleet.update(target, 2, { patienceMs: 2_000 }));
  fleet.ended({ ...rest, lost: lost.map(({ url }) => url) });
}

/** The rules that it breaks on the way from version 1 to version 2, while somebody samples. */
async function moved({ wrong: how, fault, instead }: Case): Promise<Rule[]> {
  wrong.now = {};
  await using stack = new AsyncDisposableStack();
  const fleet = await startFleet(2);
  // Its own end judges the transcript too.
  stack.defer(() => Promise.resolve(fleet[Symbol.asyncDispose]()).catch(() => undefined));
  const one = await fleet.weights(1);
  const two = await fleet.weights(2, one);
  await fleet.move(fleet.update(one, 1));
  for (const server of fleet.servers) server.speeds.completion = 60;
  const sampling = fleet.sample(one, two);
  await expect.poll(() => fleet.servers.every(({ samples }) => samples.length > 1)).toBe(true);
  let times = 3;
  fleet.servers[1]!.fault = (path) => (path === fault?.at && times-- > 0 ? fault : undefined);
  wrong.now = how;
  // What it does in the end, and whether it ends at all, is not the question.
  await (instead === undefined ? update(fleet, two) : instead(fleet)).catch(() => undefined);
  wrong.now = {};
  await sampling.stop();
  await doorsSettled();
  return [...new Set(breachesOf(fleet.transcript).map(({ rule }) => rule))];
}

/** Guard and worker stop what would break these, whatever an orchestrator does: transcripts as they were without a guard. */
describe('without a guard', () => {
  const [old, next] = [weightTag.parse(`1-${'0'.repeat(16)}`), weightTag.parse(`2-${'0'.repeat(16)}`)];
  const [a, b] = ['http://a', 'http://b'];
  const told = (server: string, serving: WeightTag): Entry => ({ what: 'told', server, serving });
  const began: Entry = { what: 'began', server: a, sample: 's' };
  const sampled = (asked: string, contents: Sampled['contents']): Entry => ({
    ...{ what: 'sampled', server: a, sample: 's', asked, contents },
    ...{ waited: false, whilePaused: false, finish: 'stop' },
  });
  const rules = (...entries: Entry[]): Rule[] => [
    ...new Set(breachesOf({ entries, given: new Set(['s']) }).map(({ rule }) => rule)),
  ];

  test('a sample that two versions made, or that is garbage, is found out', () => {
    expect(rules(told(a, old), began, sampled(old, [old, old]))).toEqual([]);
    expect(rules(told(a, old), began, sampled(old, [old, next]))).toEqual(['pure']);
    expect(rules(told(a, old), began, sampled(old, ['garbage', 'garbage']))).toEqual(['pure']);
  });

  test('a sample of one version is, while another may be sampled elsewhere or nobody said what is served', () => {
    expect(rules(told(a, old), told(b, next), began, sampled(old, [old, old]))).toEqual(['one']);
    expect(rules(began, sampled(old, [old, old]))).toEqual(['one']);
  });
});

describe('an orchestrator that', () => {
  test.each(Object.entries(WRONG))('%s is found out', async (_, how) => {
    expect(await moved(how)).toEqual(expect.arrayContaining([how.breaks].flat()));
  });

  test('is the real one is not', async () => {
    for (const at of ['/update_weights', '/finish_weight_update']) {
      expect(await moved({ wrong: {}, fault: { kind: 'dies', stops: 'half', at }, breaks: 'pure' })).toEqual([]);
    }
  });
});
