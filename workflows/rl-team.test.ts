// A team's cycle on a real Temporal server: nothing is planned or run without a human's decision, silence leaves it at rest, analysis is bounded.
import { describe, expect, test, vi } from 'vitest';
import type { RlTeamActivities } from '../activities/rl-team-interface.ts';
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { DecisionContext, Evidence } from '../contracts/gate.ts';
import { campaignName } from '../contracts/ids.ts';
import { GATE, gateWorkflowId, QUEUES, RL_TEAM, rlTeamWorkflowId } from '../contracts/names.ts';
import { type RlTeamOrder, type RlTeamState, rlTeamName, rlTeamOrder, rlTeamState } from '../contracts/rl-team.ts';
import { stopsAnalysis } from '../policies/rl-team.ts';
import { keepHistory, scriptedDecision, temporal, withTemporal, workersOf } from '../tests/support/play-campaign.ts';
import { firstState, refOf, scriptedActivities, scriptedSpec } from '../tests/support/scripted-activities.ts';

withTemporal();
const look = { timeout: 60_000, interval: 100 };

interface TeamScript {
  /** What the planner proposes, one a call, until used up. */
  proposals?: string[];
  /** Turns of an analysis until it says that it is done. */
  turns?: number;
  deadlineMs?: number;
  analysis?: RlTeamOrder['analysis'];
}

async function played(
  name: string,
  { proposals = [], turns = 1, deadlineMs = 60_000, analysis = { turns: 5, tokens: 1_000, seconds: 60 } }: TeamScript,
  act: (api: {
    calls: string[];
    shown: readonly Evidence[];
    view(): Promise<RlTeamState>;
    open(kind: string, number: number): Promise<DecisionContext>;
    answer(context: DecisionContext, option: string, unattended?: boolean): Promise<unknown>;
    give(campaign: string): Promise<void>;
    wake(): Promise<void>;
    rests(): Promise<string>;
  }) => Promise<void>,
) {
  const calls: string[] = [];
  const left = [...proposals];
  const byRef = new Map<string, string>();
  const specOf = (campaign: string): ArtifactRef => {
    const ref = refOf({ campaign });
    byRef.set(ref.sha256, campaign);
    return ref;
  };
  const { activities, told } = scriptedActivities({ passRates: [0.1, 0.05] });
  const team: RlTeamActivities = {
    async proposePlan({ given, iteration }) {
      const campaign = given === null ? left.shift() : byRef.get(given.sha256);
      calls.push(`plan ${iteration} ${campaign ?? 'none'}`);
      if (campaign === undefined) return { how: 'none', why: 'no plan is there' };
      const by =
        given === null ? ({ kind: 'model', who: 'scripted' } as const) : ({ kind: 'human', who: 'me' } as const);
      return {
        how: 'proposed',
        plan: { campaign: campaignName.parse(campaign), spec: specOf(campaign), hypothesis: 'It helps.', by },
      };
    },
    planFrom: () => Promise.reject(new Error('not scripted')),
    async beginPlan({ plan }) {
      calls.push(`begin ${plan.campaign}`);
      const spec = scriptedSpec(plan.campaign, { rounds: 1 });
      return { spec, state: firstState(spec) };
    },
    async analyseCampaign({ campaign, turn, ending }) {
      calls.push(`analyse ${campaign} ${turn} ${ending}`);
      return { report: refOf({ campaign, turn }), tokens: 100, done: turn >= turns };
    },
    async closeReport({ report, stopped, turns: played }) {
      calls.push(`report ${played} ${stopped}`);
      return { report };
    },
  };
  const stop = await workersOf({ ...activities, ...team });
  try {
    const order = rlTeamOrder.parse({
      ...{ schema: 'anneal/rl-team/v1', team: name, owner: 'me', goal: 'Solve more.', analysis },
      gates: { deadlineMs, remindMs: 20_000 },
    });
    const state: RlTeamState = { runChain: '', iteration: 1, asked: 0, step: 'plan', iterations: [] };
    const workflowId = rlTeamWorkflowId(rlTeamName.parse(name));
    await temporal().workflow.start('rlTeam', { workflowId, taskQueue: QUEUES.control, args: [{ order, state }] });
    const live = temporal().workflow.getHandle(workflowId);
    const view = () => live.query<RlTeamState>(RL_TEAM.view);
    await act({
      ...{ calls, shown: told.shown, view },
      async open(kind, number) {
        const handle = temporal().workflow.getHandle(gateWorkflowId(`${name}.${kind}-${number}` as never));
        return (await vi.waitFor(() => handle.query<{ context: DecisionContext }>(GATE.view), look)).context;
      },
      answer(context, option, unattended = false) {
        const decision = scriptedDecision(context, option);
        decision.body.unattended = unattended;
        return temporal()
          .workflow.getHandle(gateWorkflowId(context.gate))
          .executeUpdate(GATE.decide, { args: [decision] });
      },
      give: (campaign) => live.signal(RL_TEAM.give, specOf(campaign)),
      wake: () => live.signal(RL_TEAM.wake),
      rests: () =>
        vi.waitFor(async () => {
          const { rests } = await view();
          expect(rests).toBeDefined();
          return rests!;
        }, look),
    });
    const end = rlTeamState.parse(await live.result());
    await keepHistory(name, workflowId);
    return { end, calls, shown: told.shown };
  } finally {
    await stop();
  }
}
/** The campaign's own question, which is none of the team's. */
const keepSealed = async (campaign: string): Promise<void> => {
  const handle = temporal().workflow.getHandle(gateWorkflowId(`${campaign}.open-sealed-1` as never));
  const { context } = await vi.waitFor(() => handle.query<{ context: DecisionContext }>(GATE.view), look);
  await handle.executeUpdate(GATE.decide, { args: [scriptedDecision(context, 'keep')] });
};

describe('a team', () => {
  test('plans, runs, analyses, is reviewed, and goes round again: every plan and every run by a human’s decision', async () => {
    const { end, calls } = await played('cycle', { proposals: ['cycle-a', 'cycle-b'], turns: 2 }, async (api) => {
      const first = await api.open('plan', 1);
      expect(api.calls).toEqual(['plan 1 cycle-a']);
      await api.answer(first, 'run');
      await keepSealed('cycle-a');
      const review = await api.open('review', 2);
      expect(api.shown.at(-1)).toMatchObject({ kind: 'review', recommended: 'rest', safe: 'rest' });
      // Nobody plans before somebody wants another plan.
      expect(api.calls.filter((call) => call.startsWith('plan'))).toHaveLength(1);
      await api.answer(review, 'iterate');
      await api.answer(await api.open('plan', 3), 'run');
      await keepSealed('cycle-b');
      await api.answer(await api.open('review', 4), 'end');
    });
    expect(calls).toEqual([
      ...[
        'plan 1 cycle-a',
        'begin cycle-a',
        'analyse cycle-a 1 not-opened',
        'analyse cycle-a 2 not-opened',
        'report 2 done',
      ],
      ...[
        'plan 2 cycle-b',
        'begin cycle-b',
        'analyse cycle-b 1 not-opened',
        'analyse cycle-b 2 not-opened',
        'report 2 done',
      ],
    ]);
    expect(end).toMatchObject({
      step: 'ended',
      iterations: [
        { iteration: 1, review: 'iterate' },
        { iteration: 2, review: 'end' },
      ],
    });
  });

  test('stays at rest on silence; woken it asks again, and has started nothing', async () => {
    const { calls } = await played(
      'silent-team',
      { proposals: ['quiet-a', 'quiet-b'], deadlineMs: 2_500 },
      async (api) => {
        await api.open('plan', 1);
        expect(await api.rests()).toBe('nobody has decided to run quiet-a');
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        expect((await api.view()).asked).toBe(1);
        await api.wake();
        await api.answer(await api.open('plan', 2), 'end');
      },
    );
    expect(calls.filter((call) => call.startsWith('begin'))).toEqual([]);
  });

  test('is not set going by an answer without a human, nor by whoever signals', async () => {
    const { calls } = await played('unattended-team', { proposals: ['un-a', 'un-b'] }, async (api) => {
      await api.answer(await api.open('plan', 1), 'run', true);
      expect(await api.rests()).toBe('nobody has decided to run un-a');
      await api.wake();
      await api.answer(await api.open('plan', 2), 'end');
    });
    expect(calls.filter((call) => call.startsWith('begin'))).toEqual([]);
  });

  test('rests without a plan, takes the file that a human gives, and keeps one that is given while another is asked about', async () => {
    const { calls } = await played('given-team', {}, async (api) => {
      expect(await api.rests()).toBe('no plan is there');
      await api.give('given-a');
      const first = await api.open('plan', 1);
      await api.give('given-b');
      await api.answer(first, 'rest');
      expect(await api.open('plan', 2)).toBeDefined();
      expect(api.shown.at(-1)!.facts).toContainEqual({ name: 'campaign', value: 'given-b' });
      await api.answer(await api.open('plan', 2), 'end');
    });
    expect(calls).toEqual(['plan 1 none', 'plan 1 given-a', 'plan 1 given-b']);
  });

  test('ends an analysis that would go on for ever, and is reviewed with what there is', async () => {
    const { calls } = await played(
      'endless',
      { proposals: ['endless-a'], turns: 1e9, analysis: { turns: 4, tokens: 1e9, seconds: 600 } },
      async (api) => {
        await api.answer(await api.open('plan', 1), 'run');
        await keepSealed('endless-a');
        await api.answer(await api.open('review', 2), 'end');
      },
    );
    expect(calls.slice(-2)).toEqual(['analyse endless-a 4 not-opened', 'report 4 turns']);
  });
});

test('an analysis stops at whichever of its bounds comes first', () => {
  const budget = { turns: 3, tokens: 100, seconds: 60 };
  const spent = { turns: 1, tokens: 10, seconds: 1, done: false };
  expect(stopsAnalysis(budget, spent)).toBeUndefined();
  expect(stopsAnalysis(budget, { ...spent, turns: 3 })).toBe('turns');
  expect(stopsAnalysis(budget, { ...spent, tokens: 100 })).toBe('tokens');
  expect(stopsAnalysis(budget, { ...spent, seconds: 60 })).toBe('time');
  expect(stopsAnalysis(budget, { ...spent, turns: 9, done: true })).toBe('done');
});
