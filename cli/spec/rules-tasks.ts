// Rules on what is done: how tasks are split and drawn, and what they are worth.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { Problem } from '../../contracts/errors.ts';
import { isWholeRange, MEASURED_BY } from '../../evals/construction/sieve.ts';
import { type CampaignDocument, dotted } from './document.ts';
import { valueAt } from './from-zod.ts';
import type { Ground } from './ground.ts';
import type { Path } from './guide.ts';

const SPLITS = ['visible', 'gate', 'sealed'] as const;
/** Sums of decimal fractions such as 0.7 + 0.2 + 0.1 miss 1 by a rounding error, never by this much. */
const SUM_TOLERANCE = 1e-6;

export function splitRules({ number, report }: Ground): void {
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

export function curriculumRules({ number, report }: Ground): void {
  const lowest = number(['rollouts', 'curriculum', 'minPassRate']) ?? 0;
  const highest = number(['rollouts', 'curriculum', 'maxPassRate']) ?? 1;
  if (lowest > highest)
    report(
      'spec.out_of_range',
      ['rollouts', 'curriculum', 'minPassRate'],
      `at most maxPassRate, which is ${highest}`,
      'No task lies between the two: swap them or widen the range.',
    );
}

export function rewardRules({ number, report }: Ground): void {
  const parts = ['correctness', 'partial', 'format'] as const;
  const weights = parts.map((part) => number(['reward', part]) ?? { correctness: 1, partial: 0, format: 0.2 }[part]);
  if (weights.every((weight) => weight === 0))
    report(
      'spec.out_of_range',
      ['reward'],
      'at least one component above 0',
      'Every reply would earn 0. Give correctness a weight.',
    );
}

/** The two kinds of task sets have their own rewards; stages have their own difficulty. */
export function artifactRules({ root, report }: Ground): void {
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

export function functionListRules({ root, report }: Ground): void {
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

/** A range of a set that the campaign builds, and nothing that says how often a task is solved. */
export function unmeasuredDifficulty({ tasks }: CampaignSpec, document: CampaignDocument): Problem[] {
  const build = tasks.source === 'artifact-set' ? tasks.build : undefined;
  if (build === undefined || tasks.startingPassRates !== undefined || isWholeRange(build)) return [];
  const path = ['tasks', 'build', 'difficulty'];
  const { min, max } = build.difficulty;
  const line = document.locate(path).line;
  return [{ code: 'spec.out_of_range', path: dotted(path), line, got: `${min} to ${max}`, ...MEASURED_BY }];
}
