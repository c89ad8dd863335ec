import { expect, test } from 'vitest';
import { agentCase, agentRole, agentRollout, agentSession, rolePolicy } from '../contracts/agent-session.ts';
import { agentGrant } from './agent-grant.ts';

const session = agentSession.parse({ case: 'incident-7f3a', role: 'debugger', number: 2 });

test('each session of each role has an id and a name of its own, and is ended when it goes round in circles', () => {
  const grant = agentGrant(session, { turns: 20, tokens: 5_000, seconds: 300 });
  expect(grant).toMatchObject({
    ...{ rollout: 'incident-7f3a/r2/agent.v0/g1/s0', policy: 'agent-debugger.v0', attempt: 0, loops: 'stop' },
    ...{ maxRequests: 40, maxTokens: 5_000, maxSeconds: 300, forMs: 300_000 },
  });
  const all = agentRole.options.flatMap((role) => [0, 1].map((number) => agentRollout({ ...session, role, number })));
  expect(new Set(all).size).toBe(2 * agentRole.options.length);
  expect(new Set(agentRole.options.map(rolePolicy)).size).toBe(agentRole.options.length);
});

test('a case is none that a campaign is called by chance', () => {
  for (const name of ['demo', 'incident', 'incident-', 'INCIDENT-1', 'x-incident-1'])
    expect(agentCase.safeParse(name).success).toBe(false);
  for (const name of ['incident-1', 'ticket-a', 'research-q1']) expect(agentCase.safeParse(name).success).toBe(true);
});
