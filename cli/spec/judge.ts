// What a campaign's or a task set's file says of its judge, held against the policy and against the calibration set that it names.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { Problem } from '../../contracts/errors.ts';
import { calibrationSet, type JudgeSpec } from '../../contracts/judge.ts';
import type { SetJudge } from '../../contracts/set-spec.ts';
import type { SourceKind } from '../../evals/construction/source.ts';
import { sourceNamed } from '../../evals/construction/sources.ts';
import { calibratedSetup } from '../../evals/verifiers/rubric/ways.ts';
import { familyOf, LEAST_CALIBRATION, type ModelIdentity, sameFamily } from '../../policies/judge-calibration.ts';
import { type CampaignDocument, dotted } from './document.ts';
import type { Path } from './guide.ts';

export interface JudgedBy {
  /** The calibration set, as it stands in its file. */
  readonly text: string;
  /** The forms of words that it calibrates. */
  readonly setups: ReadonlySet<string>;
}

export interface ReadJudge {
  readonly judged?: JudgedBy | undefined;
  readonly problems: readonly Problem[];
}

/** @param spec undefined where the file has other problems: of a judge nothing more can be said then */
export async function readJudge(
  spec: Pick<CampaignSpec, 'judge' | 'policy' | 'tasks'> | undefined,
  document: CampaignDocument,
  folder: string,
): Promise<ReadJudge> {
  if (spec === undefined) return { problems: [] };
  if (spec.judge === undefined) return { problems: missingJudge(spec, document) };
  const { judge, policy, tasks } = spec;
  const problems: Problem[] = [];
  const report = reporter(problems, document);
  if (tasks.source !== 'artifact-set')
    report(
      'spec.out_of_range',
      ['judge'],
      'nothing: only tasks of an artifact-set have rubrics',
      tasks.source,
      'Remove it: Python functions are judged by running them.',
    );
  const family = judge.policyFamily ?? familyOf(policy.base);
  const calibrated = await readCalibration(
    judge,
    { model: policy.base, family },
    { document, folder, of: 'the campaign file' },
  );
  return { ...calibrated, problems: [...problems, ...calibrated.problems] };
}

/** Of a task set, which needs a judge where its source's tasks have rubrics, and only there. */
export async function readSetJudge(
  judge: SetJudge | undefined,
  { name, rubrics }: Pick<SourceKind, 'name' | 'rubrics'>,
  document: CampaignDocument,
  folder: string,
): Promise<ReadJudge> {
  const problems: Problem[] = [];
  const report = reporter(problems, document);
  if (judge === undefined) {
    if (rubrics === 'all') report('spec.missing_field', ['judge'], ...NO_JUDGE);
    return { problems };
  }
  if (rubrics === undefined)
    report(
      'spec.out_of_range',
      ['judge'],
      `nothing: the tasks of ${name} have no rubrics`,
      judge.model,
      'Remove it: rules judge them.',
    );
  const { policyFamily } = judge;
  const of = { model: policyFamily, family: policyFamily };
  const calibrated = await readCalibration(judge, of, { document, folder, of: 'this one' });
  return { ...calibrated, problems: [...problems, ...calibrated.problems] };
}

const NO_JUDGE = [
  'the model that judges: the tasks of this source have rubrics, and without one none is a task',
  'no judge',
  'docs/rewards.md describes it: endpoint, model, family, calibration.',
] as const;

/** What a locked set's tasks have is told when its lock is opened. */
function missingJudge({ tasks }: Pick<CampaignSpec, 'tasks'>, document: CampaignDocument): Problem[] {
  const problems: Problem[] = [];
  const kind = tasks.source === 'artifact-set' ? sourceNamed(tasks.build?.from.kind ?? '') : undefined;
  if (kind?.rubrics === 'all') reporter(problems, document)('spec.missing_field', ['judge'], ...NO_JUDGE);
  return problems;
}

type Report = (code: Problem['code'], path: Path, expected: string, got: string, hint: string) => void;

const reporter =
  (problems: Problem[], document: CampaignDocument): Report =>
  (code, path, expected, got, hint) => {
    problems.push({ code, path: dotted(path), line: document.locate(path).line, expected, got, hint });
  };

async function readCalibration(
  judge: JudgeSpec,
  policy: ModelIdentity,
  { document, folder, of }: { readonly document: CampaignDocument; readonly folder: string; readonly of: string },
): Promise<ReadJudge> {
  const problems: Problem[] = [];
  const report = reporter(problems, document);
  const { family } = policy;
  if (sameFamily(judge, policy))
    report(
      'spec.out_of_range',
      ['judge', 'family'],
      `another family than the policy's, ${family || 'which its name does not tell'}: a judge favours its own kind`,
      `${judge.model} of the family ${judge.family}`,
      family === '' ? 'Name it in judge.policyFamily.' : 'Name a judge that was made from other models.',
    );
  const at: Path = ['judge', 'calibration'];
  const file = resolve(folder, judge.calibration);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (failure) {
    const why = (failure as NodeJS.ErrnoException).code ?? String(failure);
    report('spec.missing_file', at, `a file that can be read, relative to ${of}`, why, `Looked for ${file}.`);
    return { problems };
  }
  const set = calibrationSet.safeParse(parsedJson(text));
  if (!set.success) {
    const why = set.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).slice(0, 3);
    report('spec.wrong_type', at, 'a calibration set', why.join('; '), 'docs/rewards.md shows its form.');
    return { problems };
  }
  for (const [index, { criteria, items }] of set.data.rubrics.entries()) {
    const right = items.filter((one) => one.right).length;
    if (Math.min(right, items.length - right) >= LEAST_CALIBRATION) continue;
    report(
      'spec.out_of_range',
      at,
      `${LEAST_CALIBRATION} right and ${LEAST_CALIBRATION} wrong artifacts for each rubric`,
      `${right} right and ${items.length - right} wrong ones for rubric ${index + 1} (${criteria.map(({ name }) => name).join(', ')})`,
      'Fewer leave nothing but uncertainty about the judge.',
    );
  }
  return { judged: { text, setups: new Set(set.data.rubrics.map(calibratedSetup)) }, problems };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
