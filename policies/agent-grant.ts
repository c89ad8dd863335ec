// What a session of an agent may ask for at the gateway: its budget, for minutes, and nothing when it goes round in circles.
import type { Grant } from '../contracts/agent-ports.ts';
import { type AgentSession, agentRollout, rolePolicy } from '../contracts/agent-session.ts';
import type { CoderBudget } from '../contracts/coder.ts';

/** Of one reply. */
const REPLY_TOKENS = 8_192;

/** @param attempt another one has requests and bounds of its own */
export function agentGrant(session: AgentSession, { turns, tokens, seconds }: CoderBudget, attempt = 0): Grant {
  return {
    ...{ rollout: agentRollout(session), policy: rolePolicy(session.role), attempt, loops: 'stop' },
    // What an attempt asks besides its turns: summaries of a conversation that grew too long.
    maxRequests: 2 * turns,
    ...{ maxTokens: tokens, maxSeconds: seconds, forMs: seconds * 1_000 },
    sampling: { temperature: 0, maxTokens: REPLY_TOKENS, seed: session.number },
  };
}
