// A team whose planner reads: from its goal to a campaign that a human decided on, and again, on a real Temporal server with a *scripted* model.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { atBoundary } from '../../activities/boundary.ts';
import { campaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { campaignWorkflowId, QUEUES, RL_TEAM, rlTeamWorkflowId } from '../../contracts/names.ts';
import { researchReport } from '../../contracts/research.ts';
import { type RlTeamState, rlTeamOrder, rlTeamState } from '../../contracts/rl-team.ts';
import { readDocuments } from '../../infra/research/folder.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import { decided, until } from '../support/every-death.ts';
import { openPeople } from '../support/people.ts';
import { keepHistory, temporal, withTemporal, workersOf } from '../support/play-campaign.ts';
import { type ScriptedChat, scriptedChat } from '../support/scripted-chat.ts';
import { documentsFolder } from './documents.ts';
import { QUESTIONS, UNANSWERED } from './questions.ts';
import { scriptedModel } from './scripted-model.ts';
import { BASE, teamActivities } from './team-activities.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });
withTemporal();

const GOAL = QUESTIONS[1]!.question;
const ALLOWED = { reason: 'A test', unattended: false, ttl: '1h' } as const;

let folder: string;
beforeAll(async () => {
  ({ folder } = await documentsFolder());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Script {
  readonly goal?: string;
  readonly deadlineMs?: number;
  readonly hasModel?: boolean;
}

async function played<T>(
  team: string,
  { goal = GOAL, deadlineMs = 120_000, hasModel = true }: Script,
  act: (at: Awaited<ReturnType<typeof begun>>) => Promise<T>,
): Promise<{ end: RlTeamState; came: T }> {
  const at = await begun(team, { goal, deadlineMs, hasModel });
  try {
    const came = await act(at);
    const end = rlTeamState.parse(await at.live.result());
    await keepHistory(team, rlTeamWorkflowId(team as never));
    return { end, came };
  } finally {
    await at.close();
  }
}

async function begun(team: string, { goal, deadlineMs, hasModel }: Required<Script>) {
  const at = await openPeople();
  const { store, identity } = at;
  const says = scriptedModel({ planted: false });
  const chats: ScriptedChat[] = [];
  const chat = () => {
    const one = scriptedChat((request) => says(request));
    chats.push(one);
    return one;
  };
  const model = { name: 'scripted-researcher', scripted: true, chat };
  const { campaigns, real } = teamActivities({ ...at, model: hasModel ? model : undefined });
  const stop = await workersOf(atBoundary({ ...campaigns, ...real }));
  const gates = createGates(temporal(), store);
  const order = rlTeamOrder.parse({
    ...{ schema: 'anneal/rl-team/v1', team, owner: 'somebody', goal },
    analysis: { turns: 5, tokens: 1_000, seconds: 60 },
    gates: { deadlineMs, remindMs: 60_000 },
    documents: await store.put(canonicalJson(await readDocuments(folder, store))),
    base: await store.put(canonicalJson(BASE)),
  });
  const state: RlTeamState = { runChain: '', iteration: 1, asked: 0, step: 'plan', iterations: [] };
  const workflowId = rlTeamWorkflowId(order.team);
  await temporal().workflow.start('rlTeam', { workflowId, taskQueue: QUEUES.control, args: [{ order, state }] });
  const live = temporal().workflow.getHandle(workflowId);
  const json = async (ref: Parameters<typeof store.get>[0]): Promise<unknown> =>
    JSON.parse(new TextDecoder().decode(await store.get(ref)));
  return {
    ...{ store, live, json },
    requests: () => chats.reduce((sum, one) => sum + one.asked.length, 0),
    /** A question that is open, with the campaign that it is about. */
    async asked(gate: string) {
      const { view, evidence } = await until(() => gates.look(gate as never));
      const attached = (name: string) => evidence!.attachments.find((one) => one.name === name)?.object;
      const of = attached('the campaign');
      const report = attached('what was found');
      return {
        evidence: evidence!,
        spec: of && campaignSpec.parse(await json(of)),
        report: report && researchReport.parse(await json(report)),
        answer: async (option: string) =>
          decided(gates, await identity.makeDecision(view.context, { option, ...ALLOWED })),
      };
    },
    rests: () =>
      until(async () => {
        const { rests } = await live.query<RlTeamState>(RL_TEAM.view);
        return rests;
      }),
    wake: () => live.signal(RL_TEAM.wake),
    async close() {
      await stop();
      await rm(at.root, { recursive: true, force: true });
    },
  };
}

/** By their names: a campaign is a run for each round. */
async function started(type: string): Promise<string[]> {
  const all = await Array.fromAsync(temporal().workflow.list({ query: `WorkflowType = '${type}'` }));
  return [...new Set(all.map(({ workflowId }) => workflowId))];
}
/** What a campaign was started with, by Temporal's own record. */
async function startedWith(campaign: string): Promise<unknown> {
  const { events } = await temporal()
    .workflow.getHandle(campaignWorkflowId(campaign as never))
    .fetchHistory();
  const { input } = events![0]!.workflowExecutionStartedEventAttributes!;
  return (JSON.parse(Buffer.from(input!.payloads![0]!.data!).toString()) as { spec: unknown }).spec;
}

test('a goal becomes a plan, a decision, exactly that campaign, a review, and another plan from its report', async () => {
  const { end } = await played('reading-team', {}, async (at) => {
    const first = await at.asked('reading-team.plan-1');
    expect(first.spec!.training.learningRate).toBe(0.0005);
    expect({ ...first.spec!, name: '', description: '', training: BASE.training }).toEqual({
      ...{ ...BASE, name: '', description: '' },
    });
    expect(first.evidence).toMatchObject({ kind: 'plan', safe: 'rest', recommended: 'rest' });
    expect(first.evidence.facts).toContainEqual({
      name: 'planned by',
      value: 'scripted-researcher (scripted) (model)',
    });
    expect(first.evidence.cost.tokens).toBeGreaterThan(first.report!.spent.tokens);
    expect(first.report!.read.refused.map(({ path }) => path)).not.toContain('./last-report.md');
    // One question, that of the team; and nothing runs before it is answered.
    expect((await started('gate')).filter((id) => id.startsWith('gate/research-'))).toEqual([]);
    expect(await started('campaign')).toEqual([]);
    await first.answer('run');
    const { name } = first.spec!;
    const sealed = await at.asked(`${name}.open-sealed-1`);
    expect(await startedWith(name)).toEqual(first.spec);
    await sealed.answer('keep');
    await (await at.asked('reading-team.review-2')).answer('iterate');

    const second = await at.asked('reading-team.plan-3');
    expect(second.spec!.name).not.toBe(name);
    // Made from the campaign that ran, with its report among what was read.
    expect(second.spec!.training.learningRate).toBe(0.001);
    expect(second.report!.question).toContain(name);
    expect(second.report!.read.documents).toBe(first.report!.read.documents + 1);
    expect(await started('campaign')).toEqual([campaignWorkflowId(name)]);
    expect(await started('research')).toHaveLength(2);
    await second.answer('end');
  });
  expect(end).toMatchObject({ step: 'ended', iterations: [{ iteration: 1, ending: 'not-opened', review: 'iterate' }] });
});

test('where the research proposes nothing it rests and says why; woken it reads anew; a human’s file is asked about as ever', async () => {
  await played('nothing-team', { goal: UNANSWERED }, async (at) => {
    expect(await at.rests()).toMatch(/^research-[0-9a-f]{12} proposes nothing: nothing stands in the report/);
    const first = (await at.rests()).split(' ')[0]!;
    const before = at.requests();
    await at.wake();
    await until(async () => (at.requests() > before ? true : undefined));
    expect(await at.rests()).not.toContain(first);
    await at.live.signal(RL_TEAM.give, await at.store.put(canonicalJson(BASE)));
    const asked = await at.asked('nothing-team.plan-1');
    expect(asked.spec!.name).toBe(BASE.name);
    await asked.answer('end');
  });
});

test('silence is about no plan: woken the same is asked about again, and no model is asked twice; a no has it read anew', async () => {
  await played('quiet-team', { deadlineMs: 15_000 }, async (at) => {
    const campaigns = await started('campaign');
    const first = await at.asked('quiet-team.plan-1');
    expect(await at.rests()).toBe(`nobody has decided to run ${first.spec!.name}`);
    const before = at.requests();
    await at.wake();
    const again = await at.asked('quiet-team.plan-2');
    expect(again.spec).toEqual(first.spec);
    expect(at.requests()).toBe(before);
    await again.answer('rest');
    expect(await at.rests()).toBe(`nobody has decided to run ${first.spec!.name}`);
    await at.wake();
    const other = await at.asked('quiet-team.plan-3');
    expect(other.spec!.name).not.toBe(first.spec!.name);
    await other.answer('end');
    expect(await started('campaign')).toEqual(campaigns);
  });
});

test('without a model nobody plans, and it says so', async () => {
  await played('model-less-team', { hasModel: false }, async (at) => {
    expect(await at.rests()).toContain('no model is configured');
    await at.live.signal(RL_TEAM.give, await at.store.put(canonicalJson(BASE)));
    await (await at.asked('model-less-team.plan-1')).answer('end');
  });
});
