// What rollouts need of a locked task, whichever kind it is: what the policy reads, how a recorded reply is judged, what a curriculum
// goes by.
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { isArtifactTask, type LockedTask } from '../contracts/locked-set.ts';
import { filesOf } from '../evals/single-turn/judge.ts';
import { promptBytes, promptFor } from '../evals/single-turn/prompt.ts';
import { capabilityOf } from '../policies/capability.ts';
import { type Selection, selectTasks } from '../policies/curriculum.ts';
import { selectStaged } from '../policies/curriculum-stages.ts';
import type { GuardedTask } from '../policies/overlap.ts';

/** @throws AnnealError `task.invalid` where no single reply can do the task; `store.*` */
export async function instructionOf(task: LockedTask, store: Pick<ArtifactStore, 'get'>): Promise<string> {
  if (!isArtifactTask(task)) return task.instruction;
  return promptFor(task, await filesOf(task.given, (ref) => store.get(ref)));
}

/** @throws AnnealError `tasks.none_left` */
export function drawTasks(
  { rollouts, seed }: Pick<CampaignSpec, 'rollouts' | 'seed'>,
  of: {
    readonly tasks: readonly LockedTask[];
    readonly startingPassRates: Readonly<Record<string, number>>;
    readonly round: number;
  },
): Selection {
  const { minPassRate: min, maxPassRate: max, stages } = rollouts.curriculum;
  const { startingPassRates, round } = of;
  const common = { startingPassRates, round, seed, groups: rollouts.groupsPerRound };
  if (stages === undefined)
    return selectTasks({ ...common, min, max, tasks: of.tasks.map(({ id, family }) => ({ id, family })) });
  const tasks = of.tasks.map((task) => {
    const domain = capabilityOf(task).split('/')[0]!;
    return { id: task.id, family: task.family, domain, length: lengthOf(task) };
  });
  const { stage, drawn, notes, tasks: chosen } = selectStaged({ ...common, stages, tasks });
  const mix = Object.entries(drawn).map(([domain, groups]) => `${groups} of ${domain}`);
  return { tasks: chosen, notes: [`Stage ${stage}: ${mix.join(', ')}.`, ...notes] };
}

/** What stands in a task itself, and must not stand in what a policy is given. An artifact's gold is known by its canary. */
export const textsOf = (task: LockedTask): string[] =>
  isArtifactTask(task) ? [task.instruction] : [task.instruction, task.gold];

export const guardedTask = (task: LockedTask): GuardedTask => ({
  ...{ task: task.id, texts: textsOf(task) },
  canary: isArtifactTask(task) ? task.canary : '',
});

const lengthOf = (task: LockedTask): number =>
  isArtifactTask(task) ? promptBytes(task) : Buffer.byteLength(task.instruction);
