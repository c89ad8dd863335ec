// What a session handed in, judged: its files by the verifier of its task, its manner by its transcript, and what the detectors say.
import type { Alarm } from '../../contracts/alarm.ts';
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import type { EpisodeTranscript } from '../../contracts/episode.ts';
import type { ComponentScore } from '../../contracts/judgement.ts';
import type { LockedTask } from '../../contracts/locked-set.ts';
import { SHARES } from '../../policies/reward-composition.ts';
import { artifactAlarms } from '../detectors/artifact-alarms.ts';
import { merged } from '../detectors/merged.ts';
import { trailAlarms } from '../detectors/trajectory/trail-alarms.ts';
import { filesOf, type JudgedTurn, recordedJudgement, type SingleTurn } from '../single-turn/judge.ts';
import { type Artifact, textOf } from '../verifiers/artifact.ts';
import { artifactVerifierFor } from '../verifiers/artifact-registry.ts';
import { judgeArtifact } from '../verifiers/judge.ts';
import { completionTime } from '../verifiers/process/completion-time.ts';
import { languageMix } from '../verifiers/process/language-mix.ts';
import { structuredReasoning } from '../verifiers/process/structured-reasoning.ts';
import { toolFormat } from '../verifiers/process/tool-format.ts';
import type { Transcript } from '../verifiers/process/transcript.ts';
import { FUNCTION_FILE } from './handed-in.ts';
import { type Trail, trailOfTranscript } from './trail.ts';

export interface Session extends Omit<SingleTurn, 'reply' | 'seconds'> {
  readonly handedIn: Artifact;
  readonly transcript: EpisodeTranscript;
  /** What it called for, where the transcript does not hold it. */
  readonly trail?: Trail | undefined;
  /** Of the whole session. */
  readonly seconds: number;
}

/** As judgeSingleTurn. @throws as it */
export async function judgeSession(session: Session): Promise<JudgedTurn> {
  const { task, verifier, weights, purpose, instruments, handedIn, transcript } = session;
  const given = await filesOf(task.given, session.load);
  const judged = await judgeArtifact({
    ...{ task, instruments, given, verifier: artifactVerifierFor(verifier), artifact: handedIn },
    shares: { process: weights.process ?? SHARES.process, speed: weights.speed ?? SHARES.speed },
    manner: mannerOf(task, transcript, session.seconds),
  });
  const done = await alarmsOf(task, session, given);
  const said = transcript.turns.flatMap(({ role, content }) => (role === 'assistant' ? [content] : [])).join('\n');
  return recordedJudgement(judged, {
    ...{ task: task.id, verifier, purpose, exact: handedIn.size > 0 },
    artifact: sourceOf(task, handedIn),
    alarms: (judgement) =>
      merged([...artifactAlarms(task, allText(handedIn), judgement, { given, reply: said }), ...done]),
  });
}

/** What it did on the way, whatever its task is. */
export const alarmsOf = (
  task: LockedTask,
  { transcript, trail }: Pick<Session, 'transcript' | 'trail'>,
  given?: Artifact,
): Promise<Alarm[]> =>
  trailAlarms(task, trail ?? trailOfTranscript(transcript), {
    ...(given === undefined ? {} : { given }),
    tools: Object.keys(transcript.tools),
  });

/** How it went about it. What other people's agents call tools is their own business: of theirs only the time is known. */
function mannerOf(task: ArtifactTask, transcript: EpisodeTranscript, seconds: number): ComponentScore[] {
  const seen: Transcript = {
    turns: transcript.turns.map(({ role, content, calls }) => ({
      role,
      content,
      ...(calls === undefined ? {} : { calls }),
    })),
    tools: transcript.tools,
  };
  const timed: Transcript = {
    turns: [
      { role: 'user', content: task.instruction },
      { role: 'assistant', content: '', seconds },
    ],
    tools: {},
  };
  const of = [
    ...(Object.keys(transcript.tools).length === 0 ? [] : [toolFormat(seen), languageMix(seen)]),
    ...(seen.turns.some(({ content }) => content.includes('<think>')) ? [structuredReasoning(seen)] : []),
    completionTime(timed, task.baselineSeconds),
  ];
  return of.filter((one) => one !== undefined);
}

const allText = (files: Artifact): string => [...files.values()].map((bytes) => textOf(bytes) ?? '').join('\n');

/** What the record shows of it: the file where it is one text. */
function sourceOf(task: ArtifactTask, files: Artifact): string | undefined {
  const [only, ...others] = [...files.values()];
  return only === undefined || others.length > 0 || task.deliverables.length > 1 ? undefined : textOf(only);
}

/** A task that wants one Python function is judged by a reply: what lies in the file, in the one form that counts as exact. */
export function functionReply(files: Artifact): string {
  const text = textOf(files.get(FUNCTION_FILE) ?? new Uint8Array()) ?? '';
  return text.trim() === '' ? '' : `\`\`\`python\n${text.endsWith('\n') ? text : `${text}\n`}\`\`\`\n`;
}
