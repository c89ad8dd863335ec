// A reply from its text to what is recorded of it: the verifier's verdict, and what the detectors say of how it came about.
import { type Alarm, isProved } from '../../contracts/alarm.ts';
import type { Purpose } from '../../contracts/ids.ts';
import type { VerifierRef } from '../../contracts/judgement.ts';
import type { Reward } from '../../contracts/trajectory.ts';
import { merged } from '../detectors/merged.ts';
import { sourceAlarms } from '../detectors/source-alarms.ts';
import { type SpecialCasing, specialCasingIn } from '../detectors/special-casing.ts';
import { type GradeInput, type Grading, ROW_VERIFIER } from './python-function/grade.ts';
import { verifierFor } from './registry.ts';

export interface JudgedReply extends Omit<Grading, 'evidence'> {
  readonly evidence: Grading['evidence'] | (Grading['evidence'] & { readonly alarms: readonly Alarm[] });
  readonly alarms: readonly Alarm[];
}

/**
 * A training sample that raises an alarm is masked: neither the reward that it went for nor a punishment that teaches to hide. On a
 * split that measures it counts as not solved where something proves the alarm: if it were left out, cheating where a task is too hard would
 * raise the rate. An alarm that a source was only read for is on record there, and takes nothing: honest code looks like it.
 * @param verifier the one that the task names, or another version of it
 */
export async function judgeReply(
  input: GradeInput & {
    readonly purpose: Purpose;
    readonly verifier: VerifierRef;
    readonly specialCasing?: SpecialCasing | undefined;
    /** What was seen on the way to it. */
    readonly more?: readonly Alarm[];
  },
): Promise<JudgedReply> {
  const { task, sandbox, purpose, specialCasing, more = [] } = input;
  const graded = await verifierFor(input.verifier)(input);
  const source = graded.artifact;
  if (graded.reward === undefined) return { ...graded, alarms: [] };
  if (source === undefined && more.length === 0) return { ...graded, alarms: [] };
  // Its secret inputs keep what all inputs of the task have in common; those of the detector may break it, and alarm for honest work.
  const judgedByRows = input.verifier.version === ROW_VERIFIER.version;
  const special = judgedByRows
    ? specialCasingIn(task, graded.evidence)
    : graded.outcome === 'success' && source !== undefined
      ? await specialCasing?.({ task, source, sandbox })
      : undefined;
  // Tried whatever the source says: a word that alarms and takes nothing must not hide a table of cases.
  const alarms = merged([
    ...(source === undefined ? [] : sourceAlarms(source)),
    ...(special === undefined ? [] : [special]),
    ...more,
  ]);
  if (alarms.length === 0) return { ...graded, alarms };
  const artifact = source === undefined ? {} : { artifact: source };
  const evidence = { ...graded.evidence, alarms };
  if (purpose === 'train') {
    const reason = alarms.map(({ detector }) => detector).join(', ');
    return { outcome: 'integrity_alarm', reason, ...artifact, evidence, alarms };
  }
  if (!alarms.some(isProved)) return { ...graded, evidence, alarms };
  return { outcome: 'policy_failure', ...artifact, reward: worthless(graded.reward), evidence, alarms };
}

const worthless = (reward: Omit<Reward, 'evidence'>): Omit<Reward, 'evidence'> => ({
  ...reward,
  total: 0,
  components: { format: 0, correctness: 0, partial: 0 },
});
