// Sessions of the project's own agents at the gateway: what they ask is recorded as what a rollout asks, under ids of their own, so that of
// every request it is known which incident it was for, in which role, and in which session. None of them trains.
import { z } from 'zod';
import { campaignName, type PolicyName, policyName, type RolloutId, rolloutId } from './ids.ts';

/** In the records by their place in this list: new ones come last. */
export const agentRole = z.enum([
  'reader',
  'debugger',
  'developer',
  'reviewer',
  'researcher',
  'data-builder',
  'monitor',
]);
export type AgentRole = z.infer<typeof agentRole>;

/** What it is about: an incident, a ticket, a question. It stands where a rollout has its campaign, and no campaign may be called so. */
export const agentCase = campaignName.refine((name) => /^(incident|ticket|research)-./.test(name), {
  error: 'incident-, ticket- or research-, and what tells it from others',
});
export type AgentCase = z.infer<typeof agentCase>;

export const agentSession = z.strictObject({
  case: agentCase,
  role: agentRole,
  /** Of this role in this case, from 0: the first attempt at a change, the rework after a review. */
  number: z.int().min(0).max(9_999),
});
export type AgentSession = z.infer<typeof agentSession>;

/** `incident-7f3a/r0/agent.v0/g1/s0`. */
export const agentRollout = ({ case: of, role, number }: AgentSession): RolloutId =>
  rolloutId.parse(`${of}/r${number}/agent.v0/g${agentRole.options.indexOf(role)}/s0`);

/** Under which name the gateway has a role's model. */
export const rolePolicy = (role: AgentRole): PolicyName => policyName.parse(`agent-${role}.v0`);
