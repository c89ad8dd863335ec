// Which tasks a round draws where training goes through stages: each has a mix of domains, a greatest length by domain, and a difficulty.
import { AnnealError } from '../contracts/errors.ts';
import { type CurriculumTask, type Selection, selectTasks } from './curriculum.ts';
import { createRandom } from './random.ts';

export interface StagedTask extends CurriculumTask {
  /** For example `swe`, `terminal`, `reasoning`: the first part of a task's capability. */
  readonly domain: string;
  /** What the task takes of a context, in the unit of the stages' lengths. */
  readonly length: number;
}

export interface Stage {
  /** The last stage goes on for as many rounds as there are. */
  readonly rounds: number;
  /** Shares by domain; they are taken relative to their sum. A domain that is not named is not drawn from. */
  readonly mix: Readonly<Record<string, number>>;
  /** Longer tasks of the domain wait for a later stage; a domain that is not named has no limit. */
  readonly longest: Readonly<Record<string, number>>;
  /** Pass rates of the base model. */
  readonly difficulty: { readonly min: number; readonly max: number };
}

export interface StagedInput {
  /** The visible split. */
  readonly tasks: readonly StagedTask[];
  readonly stages: readonly Stage[];
  readonly startingPassRates: Readonly<Record<string, number>>;
  readonly groups: number;
  readonly seed: number;
  /** From 1. */
  readonly round: number;
}

export interface StagedSelection extends Selection {
  /** From 1. */
  readonly stage: number;
  /** Groups by domain. */
  readonly drawn: Readonly<Record<string, number>>;
}

/**
 * The groups of a round are dealt out to the stage's domains by largest remainders; a domain without a task that fits gives its share to
 * the others. Within a domain tasks are drawn as `selectTasks` draws them, so that every one is seen before any is seen again.
 * @throws AnnealError `tasks.none_left` when no task fits the stage
 */
export function selectStaged(input: StagedInput): StagedSelection {
  const { stage, index, round } = stageOf(input.stages, input.round);
  const notes: string[] = [];
  const fitting = byDomain(input, stage);
  const shares = Object.entries(stage.mix).filter(([, share]) => share > 0);
  const open = shares.filter(([domain]) => (fitting.get(domain) ?? []).length > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [domain] of shares)
    if (!open.some(([one]) => one === domain))
      notes.push(`No task of ${domain} fits stage ${index + 1}: others take its share.`);
  if (open.length === 0)
    throw new AnnealError(
      'tasks.none_left',
      `no task fits stage ${index + 1} (of ${input.tasks.length} visible tasks)`,
    );

  const drawn = dealt(input.groups, open);
  const tasks = open.flatMap(([domain]) => {
    const groups = drawn[domain]!;
    if (groups === 0) return [];
    const { min, max } = stage.difficulty;
    const selection = selectTasks({
      ...{ tasks: fitting.get(domain)!, startingPassRates: input.startingPassRates, min, max, groups, round },
      seed: createRandom('stage', input.seed, index, domain).bits(),
    });
    notes.push(...selection.notes.map((note) => `${domain}: ${note}`));
    return selection.tasks;
  });
  return { tasks, notes, stage: index + 1, drawn };
}

function stageOf(stages: readonly Stage[], round: number): { stage: Stage; index: number; round: number } {
  let left = round;
  for (const [index, stage] of stages.entries()) {
    if (left <= stage.rounds || index === stages.length - 1) return { stage, index, round: left };
    left -= stage.rounds;
  }
  throw new AnnealError('internal.bug', 'a curriculum without stages');
}

/** Tasks that are short enough and whose pass rate, where it is known, lies in the stage's range. */
function byDomain(
  { tasks, startingPassRates }: StagedInput,
  { longest, difficulty }: Stage,
): Map<string, StagedTask[]> {
  const domains = new Map<string, StagedTask[]>();
  for (const task of tasks) {
    const limit = Object.hasOwn(longest, task.domain) ? longest[task.domain]! : Number.POSITIVE_INFINITY;
    const rate = Object.hasOwn(startingPassRates, task.id) ? startingPassRates[task.id] : undefined;
    const fits = rate === undefined || (rate >= difficulty.min && rate <= difficulty.max);
    if (task.length <= limit && fits) domains.set(task.domain, [...(domains.get(task.domain) ?? []), task]);
  }
  return domains;
}

/** Largest remainders; where remainders are equal the domain that comes first by name. */
function dealt(groups: number, shares: readonly (readonly [string, number])[]): Record<string, number> {
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  const parts = shares.map(([domain, share]) => ({ domain, exact: (groups * share) / total }));
  const whole = parts.reduce((sum, { exact }) => sum + Math.floor(exact), 0);
  const remainder = ({ exact }: { exact: number }): number => exact - Math.floor(exact);
  const more = new Set(
    [...parts]
      .sort((a, b) => remainder(b) - remainder(a) || (a.domain < b.domain ? -1 : 1))
      .slice(0, groups - whole)
      .map(({ domain }) => domain),
  );
  return Object.fromEntries(parts.map(({ domain, exact }) => [domain, Math.floor(exact) + (more.has(domain) ? 1 : 0)]));
}
