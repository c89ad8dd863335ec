// From a gate to its effect, every step stands in the audit log: asked, refused, decided, released, rolled back; and the log can be checked by
// somebody who has nothing of ours but the export.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { evidence as evidenceSchema } from '../contracts/gate.ts';
import type { Releases } from '../contracts/ports.ts';
import { readProofs } from '../infra/audit/decisions.ts';
import { exportAudit } from '../infra/audit/export.ts';
import { readAudit } from '../infra/audit/verify.ts';
import { createWitness } from '../infra/audit/witness.ts';
import { readApprovers, writeApprovers } from '../infra/identity/keys.ts';
import type { LocalIdentity } from '../infra/identity/local.ts';
import { BASE, exampleRelease, openGate, openReleases } from '../infra/releases/release.fixture.ts';
import { softwarePasskey } from '../tests/support/software-passkey.ts';
import { createGateActivities } from './gates.ts';
import { createDocuments } from './read.ts';

vi.setConfig({ testTimeout: 60_000 });
let root: string;
let store: ArtifactStore;
let identity: LocalIdentity;
let releases: Releases;
let exported: string;

const read = async () => {
  const own = await createWitness(join(root, 'audit-head.json')).read();
  return readAudit({ store, verifyBytes: identity.verifyBytes, witnesses: own === undefined ? [] : [own] });
};

beforeAll(async () => {
  const opened = await openReleases();
  ({ root, store, identity, releases } = opened);
  const gates = createGateActivities({
    ...{ store, documents: createDocuments(store), identity, critical: ['release'], audit: opened.audit },
  });
  const input = await exampleRelease(store, identity, { answer: { reason: 'The gain holds.' } });
  const { context, acceptedAt, body } = input;
  const shown = evidenceSchema.parse(JSON.parse(Buffer.from(await store.get(input.evidence)).toString()));
  await gates.freezeEvidence({ evidence: shown });
  const at = acceptedAt.toISOString();
  const forged = { ...body.decision, body: { ...body.decision.body, option: 'keep' } };
  // The same forgery again and again is one entry.
  for (let time = 0; time < 3; time += 1)
    await expect(gates.verifyDecision({ decision: forged, context, acceptedAt: at })).rejects.toThrow();
  const { selfApproved } = await gates.verifyDecision({ decision: body.decision, context, acceptedAt: at });
  const result = {
    how: 'decided',
    gate: context.gate,
    option: 'release',
    decision: body.decision,
    selfApproved,
    acceptedAt: at,
  } as const;
  // Whatever dies is done again, and stands there once.
  for (let time = 0; time < 2; time += 1) {
    await gates.freezeEvidence({ evidence: shown });
    await gates.recordAnswer({ result });
    await releases.publish(input);
  }
  await byPasskey(gates);
  await releases.rollback(BASE);
  await releases.rollback(BASE);
  const { entries } = await read();
  const { proofs } = await readProofs(entries, { store, verifyBytes: identity.verifyBytes });
  exported = join(root, 'export');
  await exportAudit(exported, { entries, proofs, approvers: readApprovers(join(root, 'keys')) });
});
/** A second gate, which a phone answers. */
async function byPasskey(gates: ReturnType<typeof createGateActivities>): Promise<void> {
  const ada = softwarePasskey('ada', 'ES256');
  writeApprovers(join(root, 'keys'), [...readApprovers(join(root, 'keys')), ada.entry]);
  const options = ['promote', 'hold'].map((name) => ({ name, effect: name }));
  const { evidence, context } = await openGate(store, { kind: 'promotion', options });
  const shown = evidenceSchema.parse(JSON.parse(Buffer.from(await store.get(evidence)).toString()));
  await gates.freezeEvidence({ evidence: shown });
  const made = await identity.makeDecision(context, {
    option: 'hold',
    reason: 'Not yet.',
    unattended: false,
    ttl: '1h',
  });
  const body = { ...made.body, approver: 'ada' };
  const decision = { body, keyId: ada.entry.keyId, ...ada.assert(canonicalJson(body)) };
  const acceptedAt = new Date().toISOString();
  const { selfApproved } = await gates.verifyDecision({ decision, context, acceptedAt });
  const { gate } = context;
  await gates.recordAnswer({ result: { how: 'decided', gate, option: 'hold', decision, selfApproved, acceptedAt } });
}
afterAll(() => rm(root, { recursive: true, force: true }));

test('each step stands there once, in order, and every decision with its evidence', async () => {
  const { entries, problems } = await read();
  expect(problems).toEqual([]);
  expect(entries.map(({ entry }) => entry.event.what)).toEqual([
    ...['gate-opened', 'decision-refused', 'gate-closed', 'released', 'gate-opened', 'gate-closed', 'rollback-asked'],
  ]);
  expect(entries[2]!.entry.event).toMatchObject({
    ...{ option: 'release', decided: { approver: 'local', reason: 'The gain holds.', selfApproved: true } },
  });
  const found = await readProofs(entries, { store, verifyBytes: identity.verifyBytes });
  expect([found.problems, found.proofs.size]).toEqual([[], 2]);
});

test('an answer that was put in the place of another, and evidence that is gone, are told', async () => {
  const { entries } = await read();
  const gone = { ...store, get: () => Promise.reject(new Error('gone')) };
  expect((await readProofs(entries, { store: gone, verifyBytes: identity.verifyBytes })).problems).toEqual([
    { number: 3, what: 'the evidence is gone, or was never shown at a gate' },
    { number: 6, what: 'the evidence is gone, or was never shown at a gate' },
  ]);
  const swapped: typeof store = {
    ...store,
    async readNamed(key) {
      const found = await store.readNamed(key);
      if (found === undefined || !key.endsWith('/answer')) return found;
      const answer = JSON.parse(Buffer.from(found.bytes).toString());
      answer.decision.body.option = 'another';
      return { ...found, bytes: Buffer.from(JSON.stringify(answer)) };
    },
  };
  const { problems } = await readProofs(entries, { store: swapped, verifyBytes: identity.verifyBytes });
  expect(problems.map(({ what }) => what)).toEqual([
    'another decision stands as the answer',
    'the entry and the decision name different things as option',
    expect.stringContaining('does not fit'),
    'another decision stands as the answer',
    'the entry and the decision name different things as option',
    expect.stringContaining('signed another decision'),
  ]);
});

/** Runs the export's own script in a copy that was changed; its exit code and what it says. */
async function checkCopy(change: (folder: string) => Promise<void>, ...heads: string[]): Promise<[number, string]> {
  const folder = await mkdtemp(join(tmpdir(), 'anneal-export-'));
  try {
    await cp(exported, folder, { recursive: true });
    await change(folder);
    return await promisify(execFile)(process.execPath, [join(folder, 'verify.mjs'), ...heads], { env: {} }).then(
      ({ stdout }) => [0, stdout] as [number, string],
      ({ code, stdout }) => [code, stdout],
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const edit = (name: string, change: (text: string) => string) => async (folder: string) => {
  const path = join(folder, name);
  await writeFile(path, change(await readFile(path, 'utf8')));
};
const withoutLast = (text: string): string => text.split('\n').slice(0, -2).join('\n').concat('\n');

test('the export is checked by the public keys alone, and every change to it is found', async () => {
  expect(await checkCopy(async () => undefined)).toEqual([0, expect.stringMatching(/^7 entries, one chain/)]);
  const decisions = (await readdir(join(exported, 'decisions'))).filter((name) => !name.includes('evidence'));
  const texts = await Promise.all(decisions.map((name) => readFile(join(exported, 'decisions', name), 'utf8')));
  const decision = decisions[texts.findIndex((text) => !text.includes('assertion'))];
  const byPhone = decisions[texts.findIndex((text) => text.includes('assertion'))];
  const shown = `decisions/${decision!.replace('.json', '.evidence.json')}`;
  const changes: Record<string, (folder: string) => Promise<void>> = {
    'an entry': edit('entries.jsonl', (text) => text.replace('The gain holds.', 'Why not.')),
    'an entry left out': edit('entries.jsonl', (text) => text.split('\n').toSpliced(1, 1).join('\n')),
    'a head': edit('heads.jsonl', (text) => text.replace('"number":2', '"number":3')),
    'a decision': edit(`decisions/${decision}`, (text) => text.replace('"option":"release"', '"option":"keep"')),
    'a phone’s decision': edit(`decisions/${byPhone}`, (text) => text.replace('Not yet.', 'Not now.')),
    'what was shown': edit(shown, (text) => text.replace('A gate', 'Another')),
    'a key': edit('keys.json', (text) => text.replace(/(?<="publicKey": ")./, (first) => (first === '_' ? 'A' : '_'))),
  };
  for (const [name, change] of Object.entries(changes)) {
    const [code, said] = await checkCopy(change);
    expect([name, code, said]).toEqual([name, 1, expect.stringMatching(/^\w+: /)]);
  }
});

test('what was cut off, heads and all, is found by heads that were kept elsewhere', async () => {
  const cut = async (folder: string): Promise<void> => {
    await edit('entries.jsonl', withoutLast)(folder);
    await edit('heads.jsonl', withoutLast)(folder);
  };
  expect((await checkCopy(cut))[0]).toBe(0);
  expect(await checkCopy(cut, join(exported, 'heads.jsonl'))).toEqual([1, expect.stringContaining('7: ')]);
});

test('an export is never written over another', async () => {
  await expect(exportAudit(exported, { entries: [], proofs: new Map(), approvers: [] })).rejects.toMatchObject({
    code: 'cli.usage',
  });
  expect((await readdir(root)).filter((name) => name.endsWith('.part'))).toEqual([]);
});
