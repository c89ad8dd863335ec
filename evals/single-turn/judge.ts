// A reply to an artifact task, from its text to what is recorded of it: the file that it hands in, the verdict of the task's verifier,
// the manner of the reply, and what the detectors say.

import { createHash } from 'node:crypto';
import { type Alarm, isProved } from '../../contracts/alarm.ts';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Purpose } from '../../contracts/ids.ts';
import type { ComponentScore, Judgement, VerifierRef } from '../../contracts/judgement.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import type { Outcome, Reward } from '../../contracts/trajectory.ts';
import { type ComposedReward, SHARES } from '../../policies/reward-composition.ts';
import { artifactAlarms } from '../detectors/artifact-alarms.ts';
import { type Artifact, artifactOf } from '../verifiers/artifact.ts';
import { artifactVerifierFor } from '../verifiers/artifact-registry.ts';
import { type Judged, judgeArtifact } from '../verifiers/judge.ts';
import { completionTime } from '../verifiers/process/completion-time.ts';
import { languageMix } from '../verifiers/process/language-mix.ts';
import type { Transcript } from '../verifiers/process/transcript.ts';
import type { Instruments } from '../verifiers/verifier.ts';
import { fileOf } from './fit.ts';
import { fileInReply, type ReplyFile } from './reply-file.ts';

export interface SingleTurn {
  readonly task: ArtifactTask;
  readonly reply: string;
  /** That the engine took for the reply. */
  readonly seconds: number;
  /** The one that the task names, or another version of it. */
  readonly verifier: VerifierRef;
  readonly weights: RolloutPlan['reward'];
  readonly purpose: Purpose;
  readonly instruments: Instruments;
  /** A file of the task by its content. */
  readonly load: (ref: ArtifactRef) => Promise<Uint8Array>;
}

export interface JudgedTurn {
  readonly outcome: Outcome;
  readonly reason?: string;
  readonly artifact?: string;
  readonly reward?: Omit<Reward, 'evidence'>;
  /** The judgement with its alarms; or, where there is none, why. */
  readonly evidence: object;
  readonly alarms: readonly Alarm[];
}

/**
 * A sample that raises an alarm is masked where it trains; where it is measured it is not solved if the alarm is proved, as for python-function (judge-reply.ts).
 * @throws AnnealError `verifier.failed` when this build has no such verifier; as judgeArtifact
 */
export async function judgeSingleTurn(turn: SingleTurn): Promise<JudgedTurn> {
  const { task, verifier, weights, purpose, instruments } = turn;
  const file = fileInReply(turn.reply, task.format);
  const given = await filesOf(task.given, turn.load);
  const judged = await judgeArtifact({
    ...{ task, instruments, given, verifier: artifactVerifierFor(verifier) },
    artifact: file === undefined ? new Map() : artifactOf({ [fileOf(task) ?? '']: file.text }),
    shares: { process: weights.process ?? SHARES.process, speed: weights.speed ?? SHARES.speed },
    manner: mannerOf(turn, file),
  });
  return recordedJudgement(judged, {
    ...{ task: task.id, verifier, purpose, exact: file?.exact === true, artifact: file?.text },
    alarms: (judgement) => artifactAlarms(task, file?.text ?? '', judgement, { given, reply: turn.reply }),
  });
}

/** What is recorded of a judgement, whatever the artifact came from. */
export function recordedJudgement(
  judged: Judged,
  of: {
    readonly task: string;
    readonly verifier: VerifierRef;
    readonly purpose: Purpose;
    /** It was handed in in the form that was asked for. */
    readonly exact: boolean;
    readonly artifact: string | undefined;
    readonly alarms: (judgement: Judgement) => readonly Alarm[];
  },
): JudgedTurn {
  const { task, verifier, purpose } = of;
  const artifact = of.artifact === undefined ? {} : { artifact: of.artifact };
  if (!('reward' in judged)) {
    const { outcome, reason } = judged;
    const evidence = { schema: 'anneal/unjudged/v1', task, verifier, failure: reason };
    return { outcome, reason, ...artifact, evidence, alarms: [] };
  }
  const { outcome, judgement } = judged;
  const reward = rewardOf(judged.reward, of.exact, verifier);
  const alarms = of.alarms(judgement);
  if (alarms.length === 0) return { outcome, ...artifact, reward, evidence: judgement, alarms };
  const evidence = { ...judgement, alarms };
  if (purpose !== 'train' && !alarms.some(isProved)) return { outcome, ...artifact, reward, evidence, alarms };
  if (purpose !== 'train')
    return { outcome: 'policy_failure', ...artifact, reward: worthless(reward), evidence, alarms };
  const reason = alarms.map(({ detector }) => detector).join(', ');
  return { outcome: 'integrity_alarm', reason, ...artifact, evidence, alarms };
}

/** How the reply was given: process and speed components. */
function mannerOf({ task, reply, seconds }: SingleTurn, file: ReplyFile | undefined): ComponentScore[] {
  const transcript: Transcript = {
    turns: [
      { role: 'user', content: task.instruction },
      { role: 'assistant', content: reply, seconds },
    ],
    tools: {},
  };
  const form: ComponentScore = {
    ...{ name: 'reply-form@1', kind: 'process', weight: 1, score: file?.exact === true ? 1 : 0 },
    why: file?.exact === true ? 'the reply is the file' : 'the file stands among other text',
  };
  const others = [languageMix(transcript), completionTime(transcript, task.baselineSeconds)];
  return [form, ...others.filter((one) => one !== undefined)];
}

/** The composed reward in the terms that every trajectory has. */
function rewardOf(composed: ComposedReward, exact: boolean, verifier: VerifierRef): Omit<Reward, 'evidence'> {
  const { total, outcome, process, speed, solved } = composed;
  return {
    total,
    components: {
      ...{ format: exact ? 1 : 0, correctness: solved ? 1 : 0, partial: outcome },
      ...(process === undefined ? {} : { process }),
      ...(speed === undefined ? {} : { speed }),
    },
    verifier: { ...verifier },
  };
}

const worthless = (reward: Omit<Reward, 'evidence'>): Omit<Reward, 'evidence'> => ({
  ...reward,
  total: 0,
  components: { format: 0, correctness: 0, partial: 0 },
});

/**
 * What a store hands out is looked at here as well: judged by half of what it was given, the best answer would be wrong.
 * @throws AnnealError `store.corrupt_object` where a file is not the one that the task names; as `load`
 */
export async function filesOf(files: ArtifactTask['given'], load: SingleTurn['load']): Promise<Artifact> {
  const one = async ([path, ref]: [string, ArtifactRef]): Promise<[string, Uint8Array]> => {
    const bytes = await load(ref);
    if (createHash('sha256').update(bytes).digest('hex') === ref.sha256) return [path, bytes];
    throw new AnnealError('store.corrupt_object', `${path} came as ${bytes.length} bytes that are not ${ref.uri}`);
  };
  return new Map(await Promise.all(Object.entries(files).map(one)));
}
