// A recorded reply to any task of a locked set, judged by the verifier that the task names, or another version of it.
import { createHmac } from 'node:crypto';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import type { Browser } from '../../contracts/browser.ts';
import type { EpisodeTranscript } from '../../contracts/episode.ts';
import type { Purpose, RolloutId } from '../../contracts/ids.ts';
import type { VerifierRef } from '../../contracts/judgement.ts';
import { isArtifactTask, type LockedTask } from '../../contracts/locked-set.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import type { SpecialCasing } from '../detectors/special-casing.ts';
import { alarmsOf, functionReply, judgeSession } from '../episode/judge.ts';
import type { Trail } from '../episode/trail.ts';
import { type JudgedTurn, judgeSingleTurn } from '../single-turn/judge.ts';
import type { Artifact } from './artifact.ts';
import { artifactVerifierFor } from './artifact-registry.ts';
import { judgeReply } from './judge-reply.ts';
import { type OpenTools, toolOf } from './patch/tools.ts';
import { verifierFor } from './registry.ts';
import type { JudgeInstrument } from './rubric/judging.ts';
import { rubricOf } from './rubric/tasks.ts';

export interface RecordedReply {
  readonly rollout: RolloutId;
  readonly text: string;
  /** That the engine took for it. */
  readonly milliseconds: number;
}

/** What a rollout of several steps left behind. */
export interface RecordedSession {
  readonly rollout: RolloutId;
  readonly handedIn: Artifact;
  readonly transcript: EpisodeTranscript;
  /** Of somebody else's agent, what its requests show. */
  readonly trail?: Trail | undefined;
  readonly seconds: number;
}

export interface Grader {
  readonly sandbox: Sandbox;
  /** Inputs that no policy can know follow from it. */
  readonly secret: string | undefined;
  readonly specialCasing: SpecialCasing | undefined;
  readonly load: (ref: ArtifactRef) => Promise<Uint8Array>;
  /** The model that judges by rubrics, of a rollout's campaign; asked for only where the task has one. */
  readonly judgeOf?: ((rollout: RolloutId) => Promise<JudgeInstrument | undefined>) | undefined;
  readonly tools?: OpenTools | undefined;
  /** Shows pages, documents and decks; null where there is none. */
  readonly browser?: Browser | null | undefined;
}

/** @throws AnnealError `sandbox.unavailable`, `stack.python_missing`, `verifier.failed` (no such verifier), `task.invalid`, `store.*` */
export async function judgeTask(
  { sandbox, secret, specialCasing, load, judgeOf, tools: openTools, browser }: Grader,
  of: {
    readonly task: LockedTask;
    readonly verifier?: VerifierRef;
    readonly reply: RecordedReply | RecordedSession;
    readonly weights: RolloutPlan['reward'];
    readonly purpose: Purpose;
  },
): Promise<JudgedTurn> {
  const { task, reply, weights, purpose } = of;
  const verifier = of.verifier ?? task.verifier;
  if (!isArtifactTask(task))
    return judgeReply({
      reply: 'text' in reply ? reply.text : functionReply(reply.handedIn),
      task,
      weights,
      sandbox,
      purpose,
      secret,
      verifier,
      specialCasing,
      more: 'text' in reply ? [] : await alarmsOf(task, reply),
    });
  // Its own for every rollout, and the same when it is judged again.
  const own = createHmac('sha256', secret ?? '')
    .update(reply.rollout)
    .digest('hex');
  const common = { task, verifier, weights, purpose, load };
  const judge = rubricOf(task) === undefined ? undefined : await judgeOf?.(reply.rollout);
  const tools = toolOf(task) === undefined ? undefined : await openTools?.();
  const instruments = {
    sandbox,
    secret: own,
    ...(judge && { judge }),
    ...(tools && { tools }),
    ...(browser && { browser }),
  };
  if ('text' in reply)
    return judgeSingleTurn({ ...common, instruments, reply: reply.text, seconds: reply.milliseconds / 1_000 });
  const { handedIn, transcript, trail, seconds } = reply;
  return judgeSession({ ...common, instruments, handedIn, transcript, trail, seconds });
}

/** @throws AnnealError `verifier.failed` when this build has no such verifier of the task's kind */
export function requireVerifier(verifier: VerifierRef, task: LockedTask | undefined): void {
  if (task !== undefined && isArtifactTask(task)) artifactVerifierFor(verifier);
  else verifierFor(verifier);
}
