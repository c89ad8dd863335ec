// completion-time@1: the time inside the episode against what the task usually takes. Waiting for a server, a slot or a machine is not in
// it: that is nobody's merit.
import type { ComponentScore } from '../../../contracts/judgement.ts';
import { speedScore } from '../../../policies/reward-composition.ts';
import type { Transcript } from './transcript.ts';

/**
 * Nothing without a baseline, or where a turn that takes time does not say how much: an unknown time is no short one.
 * @param baselineSeconds of the task (contracts/artifact-task.ts)
 */
export function completionTime(
  { turns }: Transcript,
  baselineSeconds: number | null,
  weight = 1,
): ComponentScore | undefined {
  const taking = turns.filter(({ role }) => role === 'assistant' || role === 'tool');
  if (baselineSeconds === null || taking.length === 0) return undefined;
  if (taking.some(({ seconds }) => seconds === undefined || !(seconds >= 0))) return undefined;
  const seconds = taking.reduce((total, turn) => total + (turn.seconds ?? 0), 0);
  const why = `${seconds.toFixed(1)} s inside the episode, usually ${baselineSeconds} s`;
  return { name: 'completion-time@1', kind: 'speed', score: speedScore(seconds, baselineSeconds), weight, why };
}
