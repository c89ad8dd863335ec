// A team's plan by its planner: a research, then one experiment from what it found. The research has no base campaign, so it asks nobody: the one
// question there is is the team's own, whether this plan is run.
import { executeChild, isCancellation } from '@temporalio/workflow';
import type { PlanningResearch, ProposedPlan } from '../activities/interface.ts';
import { researchWorkflowId } from '../contracts/names.ts';
import type { RlTeamName } from '../contracts/rl-team.ts';
import { quick, reading } from './queues.ts';
import type { research } from './research.ts';
import { rootCause } from './root-cause.ts';

/** `broke`: it came to no end; the same again goes on from what is on record. */
export type PlannedByResearch = ProposedPlan | { readonly how: 'none'; readonly why: string; readonly broke: true };

export async function planByResearch(
  team: RlTeamName,
  { input, base, left }: PlanningResearch,
): Promise<PlannedByResearch> {
  const { research: name } = input;
  const broke = (code: string, why: string): PlannedByResearch => ({
    ...{ how: 'none', broke: true, why: `${name} broke off: ${code}: ${why}`.slice(0, 500) },
  });
  try {
    const end = await executeChild<typeof research>('research', {
      workflowId: researchWorkflowId(name),
      staticSummary: `what ${team} plans by`,
      args: [input],
    });
    if (end.how === 'failed') return broke(end.code, end.why);
    const { report } = end;
    const made = await reading.proposeExperiment({ research: name, report, base, left });
    if (made.how === 'none') return { how: 'none', why: `${name} proposes nothing: ${made.why}` };
    return await quick.planFrom({ team, report, experiment: made.object, base, tokens: made.spent.tokens });
  } catch (failure) {
    if (isCancellation(failure)) throw failure;
    const { code, message } = rootCause(failure);
    return broke(code, message);
  }
}
