// Which tasks can be done in one reply: those that want one file of text, and give no more than a prompt holds.
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import type { HarnessSpec } from '../../contracts/harness.ts';
import type { ArtifactFormat } from '../../contracts/judgement.ts';

export const SINGLE_TURN_FORMATS = [
  'program',
  'structured-data',
  'answer',
  'patch',
] as const satisfies readonly ArtifactFormat[];

/** Of the files that stand in the prompt, together. */
export const MOST_GIVEN_BYTES = 64 * 1_024;

/** Why a campaign's harness cannot do a task: in a workspace every format can be handed in. */
export const whyNotDone = (task: ArtifactTask, { kind }: Pick<HarnessSpec, 'kind'>): string | undefined =>
  kind === undefined || kind === 'single-turn' ? whyNotSingleTurn(task) : undefined;

/** @returns undefined where one reply can do the task; else why not, in words that go behind the task's id */
export function whyNotSingleTurn(task: ArtifactTask): string | undefined {
  if (!isSingleTurn(task.format)) return `wants ${task.format}, which takes an agent with several steps`;
  if (fileOf(task) === undefined) return 'wants more than one file of text';
  const bytes = Object.values(task.given).reduce((sum, ref) => sum + ref.bytes, 0);
  return bytes > MOST_GIVEN_BYTES ? `gives ${bytes} bytes, more than the ${MOST_GIVEN_BYTES} of a prompt` : undefined;
}

export const isSingleTurn = (format: ArtifactFormat): boolean =>
  (SINGLE_TURN_FORMATS as readonly ArtifactFormat[]).includes(format);

/** The one file that the reply becomes; undefined where the task wants others. */
export function fileOf({ deliverables }: Pick<ArtifactTask, 'deliverables'>): string | undefined {
  const required = deliverables.filter((one) => one.required);
  const [only, ...others] = required.length === 0 ? deliverables : required;
  return only === undefined || others.length > 0 || only.path.endsWith('/') ? undefined : only.path;
}
