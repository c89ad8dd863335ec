// What a team's cycle asks humans: whether a plan is run, and what follows a report. Pure.
import type { ArtifactRef } from '../contracts/artifact.ts';
import { PLANNED_CAMPAIGN, type RlTeamOrder, type RlTeamState, type TeamPlan } from '../contracts/rl-team.ts';
import type { Question } from './ask.ts';

export function askPlan(
  { goal }: RlTeamOrder,
  { iteration }: RlTeamState,
  { campaign, spec, hypothesis, by, from }: TeamPlan,
): Question {
  return {
    title: `Run ${campaign} as iteration ${iteration}?`,
    why: hypothesis,
    risk: [
      'A campaign takes the machines and the budget that its specification names; its own gates are asked as ever.',
      ...(from === undefined ? [] : ['Whoever wrote what the planner read may have led it.']),
    ].join(' '),
    facts: [
      { name: 'goal', value: goal },
      { name: 'iteration', value: String(iteration) },
      { name: 'campaign', value: campaign },
      { name: 'specification', value: spec.sha256 },
      { name: 'planned by', value: `${by.who} (${by.kind})` },
      ...(from === undefined ? [] : [{ name: 'after the research', value: from.research }]),
    ],
    logTail: [],
    options: [
      { name: 'run', effect: 'The campaign is started.' },
      { name: 'rest', effect: 'The plan is dropped, and the team waits for another.' },
      { name: 'end', effect: 'The team ends.' },
    ],
    // Nothing that follows recommendations by itself may start work.
    ...{ recommended: 'rest', safe: 'rest' },
    attachments: [
      { name: PLANNED_CAMPAIGN, object: spec },
      ...(from === undefined
        ? []
        : [
            { name: 'the experiment', object: from.experiment },
            { name: 'what was found', object: from.report },
          ]),
    ],
  };
}

export function askReview(
  { goal }: RlTeamOrder,
  { iteration, iterations }: RlTeamState,
  { plan, ending, report }: { plan: TeamPlan; ending: string; report: ArtifactRef },
): Question {
  return {
    title: `Plan on after ${plan.campaign}?`,
    why: `Iteration ${iteration} ended: ${ending}.`,
    risk: 'Another plan takes the planner’s time; it is run only after a decision of its own.',
    facts: [
      { name: 'goal', value: goal },
      { name: 'hypothesis', value: plan.hypothesis },
      { name: 'ended', value: ending },
      { name: 'iterations before', value: String(iterations.length) },
    ],
    logTail: [],
    options: [
      { name: 'iterate', effect: 'Another plan is made, and asked about.' },
      { name: 'rest', effect: 'The team waits until somebody wakes it, and asks again.' },
      { name: 'end', effect: 'The team ends.' },
    ],
    ...{ recommended: 'rest', safe: 'rest' },
    attachments: [{ name: 'the report', object: report }],
  };
}
