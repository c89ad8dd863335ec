// What starts a team's campaign: the signed decision on record, about exactly this plan; a real key, store and audit log.
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canonicalJson } from '../contracts/canonical.ts';
import type { Evidence, GateResult } from '../contracts/gate.ts';
import { gateId } from '../contracts/ids.ts';
import { specName } from '../contracts/names.ts';
import { type RlTeamState, rlTeamName, rlTeamOrder, type TeamPlan } from '../contracts/rl-team.ts';
import { openPeople, type PeopleAtHand } from '../tests/support/people.ts';
import { firstState, scriptedSpec } from '../tests/support/scripted-activities.ts';
import { askPlan } from '../workflows/questions-rl-team.ts';
import { createGateActivities } from './gates.ts';
import { createDocuments } from './read.ts';
import { createRlTeamActivities } from './rl-team.ts';

let people: PeopleAtHand;
beforeEach(async () => {
  people = await openPeople();
});
afterEach(() => rm(people.root, { recursive: true, force: true }));

const team = rlTeamName.parse('team');
const order = rlTeamOrder.parse({
  ...{ schema: 'anneal/rl-team/v1', team, owner: 'me', goal: 'Solve more.' },
  ...{ analysis: { turns: 1, tokens: 0, seconds: 1 }, gates: { deadlineMs: 1_000, remindMs: 1_000 } },
});
const state: RlTeamState = { runChain: 'chain', iteration: 1, asked: 1, step: 'plan', iterations: [] };

async function stage() {
  const { store, identity, audit } = people;
  const documents = createDocuments(store);
  const acts = createRlTeamActivities({
    ...{ store, documents, identity, firstState: async (spec) => firstState(spec) },
    analyst: async ({ turn }) => ({ sentences: [`turn ${turn}`], tokens: 7, done: turn === 2 }),
  });
  const gates = createGateActivities({ store, documents, identity, critical: ['plan'], audit });
  const planned = async (name: string): Promise<TeamPlan> => {
    const spec = await store.put(canonicalJson(scriptedSpec(name)));
    const told = await acts.proposePlan({ team, iteration: 1, goal: 'x', given: spec, last: null });
    if (told.how !== 'proposed') throw new Error(told.how === 'none' ? told.why : 'it reads first');
    return told.plan;
  };
  async function asked(plan: TeamPlan, change: Partial<Evidence> = {}) {
    const gate = gateId.parse(`team.plan-${Math.floor(Math.random() * 1e6)}`);
    const evidence: Evidence = {
      ...({ schema: 'anneal/evidence/v1', gate, campaign: team, kind: 'plan' } as const),
      ...{ ...askPlan(order, state, plan), cost: { tokens: 0, seconds: 0 }, runChain: 'chain', ...change },
    };
    const { object } = await gates.freezeEvidence({ evidence });
    const { campaign, runChain, options } = evidence;
    const context = {
      campaign,
      runChain,
      gate,
      evidenceHash: object.sha256,
      options: options.map(({ name }) => name),
      owner: 'me',
    };
    const answer = async (
      option: string,
      more: Partial<Extract<GateResult, { how: 'decided' }>> = {},
      unattended = false,
    ) => {
      const decision = await identity.makeDecision(context, { option, reason: 'A test', unattended, ttl: '1h' });
      const acceptedAt = new Date().toISOString();
      await gates.recordAnswer({
        result: { how: 'decided', gate, option, decision, selfApproved: true, acceptedAt, ...more },
      });
    };
    return { evidence: object, answer, gate };
  }
  return { acts, planned, asked, gates };
}

test('a yes to exactly this plan starts it; asked again by another worker it is the same', async () => {
  const { acts, planned, asked } = await stage();
  const plan = await planned('first');
  const { evidence, answer } = await asked(plan);
  await answer('run');
  const begun = await acts.beginPlan({ team, plan, evidence });
  expect(begun.spec.name).toBe('first');
  expect(JSON.parse(Buffer.from((await people.store.readNamed(specName(plan.campaign)))!.bytes).toString())).toEqual(
    plan.spec,
  );
  expect((await acts.beginPlan({ team, plan, evidence })).spec).toEqual(begun.spec);
});

test('nothing else does: no answer, a no, silence, an answer without a human, another plan, words around a signature', async () => {
  const { acts, planned, asked, gates } = await stage();
  const [plan, other] = [await planned('one'), await planned('two')];
  const refused = { code: 'decision.not_verified' };
  const none = await asked(plan);
  await expect(acts.beginPlan({ team, plan, evidence: none.evidence })).rejects.toMatchObject(refused);
  const no = await asked(plan);
  await no.answer('rest');
  await expect(acts.beginPlan({ team, plan, evidence: no.evidence })).rejects.toMatchObject(refused);
  const silent = await asked(plan);
  await gates.recordAnswer({ result: { how: 'expired', gate: silent.gate, option: 'rest' } });
  await expect(acts.beginPlan({ team, plan, evidence: silent.evidence })).rejects.toMatchObject(refused);
  const alone = await asked(plan);
  await alone.answer('run', {}, true);
  await expect(acts.beginPlan({ team, plan, evidence: alone.evidence })).rejects.toMatchObject(refused);
  const yes = await asked(plan);
  await yes.answer('run');
  await expect(acts.beginPlan({ team, plan: other, evidence: yes.evidence })).rejects.toMatchObject(refused);
  const forged = await asked(plan);
  await forged.answer('rest', { option: 'run' });
  await expect(acts.beginPlan({ team, plan, evidence: forged.evidence })).rejects.toMatchObject(refused);
  const kind = await asked(plan, { kind: 'review' });
  await kind.answer('run');
  await expect(acts.beginPlan({ team, plan, evidence: kind.evidence })).rejects.toMatchObject(refused);
});

test('what is no campaign, and a name that another has, is no plan', async () => {
  const { acts, planned } = await stage();
  const bad = await people.store.put('{"kind":"Campaign"}');
  expect(await acts.proposePlan({ team, iteration: 1, goal: 'x', given: bad, last: null })).toMatchObject({
    how: 'none',
  });
  await people.store.createNamed(specName(scriptedSpec('taken').name), JSON.stringify(bad));
  await expect(planned('taken')).rejects.toThrow('a campaign taken exists with another specification');
  expect(await acts.proposePlan({ team, iteration: 1, goal: 'x', given: null, last: null })).toMatchObject({
    how: 'none',
  });
});

test('an analysis goes on from the turn before, and says why it stopped', async () => {
  const { acts } = await stage();
  const of = { team, iteration: 1, campaign: scriptedSpec('x').name, ending: 'released' };
  const first = await acts.analyseCampaign({ ...of, turn: 1, report: null });
  const second = await acts.analyseCampaign({ ...of, turn: 2, report: first.report });
  expect([first.done, second.done]).toEqual([false, true]);
  const { report } = await acts.closeReport({ report: second.report, turns: 2, tokens: 14, stopped: 'done' });
  const read: unknown = JSON.parse(Buffer.from(await people.store.get(report)).toString());
  expect(read).toMatchObject({ sentences: ['turn 1', 'turn 2'], turns: 2, tokens: 14, stopped: 'done' });
});
