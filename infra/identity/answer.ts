// Answering a gate with this machine's key: what the command line and the console's local mode share.
import { AnnealError } from '../../contracts/errors.ts';
import type { Decision, DecisionContext, GateAnswer } from '../../contracts/gate.ts';
import type { LocalIdentity } from './local.ts';

/** It is sent at once, and judged by when the gate takes it in: short, so that a leaked one is soon worthless. */
export const DECISION_TTL = '1h';

export interface GivenAnswer {
  readonly option: string;
  readonly reason: string;
  readonly unattended: boolean;
  /** Who has lent this machine's approver their say. */
  readonly inNameOf?: string | undefined;
  /** An admin's, without the others. */
  readonly breakGlass?: boolean | undefined;
}

/**
 * Signs and sends, and waits until it is taken in or refused.
 * @throws AnnealError `decision.unknown_option`, `decision.reason_missing`, and whatever the gate refuses with
 */
export async function answerGate(
  by: {
    readonly gates: { decide(decision: Decision): Promise<GateAnswer> };
    /** Asked only when there is something to sign. */
    signer(): Promise<Pick<LocalIdentity, 'makeDecision'>>;
  },
  context: DecisionContext,
  given: GivenAnswer,
): Promise<GateAnswer> {
  const { option, reason } = given;
  if (!context.options.includes(option)) {
    throw new AnnealError(
      'decision.unknown_option',
      `${context.gate} has the options ${context.options.join(', ')}; got ${option}`,
    );
  }
  if (reason.trim() === '') throw new AnnealError('decision.reason_missing', 'a decision needs a reason');
  const identity = await by.signer();
  return by.gates.decide(await identity.makeDecision(context, { ...given, ttl: DECISION_TTL }));
}
