// The models that judge for campaigns: measured once, before anything is judged by them, and asked by what was measured.
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type CampaignName, campaignName, type RolloutId, type Sha256 } from '../contracts/ids.ts';
import {
  type CalibratedJudge,
  calibratedJudge,
  calibrationSet,
  type JudgeSpec,
  judgeExchange,
} from '../contracts/judge.ts';
import type { JudgeModel } from '../contracts/judge-model.ts';
import { calibratedJudgeName, calibrationSetName, judgeExchangeName } from '../contracts/names.ts';
import { sha256Of } from '../evals/verifiers/gates.ts';
import { type Calibrating, calibrate, refuseMeasured } from '../evals/verifiers/rubric/calibrate.ts';
import type { JudgeInstrument } from '../evals/verifiers/rubric/judging.ts';
import type { JudgeRecord } from '../evals/verifiers/rubric/question.ts';
import { familyOf, type ModelIdentity } from '../policies/judge-calibration.ts';
import type { JudgingActivities } from './interface.ts';
import type { Documents } from './read.ts';

export type OpenJudge = (judge: JudgeSpec) => JudgeModel;

export interface Judges {
  /** Undefined where the campaign has none, or has not measured it yet. */
  of(campaign: CampaignName): Promise<JudgeInstrument | undefined>;
  /** By a rollout's id, which begins with its campaign. */
  ofRollout(rollout: RolloutId): Promise<JudgeInstrument | undefined>;
}

export function createJudges(store: ArtifactStore, documents: Documents, open: OpenJudge): Judges {
  const known = new Map<CampaignName, JudgeInstrument>();
  async function of(campaign: CampaignName): Promise<JudgeInstrument | undefined> {
    const before = known.get(campaign);
    if (before !== undefined) return before;
    const measured = await readMeasured(store, documents, campaign);
    if (measured === undefined) return undefined;
    const { judge, policy, calibrations } = measured;
    // One model a campaign: what was planted for it is known by it.
    const instrument = known.get(campaign) ?? {
      ...{ model: open(judge), policy, calibrations },
      record: recordOf(store, documents, (question) => judgeExchangeName(campaign, question)),
    };
    known.set(campaign, instrument);
    return instrument;
  }
  return { of, ofRollout: (rollout) => of(campaignName.parse(rollout.split('/')[0])) };
}

export interface JudgingPorts {
  readonly store: ArtifactStore;
  readonly documents: Documents;
  readonly open: OpenJudge;
}

export function createJudgingActivities(ports: JudgingPorts): JudgingActivities {
  const { store, documents } = ports;
  return {
    async calibrateJudge({ campaign, spec: specRef }) {
      const { judge, policy } = await documents.spec(specRef);
      if (judge === undefined) throw new AnnealError('internal.bug', `${campaign} names no judge`);
      const made = await store.readNamed(calibratedJudgeName(campaign));
      if (made !== undefined) return artifactRef.parse(JSON.parse(new TextDecoder().decode(made.bytes)));
      const named = await store.readNamed(calibrationSetName(campaign));
      if (named === undefined)
        throw new AnnealError('judge.refused', `the calibration of ${campaign}'s judge was not carried with it`);
      let progress = { done: 0, total: 0, unit: 'questions' };
      const beat = setInterval(() => heartbeat(progress), 1_000);
      try {
        const measuring = {
          ...{ judge, name: calibratedJudgeName(campaign), set: new TextDecoder().decode(named.bytes) },
          policy: { model: policy.base, family: judge.policyFamily ?? familyOf(policy.base) },
        };
        return await measureJudge(ports, measuring, {
          signal: cancellationSignal(),
          onProgress: (done, total) => {
            progress = { done, total, unit: 'questions' };
          },
        });
      } finally {
        clearInterval(beat);
      }
    },
  };
}

export interface Measuring {
  readonly judge: JudgeSpec;
  readonly policy: ModelIdentity;
  /** What it is calibrated with, as it stands in its file. */
  readonly set: string;
  /** By which the store finds what was measured, where the judge may judge. */
  readonly name: string;
}

/** @throws AnnealError `judge.refused` with what was measured, which stays in the store; `judge.unavailable` */
export async function measureJudge(
  { store, documents, open }: JudgingPorts,
  { judge, policy, set, name }: Measuring,
  calibrating: Calibrating,
): Promise<ArtifactRef> {
  const found: CalibratedJudge = {
    ...{ schema: 'anneal/calibrated-judge/v1', judge, policy, set: sha256Of(set) },
    ...(await calibrate(open(judge), calibrationSet.parse(JSON.parse(set)), calibrating)),
  };
  const ref = await documents.write(found);
  const refusal = refuseMeasured(found, policy, judge.leastAgreement);
  if (refusal !== undefined)
    throw new AnnealError('judge.refused', `${refusal} What it said of each artifact: ${ref.uri}.`);
  await store.createNamed(name, JSON.stringify(ref));
  return ref;
}

async function readMeasured(
  store: ArtifactStore,
  documents: Documents,
  campaign: CampaignName,
): Promise<CalibratedJudge | undefined> {
  const named = await store.readNamed(calibratedJudgeName(campaign));
  if (named === undefined) return undefined;
  return documents.read(calibratedJudge, artifactRef.parse(JSON.parse(new TextDecoder().decode(named.bytes))));
}

/** Each exchange is an object of the store, by the hash of its question. */
export function recordOf(
  store: ArtifactStore,
  documents: Documents,
  nameOf: (question: Sha256) => string,
): JudgeRecord {
  const find = async (question: Sha256): Promise<string | undefined> => {
    const named = await store.readNamed(nameOf(question));
    if (named === undefined) return undefined;
    const ref = artifactRef.parse(JSON.parse(new TextDecoder().decode(named.bytes)));
    return (await documents.read(judgeExchange, ref)).reply;
  };
  return {
    find,
    async keep(question, exchange) {
      const ref = await store.put(canonicalJson({ schema: 'anneal/judge-exchange/v1', ...exchange }));
      const first = await store.createNamed(nameOf(question), JSON.stringify(ref));
      return first ? exchange.reply : ((await find(question)) ?? exchange.reply);
    },
  };
}
