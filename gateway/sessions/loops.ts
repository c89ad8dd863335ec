// Whether a rollout goes round in circles, and what its credential says of that. Nothing else in Anneal decides it: agents of its own tell
// their steps here and do as they are answered.
import type { IncomingHttpHeaders } from 'node:http';
import { AnnealError } from '../../contracts/errors.ts';
import { STEPS_HEADER, toldSteps } from '../../contracts/session.ts';
import {
  findRepetition,
  judgeLoop,
  type LoopSignal,
  type LoopVerdict,
  type Step,
  stepsNeeded,
} from '../../policies/loops.ts';
import type { RolloutClaims } from '../credential.ts';
import { problem } from '../wire/shape.ts';
import type { TurnRequest } from '../wire/turn.ts';
import { stepsOf } from './steps.ts';

/**
 * @param told the agent's own account of its last steps, where it gave one: of calls that stand in texts nobody else can tell
 * @returns what that says, else what the messages say
 */
export function loopIn(
  request: TurnRequest,
  told: readonly Step[] | undefined,
  { loops: rule }: Pick<RolloutClaims, 'loops'>,
): LoopVerdict {
  const own = told === undefined ? undefined : judgeLoop(told, rule);
  if (own?.refused === true) return own;
  const seen = judgeLoop(stepsOf(request, stepsNeeded(rule)), rule);
  return seen.refused || own?.loop === undefined ? seen : own;
}

export const repetitionIn = (text: string): LoopSignal | undefined => findRepetition(text);

/** Undefined where the request tells none. @throws AnnealError `gateway.bad_request` */
export function stepsTold(headers: IncomingHttpHeaders): Step[] | undefined {
  const written = headers[STEPS_HEADER];
  if (written === undefined) return undefined;
  const read = toldSteps.safeParse(String(written));
  if (read.success) return read.data.split(' ').map((did) => ({ did, saw: '', called: true }));
  const { message } = read.error.issues[0]!;
  throw new AnnealError('gateway.bad_request', `${STEPS_HEADER}: ${message}`, {
    problems: [problem(STEPS_HEADER, message)],
  });
}

/** @throws AnnealError `gateway.loop` */
export function refuseLoop({ loop, refused }: LoopVerdict): void {
  if (!refused || loop === undefined) return;
  const what = loop.period === 1 ? 'one step was' : `${loop.period} steps were`;
  throw new AnnealError('gateway.loop', `${what} repeated ${loop.times} times with the same result`);
}
