// The preset rl-team, top-down: plan, develop and run, analyse and report, review, and again. Agents go on by themselves within an analysis; a new
// plan is made, and a plan is run, only after a human's signed decision. Silence leaves the team at rest: it waits, and costs nothing.
import {
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  executeChild,
  isCancellation,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Planning, RlTeamActivities } from '../activities/interface.ts';
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { GateKind } from '../contracts/gate.ts';
import { gateId } from '../contracts/ids.ts';
import { campaignWorkflowId, RL_TEAM, rlTeamWorkflowId } from '../contracts/names.ts';
import type { RlTeamOrder, RlTeamState, TeamPlan } from '../contracts/rl-team.ts';
import { RETRY_OPTIONS } from '../policies/retry.ts';
import { isTrigger, MOST_KEPT_ITERATIONS, stopsAnalysis } from '../policies/rl-team.ts';
import type { Question } from './ask.ts';
import { openAskAt } from './ask-at.ts';
import type { campaign } from './campaign.ts';
import { planByResearch } from './planned-by-research.ts';
import { askPlan, askReview } from './questions-rl-team.ts';
import { activitiesOn } from './queues.ts';
import { rootCause } from './root-cause.ts';

type AnalysedTurn = Awaited<ReturnType<RlTeamActivities['analyseCampaign']>>;

const act = activitiesOn('control', {
  startToCloseTimeout: '10m',
  heartbeatTimeout: '15s',
  retry: RETRY_OPTIONS.quick,
});

export async function rlTeam({ order, state }: { order: RlTeamOrder; state: RlTeamState }): Promise<RlTeamState> {
  state.runChain ||= workflowInfo().firstExecutionRunId;
  const { team, analysis } = order;
  const desk = openDesk();

  const planned = await plan();
  if (planned === undefined) return desk.at('ended');
  const ending = await run(planned);
  const analysed = await analyse(planned, ending);
  const review = await reviewed(planned, ending, analysed);

  const { iteration } = state;
  const record = { iteration, campaign: planned.plan.campaign, ending, report: analysed.report, review };
  state.iterations = [...state.iterations, record].slice(-MOST_KEPT_ITERATIONS);
  if (review === 'end') return desk.at('ended');
  state.iteration += 1;
  desk.at('plan');
  await condition(allHandlersFinished);
  return makeContinueAsNewFunc<typeof rlTeam>({ initialVersioningBehavior: 'AUTO_UPGRADE' })({ order, state });

  /** Human and AI: a file that a human gave, or what a role proposes; run only by a human's word. @returns undefined: the team is to end */
  async function plan(): Promise<{ plan: TeamPlan; evidence: ArtifactRef } | undefined> {
    for (;;) {
      desk.at('plan');
      const last = state.iterations.at(-1)?.report ?? null;
      const given = state.given ?? null;
      const of = { team, iteration: state.iteration, goal: order.goal, given, last, planning: planning() };
      const first = await act.proposePlan(of);
      if (first.how === 'research') desk.reads(first.input.research);
      const proposed = first.how === 'research' ? await planByResearch(team, first) : first;
      if (proposed.how === 'none') {
        drop(given);
        // Woken it reads anew; what broke off goes on from what is on record.
        if (first.how === 'research' && !('broke' in proposed)) readAnew();
        await desk.rest(proposed.why);
        continue;
      }
      const { plan } = proposed;
      const answer = await desk.ask('plan', askPlan(order, state, plan), plan.from?.tokens);
      // Silence is about no plan: woken, the same is asked about again, and nobody reads anything twice.
      if (plan.from !== undefined && answer.result.how === 'decided') readAnew();
      if (isTrigger(answer.result, 'run')) {
        drop(given);
        return { plan, evidence: answer.evidence };
      }
      if (isTrigger(answer.result, 'end')) return undefined;
      // A no is about this plan; silence is about none.
      if (answer.result.how === 'decided') drop(given);
      await desk.rest(`nobody has decided to run ${plan.campaign}`);
    }
  }

  function planning(): Planning {
    const { owner, documents = null, base = null } = order;
    const campaign = state.iterations.at(-1)?.campaign ?? null;
    return { owner, documents, base, campaign, number: (state.researched ?? 0) + 1, runChain: state.runChain };
  }

  function readAnew(): void {
    state.researched = (state.researched ?? 0) + 1;
  }

  /** What was given meanwhile is not lost with it. */
  function drop(given: ArtifactRef | null): void {
    if (state.given?.sha256 === given?.sha256) delete state.given;
  }

  /** Develop and run: a campaign with its own gates, incidents and monitor. */
  async function run({ plan, evidence }: { plan: TeamPlan; evidence: ArtifactRef }): Promise<string> {
    desk.at('run');
    try {
      const input = await act.beginPlan({ team, plan, evidence });
      const ended = await executeChild<typeof campaign>('campaign', {
        workflowId: campaignWorkflowId(plan.campaign),
        staticSummary: `iteration ${state.iteration} of ${team}`,
        args: [input],
      });
      return ended.ending;
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
      // What came to nothing is looked at, too.
      const { code, message } = rootCause(failure);
      return `failed: ${code}: ${message}`.slice(0, 500);
    }
  }

  /** Agents alone, turn by turn, until they are done or their turns, tokens or time are. */
  async function analyse({ plan }: { plan: TeamPlan }, ending: string): Promise<{ report: ArtifactRef }> {
    desk.at('analyse');
    const began = Date.now();
    const of = { team, iteration: state.iteration, campaign: plan.campaign, ending };
    let report: ArtifactRef | null = null;
    let tokens = 0;
    for (let turns = 1; ; turns += 1) {
      const turn: AnalysedTurn = await act.analyseCampaign({ ...of, turn: turns, report });
      tokens += turn.tokens;
      report = turn.report;
      const seconds = (Date.now() - began) / 1_000;
      const stopped = stopsAnalysis(analysis, { turns, tokens, seconds, done: turn.done });
      if (stopped !== undefined) return act.closeReport({ report: turn.report, turns, tokens, stopped });
    }
  }

  /** Human and AI: the report, and whether there is to be another plan. */
  async function reviewed(
    { plan }: { plan: TeamPlan },
    ending: string,
    of: { report: ArtifactRef },
  ): Promise<'iterate' | 'end'> {
    for (;;) {
      desk.at('review');
      const { result } = await desk.ask('review', askReview(order, state, { plan, ending, ...of }));
      if (isTrigger(result, 'iterate')) return 'iterate';
      if (isTrigger(result, 'end')) return 'end';
      await desk.rest(`nobody has reviewed ${plan.campaign}`);
    }
  }

  function openDesk() {
    let woken = false;
    const wake = (): void => {
      woken = true;
    };
    setHandler(defineSignal(RL_TEAM.wake), wake, {
      description: 'Asks again what was met with silence; decides nothing',
    });
    setHandler(
      defineSignal<[ArtifactRef]>(RL_TEAM.give),
      (spec) => {
        state.given = spec;
        wake();
      },
      { description: 'A campaign that a human wants planned; run only after a decision at the gate' },
    );
    setHandler(defineQuery<RlTeamState>(RL_TEAM.view), () => state, { description: 'Where it stands' });
    const askAt = openAskAt();
    const show = (waits?: string): void =>
      setCurrentDetails(
        [
          `**${state.step}** · iteration ${state.iteration} of ${team}`,
          ...(waits === undefined ? [] : [`**Waits**: ${waits}`]),
        ].join('\n\n'),
      );
    return {
      at(step: RlTeamState['step']): RlTeamState {
        state.step = step;
        show();
        return state;
      },
      async rest(why: string): Promise<void> {
        state.rests = why;
        show(`at rest, since ${why}`);
        await condition(() => woken);
        woken = false;
        delete state.rests;
      },
      reads: (research: string): void => show(`what ${research} finds`),
      ask(kind: GateKind, question: Question, tokens = 0) {
        state.asked += 1;
        return askAt({
          evidence: {
            ...({ schema: 'anneal/evidence/v1', gate: gateId.parse(`${team}.${kind}-${state.asked}`) } as const),
            ...{ campaign: team, kind, ...question, cost: { tokens, seconds: 0 }, runChain: state.runChain },
          },
          ...{ owner: order.owner, ...order.gates, asker: rlTeamWorkflowId(team) },
          waitFor: (open) => show(open && `a decision on ${open.gate} before ${open.deadline}`),
        });
      },
    };
  }
}
