// The share of agents in an incident that really ran: repository, sandbox, human, key, branch, audit log.
import { expect, test } from 'vitest';
import { readAudit } from '../../infra/audit/verify.ts';
import { readHistories } from '../../infra/temporal/histories.ts';
import { shareOf, shareSentence } from '../../policies/share.ts';
import { incidentWorld } from '../support/incident-world.ts';
import { temporal, withTemporal } from '../support/play-campaign.ts';
import { FILES, LOG, MEND } from './division.ts';

withTemporal();

test('from log to branch by way of a human: four steps are code’s, three agents’, one a human’s, as the audit log says', {
  timeout: 120_000,
}, async () => {
  const world = await incidentWorld({ files: FILES, skills: [MEND], repository: { ask: 'always' } });
  try {
    const { ended } = await world.open('shared', LOG);
    await expect
      .poll(
        () =>
          world.gates.look('shared.merge-1').then(
            () => true,
            () => false,
          ),
        { timeout: 60_000 },
      )
      .toBe(true);
    const { view } = await world.gates.look('shared.merge-1');
    const answer = { option: 'merge', reason: 'A test', unattended: false, ttl: '1h' } as const;
    await world.gates.decide(await world.identity.makeDecision(view.context, answer));
    expect(await ended).toMatchObject({ how: 'merged' });

    await expect.poll(async () => (await readHistories(temporal())).histories.length, { timeout: 20_000 }).toBe(3);
    const { histories } = await readHistories(temporal());
    const { entries } = await readAudit({ store: world.store, verifyBytes: world.identity.verifyBytes, witnesses: [] });
    const audit = entries.map(({ entry }) => entry.event);
    const share = shareOf(histories, { audit });
    expect(Object.fromEntries(share.steps.map(({ step, ...by }) => [step, by]))).toEqual({
      analyse: { model: 0, program: 1, policy: 0, human: 0 },
      reproduce: { model: 0, program: 0, policy: 1, human: 0 },
      propose: { model: 0, program: 1, policy: 0, human: 0 },
      check: { model: 0, program: 0, policy: 1, human: 0 },
      'look elsewhere': { model: 0, program: 0, policy: 1, human: 0 },
      request: { model: 0, program: 0, policy: 1, human: 0 },
      decide: { model: 0, program: 0, policy: 0, human: 1 },
      merge: { model: 0, program: 1, policy: 0, human: 0 },
    });
    expect(shareSentence(share)).toBe('3 of 8 steps (37.5%) were done by agents, 0 of them by models.');
    expect(share.unproven).toEqual([]);
    // Without what the log says of the gate it is nobody's decision.
    const other = shareOf(histories, { audit: audit.filter(({ what }) => what !== 'gate-closed') });
    expect([other.unproven, other.all]).toEqual([['shared.merge-1'], 7]);
  } finally {
    await world.close();
  }
});
