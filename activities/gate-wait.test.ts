// What a report says of a gate's wait: since when it was open on its evidence, when it was closed, and who was told; once, whoever dies in between.
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { canonicalJson } from '../contracts/canonical.ts';
import { gateId } from '../contracts/ids.ts';
import { openPeople } from '../tests/support/people.ts';
import { createGateActivities, readWait } from './gates.ts';
import { createDocuments } from './read.ts';

test('a gate that was frozen twice, told of and closed has one wait; one from before has what there is', async () => {
  const at = await openPeople();
  const { store, identity, audit } = at;
  try {
    const gates = createGateActivities({
      store,
      identity,
      audit,
      documents: createDocuments(store),
      critical: ['release'],
    });
    const gate = gateId.parse('demo.release-1');
    const evidence = {
      ...{
        schema: 'anneal/evidence/v1',
        gate,
        campaign: 'demo',
        kind: 'release',
        runChain: 'run-1',
        title: 'Release?',
      },
      ...{ why: 'It gained.', risk: 'Users get it.', facts: [], logTail: [], attachments: [], recommended: 'release' },
      ...{
        cost: { tokens: 0, seconds: 0 },
        safe: 'keep',
        options: ['release', 'keep'].map((name) => ({ name, effect: name })),
      },
    } as never;
    const before = new Date().toISOString();
    const { object } = await gates.freezeEvidence({ evidence });
    const first = await readWait(store, gate, object.sha256);
    expect(first).toEqual({ gate, openedAt: expect.any(String), told: [] });
    expect(first.openedAt! >= before).toBe(true);
    await gates.freezeEvidence({ evidence });
    const told = (whom: string, minute: number) => ({ whom, by: 'slack', at: `2026-11-23T20:0${minute}:00.000Z` });
    await store.createNamed(`gates/${gate}/told/b`, canonicalJson(told('ben', 9)));
    await store.createNamed(`gates/${gate}/told/c`, canonicalJson(told('ada', 1)));
    const expired = { how: 'expired', gate, option: 'keep' } as const;
    await gates.recordAnswer({ result: expired });
    const wait = await readWait(store, gate, object.sha256);
    expect(wait).toMatchObject({ openedAt: first.openedAt, told: [{ whom: 'ada' }, { whom: 'ben' }] });
    await gates.recordAnswer({ result: expired });
    expect(await readWait(store, gate, object.sha256)).toEqual(wait);
    expect(await readWait(store, 'older.release-1', object.sha256)).toEqual({ gate: 'older.release-1', told: [] });
  } finally {
    await rm(at.root, { recursive: true, force: true });
  }
});
