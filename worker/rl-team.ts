// The roles of a team's cycle on this worker: an analyst that reads the records of a campaign, and a planner that reads documents, where a model is
// configured; whoever plans otherwise is plugged in here.

import type { Documents } from '../activities/read.ts';
import type { RlTeamPorts } from '../activities/rl-team.ts';
import { createResearchPlanner } from '../activities/rl-team-planner.ts';
import { type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import { stepMetrics } from '../contracts/job.ts';
import { baseWeightsOf } from '../contracts/names.ts';
import { policyWeights } from '../contracts/policy-version.ts';
import { reportData } from '../contracts/record.ts';
import { firstState } from '../infra/temporal/first-state.ts';
import { roundReports, roundSentences } from '../policies/round-report.ts';
import { shareSentence } from '../policies/share.ts';

export function teamPorts({
  store,
  documents,
  hasModel,
}: {
  readonly store: ArtifactStore;
  readonly documents: Documents;
  readonly hasModel: boolean;
}): Pick<RlTeamPorts, 'planner' | 'analyst' | 'firstState'> {
  const named = async (key: string): Promise<unknown> => {
    const found = await store.readNamed(key);
    return found === undefined ? undefined : JSON.parse(new TextDecoder().decode(found.bytes));
  };
  return {
    ...(hasModel ? { planner: createResearchPlanner({ store, documents }) } : {}),
    /** All that there is to say in one turn: facts do not grow by looking again. */
    async analyst({ campaign }) {
      const ref = artifactRef.safeParse(await named(`campaigns/${campaign}/report`)).data;
      if (ref === undefined) return { sentences: ['It has no report.'], tokens: 0, done: true };
      const { state, steps, share } = await documents.read(reportData, ref);
      const read = steps.flatMap((one) => {
        const step = stepMetrics.safeParse(one).data;
        return step === undefined ? [] : [{ ...step, round: one.round }];
      });
      const rounds = roundReports(state, read).map(
        (one) =>
          `Round ${one.round}${one.verdict === undefined ? '' : `, ${one.verdict}`}: ${roundSentences(one).join(' ')}`,
      );
      return { sentences: [...rounds, ...(share === undefined ? [] : [shareSentence(share)])], tokens: 0, done: true };
    },
    async firstState(spec, ref) {
      const weights = await named(baseWeightsOf(spec.name));
      return firstState(spec, ref, ref.sha256, weights === undefined ? undefined : policyWeights.parse(weights));
    },
  };
}
