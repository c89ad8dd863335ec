// Rules that span fields: each value is legal by itself, together they cannot work. They run on the plain document, so that
// they are reported together with everything that zod finds; a value of the wrong type is left to zod.
import { rolloutsSpec } from '../../contracts/campaign.ts';
import type { ErrorCode, Problem } from '../../contracts/errors.ts';
import { LOOP_TOOLS } from '../../contracts/harness.ts';
import { pipelineSpec } from '../../contracts/pipeline.ts';
import { durationMs } from '../../contracts/units.ts';
import { schedulerOf, stalenessBound } from '../../policies/pipeline/scheduler-of.ts';
import { type CampaignDocument, dotted } from './document.ts';
import { quote, valueAt } from './from-zod.ts';
import type { Path } from './guide.ts';

const SPLITS = ['visible', 'gate', 'sealed'] as const;
/** Sums of decimal fractions such as 0.7 + 0.2 + 0.1 miss 1 by a rounding error, never by this much. */
const SUM_TOLERANCE = 1e-6;

/** Problems that need more than one field to see. */
export function crossFieldProblems(root: unknown, document: CampaignDocument): Problem[] {
  const found: Problem[] = [];
  const report = (code: ErrorCode, path: Path, expected: string, hint: string): void => {
    const value = valueAt(root, path);
    const got = dotted(path) === 'tasks.splits' ? spelled(value) : quote(value);
    found.push({ code, path: dotted(path), line: document.locate(path).line, expected, got, hint });
  };
  const number = (path: Path): number | undefined => {
    const value = valueAt(root, path);
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  };
  const milliseconds = (path: Path): number | undefined => {
    const value = valueAt(root, path);
    return typeof value === 'string' && /^\d+(\.\d+)?(ms|s|m|h|d)$/.test(value) ? durationMs(value) : undefined;
  };

  splitRules(number, report);
  lossRules(root, number, report);
  artifactRules(root, report);
  harnessRules(root, number, report);
  functionListRules(root, report);
  pipelineRules(root, report);

  const groups = number(['rollouts', 'groupsPerRound']);
  const size = number(['rollouts', 'groupSize']);
  const steps = number(['training', 'steps']) ?? 3;
  if (groups !== undefined && size !== undefined && groups * size < steps && groups > 0 && size > 0)
    report(
      'spec.out_of_range',
      valueAt(root, ['training', 'steps']) === undefined ? ['rollouts', 'groupsPerRound'] : ['training', 'steps'],
      `at most ${groups * size} steps: a round has ${groups} × ${size} rollouts, and every step needs one`,
      'Lower training.steps, or raise rollouts.groupsPerRound or rollouts.groupSize.',
    );

  const staleness = number(['training', 'maxStaleness']) ?? 2;
  if (steps > staleness + 1)
    report(
      'spec.out_of_range',
      ['training', 'steps'],
      `at most ${staleness + 1}: minibatch k is k - 1 steps stale, and training.maxStaleness is ${staleness}`,
      'Lower training.steps or raise training.maxStaleness.',
    );

  const lowest = number(['rollouts', 'curriculum', 'minPassRate']) ?? 0;
  const highest = number(['rollouts', 'curriculum', 'maxPassRate']) ?? 1;
  if (lowest > highest)
    report(
      'spec.out_of_range',
      ['rollouts', 'curriculum', 'minPassRate'],
      `at most maxPassRate, which is ${highest}`,
      'No task lies between the two: swap them or widen the range.',
    );

  if (valueAt(root, ['harness', 'temperature']) === 0)
    report(
      'spec.out_of_range',
      ['harness', 'temperature'],
      'above 0',
      'At temperature 0 every reply in a group is the same, so that nothing can be learnt from it. Write 1.',
    );

  const parts = ['correctness', 'partial', 'format'] as const;
  const weights = parts.map((part) => number(['reward', part]) ?? { correctness: 1, partial: 0, format: 0.2 }[part]);
  if (weights.every((weight) => weight === 0))
    report(
      'spec.out_of_range',
      ['reward'],
      'at least one component above 0',
      'Every reply would earn 0. Give correctness a weight.',
    );

  for (const path of DURATIONS)
    if (milliseconds(path) === 0) report('spec.out_of_range', path, 'longer than zero', 'Write for example 60s.');
  const wall = milliseconds(['budget', 'wallClock']);
  for (const path of [
    ['rollouts', 'timeout'],
    ['training', 'timeout'],
  ]) {
    const limit = milliseconds(path);
    if (limit !== undefined && wall !== undefined && wall > 0 && limit > wall)
      report('spec.out_of_range', path, 'at most budget.wallClock', 'Shorten the timeout or raise budget.wallClock.');
  }
  const deadline = milliseconds(['gates', 'deadline']);
  const reminder = milliseconds(['gates', 'remindAfter']);
  if (deadline !== undefined && reminder !== undefined && reminder > 0 && reminder >= deadline)
    report('spec.out_of_range', ['gates', 'remindAfter'], 'before gates.deadline', 'Remind earlier, or wait longer.');
  return found;
}

/** `visible 0.9, gate 0.3`: the numbers are what the message is about. */
const spelled = (value: unknown): string =>
  Object.entries(value ?? {})
    .map(([key, share]) => `${key} ${share}`)
    .join(', ');

const DURATIONS: readonly Path[] = [
  ['rollouts', 'timeout'],
  ['training', 'timeout'],
  ['pipeline', 'groupTimeout'],
  ['gates', 'deadline'],
  ['gates', 'remindAfter'],
  ['budget', 'wallClock'],
];

type Report = (code: ErrorCode, path: Path, expected: string, hint: string) => void;

function splitRules(number: (path: Path) => number | undefined, report: Report): void {
  const shares = SPLITS.map((split) => number(['tasks', 'splits', split]));
  for (const [index, split] of SPLITS.entries())
    if (shares[index] === 0)
      report(
        'spec.impossible_split',
        ['tasks', 'splits', split],
        'above 0: a round trains on visible, decides by gate, and a release is judged by sealed',
        `Give ${split} a share, for example 0.2, and take it from another split.`,
      );
  if (shares.some((share) => share === undefined || share < 0 || share > 1)) return;
  const sum = shares.reduce<number>((total, share) => total + (share ?? 0), 0);
  if (Math.abs(sum - 1) <= SUM_TOLERANCE) return;
  const rest = Number((1 - sum).toFixed(6));
  report(
    'spec.impossible_split',
    ['tasks', 'splits'],
    `fractions that sum to 1; these sum to ${Number(sum.toFixed(6))}`,
    rest > 0 ? `Add ${rest} to one of them.` : `Take ${-rest} from one of them.`,
  );
}

const CLIPS_BELOW: readonly string[] = ['grpo', 'gspo', 'reinforce++'];

/** Each loss has its own settings (docs/losses.md). */
function lossRules(root: unknown, number: (path: Path) => number | undefined, report: Report): void {
  const of = (field: string): unknown => valueAt(root, ['training', field]);
  const algorithm = of('algorithm') ?? 'cispo';
  const code = 'spec.out_of_range';
  const usual = algorithm === 'gspo' ? 0.0003 : 0.2;
  const clips = CLIPS_BELOW.includes(String(algorithm));
  if (clips && of('clipLow') === undefined)
    report(
      'spec.missing_field',
      ['training', 'clipLow'],
      `how far below 1 a ratio may fall`,
      `Write for example ${usual}.`,
    );
  if (clips && (number(['training', 'clipHigh']) ?? 2) > 1)
    report(
      code,
      ['training', 'clipHigh'],
      `at most 1 with ${algorithm}`,
      `Write for example ${usual}; 2 is for cispo.`,
    );
  for (const field of ['clipLow', 'ratioCap'])
    if (!clips && of(field) !== undefined)
      report(code, ['training', field], 'nothing', `Remove it: ${algorithm} does not clip from below.`);
  if (algorithm === 'sft' && of('minReward') === undefined)
    report(
      'spec.missing_field',
      ['training', 'minReward'],
      'the least reward that is imitated',
      'Write for example 1.',
    );
  if (algorithm !== 'sft' && of('minReward') !== undefined)
    report(code, ['training', 'minReward'], 'nothing', `Remove it: ${algorithm} weighs every reply by its advantage.`);
  if (algorithm === 'sft' && of('advantage') !== undefined)
    report(code, ['training', 'advantage'], 'nothing', 'Remove it: what reaches training.minReward counts alike.');
  if (algorithm !== 'cispo' && valueAt(root, ['policy', 'lora']) === null)
    report(
      code,
      ['training', 'algorithm'],
      'cispo',
      'The others train an adapter: remove `lora: null`, or write cispo.',
    );
}

/** Overlap (docs/simulation.md): a scheduler that could not fill a round, or lets through what the trainer drops. */
function pipelineRules(root: unknown, report: Report): void {
  const pipeline = pipelineSpec.safeParse(valueAt(root, ['pipeline'])).data;
  if (pipeline === undefined) return;
  const code = 'spec.out_of_range';
  if (valueAt(root, ['training', 'advantage']) === 'round')
    report(
      code,
      ['training', 'advantage'],
      'mean or mean-std beside `pipeline`',
      'A round trains on rollouts of several versions there: compare within groups.',
    );
  const rollouts = rolloutsSpec.safeParse(valueAt(root, ['rollouts'])).data;
  if (rollouts === undefined) return;
  const { scheduler } = pipeline;
  const groups = rollouts.groupsPerRound;
  if ('outstanding' in scheduler && scheduler.outstanding < groups) {
    const hint = 'Raise it, or lower rollouts.groupsPerRound.';
    report(code, ['pipeline', 'scheduler', 'outstanding'], `at least ${groups}, the groups of a round`, hint);
    return;
  }
  const given = valueAt(root, ['training', 'maxStaleness']) ?? 2;
  const bound = stalenessBound(schedulerOf(pipeline, rollouts));
  if (typeof given === 'number' && bound > given)
    report(
      code,
      ['pipeline', 'scheduler'],
      `one that trains on nothing older than training.maxStaleness, ${given} rounds; this one allows ${bound}`,
      `Write maxStaleness: ${bound}, or ${LOWER[scheduler.kind]}; ./anneal simulate compares them.`,
    );
}

const LOWER = {
  synchronous: 'change nothing',
  'position-window': 'lower outstanding or window',
  'age-window': 'lower maxAge',
  'admission-budget': 'lower eta',
} as const;

/** The two kinds of task sets have their own rewards; stages have their own difficulty. */
function artifactRules(root: unknown, report: Report): void {
  const source = valueAt(root, ['tasks', 'source']);
  const foreign: Readonly<Record<string, readonly [readonly string[], string]>> = {
    'artifact-set': [
      ['correctness', 'partial', 'format'],
      'outcome + process·α + speed·β: set reward.process and reward.speed',
    ],
    'python-stdlib': [['process', 'speed'], 'made of correctness, partial and format'],
  };
  const [fields, instead] = foreign[String(source)] ?? [[], ''];
  for (const field of fields)
    if (valueAt(root, ['reward', field]) !== undefined)
      report('spec.out_of_range', ['reward', field], 'nothing', `Remove it: with ${source} a reward is ${instead}.`);
  if (valueAt(root, ['rollouts', 'curriculum', 'stages']) === undefined) return;
  for (const field of ['minPassRate', 'maxPassRate'])
    if (valueAt(root, ['rollouts', 'curriculum', field]) !== undefined)
      report(
        'spec.out_of_range',
        ['rollouts', 'curriculum', field],
        'nothing',
        'Remove it: each stage has its own difficulty.',
      );
}

/** Each kind has its own settings, and a sandbox's agents take longer than one reply. */
function harnessRules(root: unknown, number: (path: Path) => number | undefined, report: Report): void {
  const of = (field: string): unknown => valueAt(root, ['harness', field]);
  const kind = of('kind') ?? 'single-turn';
  const own: Readonly<Record<string, string>> = { loop: 'tool-loop', process: 'process' };
  for (const [field, wanted] of Object.entries(own))
    if (kind !== wanted && of(field) !== undefined)
      report('spec.out_of_range', ['harness', field], 'nothing', `Remove it, or write harness.kind: ${wanted}.`);
  if (kind === 'process' && of('process') === undefined)
    report('spec.missing_field', ['harness', 'process'], 'the agent: its command', 'docs/harness.md describes it.');
  if (kind === 'process' && of('system') !== undefined && of('system') !== '')
    report(
      'spec.out_of_range',
      ['harness', 'system'],
      'nothing',
      'Remove it: the agent has a system prompt of its own.',
    );
  const settings = kind === 'tool-loop' ? 'loop' : 'process';
  const [whole, each] = [number(['harness', settings, 'maxTokens']), number(['harness', 'maxTokens'])];
  if (kind !== 'single-turn' && whole !== undefined && each !== undefined && each > whole)
    report(
      'spec.out_of_range',
      ['harness', settings, 'maxTokens'],
      `at least harness.maxTokens, which is ${each}`,
      'It bounds the whole rollout; harness.maxTokens one reply.',
    );
  const registry = of('loop') === undefined ? undefined : valueAt(root, ['harness', 'loop', 'registry']);
  const names = Array.isArray(registry) ? registry.map((one) => valueAt(one, ['name'])) : [];
  for (const [index, name] of names.entries())
    if (names.indexOf(name) < index || [...LOOP_TOOLS, 'submit', 'find_tools'].some((known) => known === name))
      report(
        'spec.duplicate_key',
        ['harness', 'loop', 'registry', index, 'name'],
        'a name that no other tool has',
        'Call it something else.',
      );
}

function functionListRules(root: unknown, report: Report): void {
  const listed = (path: Path): string[] => {
    const value = valueAt(root, path);
    return Array.isArray(value) ? value.map(String) : [];
  };
  for (const path of [
    ['tasks', 'modules'],
    ['tasks', 'exclude'],
    ['tasks', 'only'],
  ]) {
    const items = listed(path);
    for (const [index, item] of items.entries())
      if (items.indexOf(item) < index)
        report('spec.duplicate_key', [...path, index], 'each entry once', `Remove it: ${item} is already listed.`);
  }
  const exclude = new Set(listed(['tasks', 'exclude']));
  const only = listed(['tasks', 'only']);
  for (const [index, item] of only.entries())
    if (exclude.has(item))
      report(
        'spec.duplicate_key',
        ['tasks', 'only', index],
        'a function that tasks.exclude does not name',
        `${item} is in both lists: remove it from one.`,
      );
  const kept = new Set(only.filter((item) => !exclude.has(item)));
  if (valueAt(root, ['tasks', 'only']) !== undefined && kept.size < SPLITS.length)
    report(
      'spec.impossible_split',
      ['tasks', 'only'],
      'at least three functions: every split needs one of its own',
      'Name more functions, or remove `only`.',
    );
}
