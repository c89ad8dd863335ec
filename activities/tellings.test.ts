// Who is told of a gate: from the file to a message, once, and by nothing that a workflow's history could give away.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import type { Evidence } from '../contracts/gate.ts';
import { campaignName, gateId } from '../contracts/ids.ts';
import { type OnCallSpec, onCallSpec } from '../contracts/on-call.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import type { OpenGate } from './interface.ts';
import { createDocuments } from './read.ts';
import { createTellingActivities, type TellingPorts } from './tellings.ts';

const hook = (who: string) => ({ kind: 'slack', url: `https://hooks.example.org/secret-${who}` });
const onCall = onCallSpec.parse({
  ...{ apiVersion: 'anneal/v1', kind: 'OnCall', people: { ada: [hook('ada')], ben: [hook('ben')] } },
  rotation: { people: ['ada', 'ben'], from: '2026-03-02' },
  escalation: [
    { after: '0s', tell: ['on-call'] },
    { after: '30m', tell: ['next'] },
  ],
});
const shown: Evidence = {
  ...{ schema: 'anneal/evidence/v1', gate: gateId.parse('demo.release-1'), campaign: campaignName.parse('demo') },
  ...{ kind: 'release', title: 'Release?', why: 'It gained.', risk: 'Some.', facts: [], logTail: [], attachments: [] },
  ...{ runChain: 'run-1', cost: { tokens: 0, seconds: 0 }, recommended: 'release', safe: 'keep' },
  options: ['release', 'keep'].map((name) => ({ name, effect: name })),
};

let folder: string;
let store: ArtifactStore;
let gate: OpenGate;
let told: Parameters<TellingPorts['tell']>[0][];
let fails: boolean;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-tellings-'));
  store = createFolderStore(join(folder, 'store'));
  gate = {
    evidence: await store.put(canonicalJson(shown)),
    openedAt: '2026-03-03T10:00:00.000Z',
    deadlineMs: 3_600_000,
  };
  told = [];
  fails = false;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const activities = (spec: OnCallSpec | undefined = onCall) =>
  createTellingActivities({
    ...{ store, documents: createDocuments(store), onCall: spec },
    async tell(input) {
      if (fails) throw new Error('nobody answers');
      told.push(input);
    },
  });

test('a plan names when and by which id, and no address', async () => {
  const plan = await activities().planTellings(gate);
  expect(plan.map(({ afterMs }) => afterMs)).toEqual([0, 1_800_000]);
  expect(JSON.stringify(plan)).not.toContain('secret');
  expect(
    await createTellingActivities({
      store,
      documents: createDocuments(store),
      onCall: undefined,
      tell: async () => {},
    }).planTellings(gate),
  ).toEqual([]);
});

test('each is told once, however often it is tried, and is on record', async () => {
  const [first, second] = await activities().planTellings(gate);
  fails = true;
  await expect(activities().tell({ ...gate, id: first!.id })).rejects.toThrow('nobody answers');
  fails = false;
  for (let time = 0; time < 3; time += 1) await activities().tell({ ...gate, id: first!.id });
  await activities().tell({ ...gate, id: second!.id });
  expect(told.map(({ channel }) => channel)).toEqual([hook('ada'), hook('ben')]);
  expect(told[0]).toMatchObject({ evidence: { title: 'Release?' }, deadline: new Date('2026-03-03T11:00:00Z') });
  const [record] = await store.listNamed('gates/demo.release-1/told/');
  const { bytes } = (await store.readNamed(record!))!;
  expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({ whom: 'ada', by: 'slack' });
});

test('whoever the file does not name any more is not told', async () => {
  const [, second] = await activities().planTellings(gate);
  await activities({ ...onCall, escalation: onCall.escalation.slice(0, 1) }).tell({ ...gate, id: second!.id });
  expect(told).toEqual([]);
});
