// What a campaign's judge must be able to judge: tasks whose check holds a rubric.
import { z } from 'zod';
import type { ArtifactTask } from '../../../contracts/artifact-task.ts';
import { type Rubric, rubric } from '../../../contracts/judge.ts';
import { ARTIFACT_VERIFIERS } from '../artifact-registry.ts';
import type { RubricWay } from './judging.ts';
import { wayOf } from './ways.ts';

const withRubric = z.object({ rubric });

/** Undefined where its verifier asks no model. */
export const rubricOf = ({ check }: Pick<ArtifactTask, 'check'>): Rubric | undefined =>
  withRubric.safeParse(check).data?.rubric;

/** The forms of words that a campaign's judge is calibrated in; undefined: it has no judge. */
export type JudgedSetups = ReadonlySet<string> | undefined;

/** @returns undefined where it can be judged; else why not, in words that go behind the task's id */
export function whyNotJudged(task: Pick<ArtifactTask, 'check' | 'verifier'>, setups: JudgedSetups): string | undefined {
  const asked = rubricOf(task);
  if (asked === undefined) return undefined;
  if (setups === undefined) return 'has a rubric, and no judge is named';
  const way = wayOfTask(task);
  if (setups.has(way.setup(asked))) return undefined;
  const criteria = asked.criteria.map(({ name }) => name).join(', ');
  return `has criteria (${criteria}), asked ${way.name}, that the judge’s calibration does not hold in this way`;
}

/** A verifier that this build has not judges nothing here; what else its task lacks is told elsewhere. */
function wayOfTask({ verifier: { name, version } }: Pick<ArtifactTask, 'verifier'>): RubricWay {
  const known = ARTIFACT_VERIFIERS.find(({ ref }) => ref.name === name && ref.version === version);
  return known?.asks ?? wayOf();
}
