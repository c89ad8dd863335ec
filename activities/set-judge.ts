// The judge of a task set that is made before any campaign: measured as a campaign's is, once for what it is and what it is calibrated with.
import { artifactRef } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { calibratedJudge } from '../contracts/judge.ts';
import { measuredJudgeExchangeName, measuredJudgeName } from '../contracts/names.ts';
import type { SetJudge } from '../contracts/set-spec.ts';
import { sha256Of } from '../evals/verifiers/gates.ts';
import type { Calibrating } from '../evals/verifiers/rubric/calibrate.ts';
import type { JudgeInstrument } from '../evals/verifiers/rubric/judging.ts';
import { type JudgingPorts, measureJudge, recordOf } from './judges.ts';

/**
 * @param set what it is calibrated with, as it stands in its file
 * @throws AnnealError `judge.refused`, `judge.unavailable`
 */
export async function judgeOfSet(
  ports: JudgingPorts,
  { judge, set }: { readonly judge: SetJudge; readonly set: string },
  calibrating: Calibrating,
): Promise<JudgeInstrument> {
  const { store, documents, open } = ports;
  // The name of a file says nothing of the judge.
  const { calibration: _, ...own } = judge;
  const key = sha256Of(canonicalJson({ judge: own, set: sha256Of(set) }));
  const policy = { model: judge.policyFamily, family: judge.policyFamily };
  const name = measuredJudgeName(key);
  const made = await store.readNamed(name);
  const ref =
    made === undefined
      ? await measureJudge(ports, { judge, policy, set, name }, calibrating)
      : artifactRef.parse(JSON.parse(new TextDecoder().decode(made.bytes)));
  const { calibrations } = await documents.read(calibratedJudge, ref);
  const record = recordOf(store, documents, (question) => measuredJudgeExchangeName(key, question));
  return { model: open(judge), policy, calibrations, record };
}
