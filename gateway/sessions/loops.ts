// Whether a rollout goes round in circles, and what its credential says of that.
import { AnnealError } from '../../contracts/errors.ts';
import { findLoop, findRepetition, type LoopSignal } from '../../policies/loops.ts';
import type { RolloutClaims } from '../credential.ts';
import type { TurnRequest } from '../wire/turn.ts';
import { stepsOf } from './steps.ts';

export const loopIn = (request: TurnRequest): LoopSignal | undefined => findLoop(stepsOf(request));

export const repetitionIn = (text: string): LoopSignal | undefined => findRepetition(text);

/** @throws AnnealError `gateway.loop` where the credential wants loops stopped */
export function refuseLoop({ loops }: Pick<RolloutClaims, 'loops'>, loop: LoopSignal | undefined): void {
  if (loops !== 'stop' || loop === undefined) return;
  const what = loop.period === 1 ? 'one step was' : `${loop.period} steps were`;
  throw new AnnealError('gateway.loop', `${what} repeated ${loop.times} times with the same result`);
}
