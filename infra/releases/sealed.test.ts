import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { type Decision, type DecisionContext, FACTS } from '../../contracts/gate.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../identity/local.ts';
import { createFolderStore } from '../store/folder.ts';
import { openGate } from './release.fixture.ts';
import { openSealed, sealedOpenings } from './sealed.ts';

const code = (wanted: string) => expect.objectContaining({ code: wanted });
const split = { sealedRoot: 'a'.repeat(64), taskSetRoot: 'd'.repeat(64) };
let root: string;
let store: ArtifactStore;
let identity: LocalIdentity;
let context: DecisionContext;
let evidence: ArtifactRef;
let taskSet: ArtifactRef;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'anneal-sealed-'));
  store = createFolderStore(join(root, 'store'));
  await initIdentity(join(root, 'keys'));
  identity = createLocalIdentity(join(root, 'keys'));
  const options = [
    { name: 'open', effect: 'Opened.' },
    { name: 'keep', effect: 'Kept.' },
  ];
  taskSet = await store.put('a lock');
  const facts = [{ name: FACTS.taskSet, value: taskSet.sha256 }];
  ({ context, evidence } = await openGate(store, { kind: 'open-sealed', options, facts }));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const decide = (option = 'open', now = new Date()) =>
  identity.makeDecision(context, { option, reason: 'A test', unattended: false, ttl: '1h', now });

const request = (decision: Decision, more: Partial<Parameters<typeof openSealed>[2]> = {}) => ({
  ...{ split, taskSet, decision, context, acceptedAt: new Date(), evidence, budget: 1 },
  ...more,
});

it('records one opening for a decision, however often it is asked for', async () => {
  const decision = await decide();
  const openings = await Promise.all(Array.from({ length: 5 }, () => openSealed(store, identity, request(decision))));
  openings.push(
    await openSealed(store, identity, request(decision, { acceptedAt: new Date(Date.now() + 86_400_000) })),
  );
  for (const opening of openings) expect(opening).toEqual(openings[0]);
  expect(openings[0]).toMatchObject({ number: 1, ...split, decision });
  expect(await sealedOpenings(store, split)).toEqual([openings[0]]);
});

it('refuses more openings than the budget, of this sealed split only', async () => {
  await openSealed(store, identity, request(await decide()));
  const another = await decide();
  await expect(openSealed(store, identity, request(another))).rejects.toEqual(code('sealed.openings_spent'));
  const none = request(another, { split: { ...split, sealedRoot: 'e'.repeat(64) }, budget: 0 });
  await expect(openSealed(store, identity, none)).rejects.toEqual(code('sealed.openings_spent'));
  expect(await openSealed(store, identity, { ...none, budget: 1 })).toMatchObject({ number: 1 });
  expect(await openSealed(store, identity, request(another, { budget: 2 }))).toMatchObject({ number: 2 });
});

it('counts one budget for one sealed split, whatever stands beside it in its set', async () => {
  await openSealed(store, identity, request(await decide()));
  const another = { split: { ...split, taskSetRoot: 'e'.repeat(64) } };
  const decision = await decide();
  await expect(openSealed(store, identity, request(decision, another))).rejects.toEqual(code('sealed.openings_spent'));
  expect(await openSealed(store, identity, request(decision, { ...another, budget: 2 }))).toMatchObject({ number: 2 });
});

it('counts what was opened by the root of the whole set, and gives the same decision the same opening', async () => {
  const [earlier, decision] = [await decide(), await decide()];
  const { taskSetRoot } = split;
  const old = { schema: 'anneal/sealed-opening/v1', taskSetRoot, number: 1, at: new Date().toISOString() };
  await store.createNamed(`sealed/${taskSetRoot}/1`, canonicalJson({ ...old, decision: earlier }));
  expect(await openSealed(store, identity, request(earlier))).toMatchObject({ number: 1, root: taskSetRoot });
  await expect(openSealed(store, identity, request(decision))).rejects.toEqual(code('sealed.openings_spent'));
  expect(await openSealed(store, identity, request(decision, { budget: 2 }))).toMatchObject({ root: split.sealedRoot });
  const third = request(await decide(), { budget: 2 });
  await expect(openSealed(store, identity, third)).rejects.toEqual(code('sealed.openings_spent'));
  expect(await sealedOpenings(store, split)).toHaveLength(2);
});

it('never opens more often than the budget when many decisions race', async () => {
  const decisions = await Promise.all(Array.from({ length: 8 }, () => decide()));
  const done = await Promise.allSettled(
    decisions.map((decision) => openSealed(store, identity, request(decision, { budget: 3 }))),
  );
  expect(done.filter((one) => one.status === 'fulfilled')).toHaveLength(3);
  expect((await sealedOpenings(store, split)).map((one) => one.number)).toEqual([1, 2, 3]);
});

it('refuses the other option, and forged, foreign or expired decisions, and records nothing', async () => {
  const open = async (decision: Awaited<ReturnType<typeof decide>>, other: Partial<DecisionContext> = {}) =>
    openSealed(store, identity, request(decision, { context: { ...context, ...other } }));
  const decision = await decide();
  await expect(open(await decide('keep'))).rejects.toEqual(code('decision.not_verified'));
  await expect(open({ ...decision, body: { ...decision.body, nonce: 'n'.repeat(16) } })).rejects.toEqual(
    code('decision.altered'),
  );
  await expect(open(decision, { runChain: 'run-2' })).rejects.toEqual(code('decision.other_run'));
  await expect(open(await decide('open', new Date(0)))).rejects.toEqual(code('gate.expired'));
  expect(await sealedOpenings(store, split)).toEqual([]);
});

it('refuses a valid decision that was made about something else', async () => {
  const options = [
    { name: 'open', effect: 'Opened.' },
    { name: 'keep', effect: 'Kept.' },
  ];
  const facts = [{ name: FACTS.taskSet, value: taskSet.sha256 }];
  const askedElsewhere = async (shown: Partial<Parameters<typeof openGate>[1]>, refused: string) => {
    const gate = await openGate(store, { kind: 'open-sealed', options, facts, ...shown });
    const own = { option: 'open', reason: 'A test', unattended: false, ttl: '1h' } as const;
    const decision = await identity.makeDecision(gate.context, own);
    await expect(openSealed(store, identity, request(decision, gate)), refused).rejects.toEqual(code(refused));
  };
  await askedElsewhere({ kind: 'release' }, 'decision.not_verified');
  await askedElsewhere({ facts: [] }, 'decision.replayed');
  await askedElsewhere({ facts: [{ name: FACTS.taskSet, value: 'f'.repeat(64) }] }, 'decision.replayed');
  await askedElsewhere({ runChain: 'run-2' }, 'decision.other_run');
  expect(await sealedOpenings(store, split)).toEqual([]);
});
