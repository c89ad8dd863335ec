// The bundle's entry: every workflow, named one by one (an `export *` would drop clashing names silently).
export { campaign } from './campaign.ts';
export { construction } from './construction.ts';
export { evaluation } from './evaluation.ts';
export { gate } from './gate.ts';
export { incident } from './incident.ts';
export { mergeQueue } from './merge-queue.ts';
export { pilot } from './pilot.ts';
export { research } from './research.ts';
export { revert } from './revert.ts';
export { rlTeam } from './rl-team.ts';
export { rolloutGroup } from './rollout-group.ts';
export { rollouts } from './rollouts.ts';
export { ticket } from './ticket.ts';
export { ticketQueue } from './ticket-queue.ts';
export { training } from './training.ts';
