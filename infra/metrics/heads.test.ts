// Heads of the audit log that a server would not take, as a worker's /metrics tells them: while it refuses, and when it takes them again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditHead } from '../../contracts/audit.ts';
import { gateId, sha256 } from '../../contracts/ids.ts';
import { type HeadsServer, headsServer } from '../../tests/support/heads-server.ts';
import { fileOfHeads } from '../audit/kept/file.ts';
import { serverOfHeads } from '../audit/kept/https.ts';
import { createKeeping } from '../audit/kept/keeping.ts';
import { createHeadSender, type HeadDelivery } from '../audit/kept/sender.ts';
import { createAuditLog } from '../audit/log.ts';
import { createWitness } from '../audit/witness.ts';
import { createLocalIdentity, initIdentity } from '../identity/local.ts';
import { createFolderStore } from '../store/folder.ts';
import { watchHeads } from './heads.ts';
import { workerMetrics } from './registry.ts';
import { serveMetrics } from './server.ts';

const TOKEN = 'a token of the tests';
let folder: string;
let server: HeadsServer;
/** What is open goes, in the other order. */
let stack: AsyncDisposableStack;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), 'anneal-heads-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  server = await headsServer(TOKEN);
  stack.defer(() => server.close());
});
afterEach(() => stack.disposeAsync());

const place = () => serverOfHeads({ kind: 'https', url: server.url, token: TOKEN, answers: true });
const head = (number: number): AuditHead => ({
  body: { schema: 'anneal/audit-head/v1', number, entry: sha256.parse('a'.repeat(64)) },
  ...{ keyId: sha256.parse('b'.repeat(64)), signature: 'none' },
});

/** A worker's endpoint. @returns the value of a series, as Prometheus reads it */
async function served(deliveries: () => readonly HeadDelivery[], now?: () => number) {
  const { registry, metrics } = workerMetrics();
  const look = watchHeads(metrics, deliveries, now);
  const { port, close } = await serveMetrics({ registry, port: 0, before: async () => look() });
  stack.defer(() => close());
  return async (name: string, of: string): Promise<number | undefined> => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`anneal_audit_${name}{place="${of}"`));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
  };
}

test('a server that refuses is counted and its wait grows, until it takes the newest', async () => {
  await initIdentity(join(folder, 'keys'));
  const identity = createLocalIdentity(join(folder, 'keys'));
  const store = createFolderStore(join(folder, 'store'));
  const [file, away] = [fileOfHeads(join(folder, 'heads.jsonl')), place()];
  const keeping = createKeeping({
    ...{ places: [file, away], store, verifyBytes: identity.verifyBytes, report: () => {} },
    witness: createWitness(join(folder, 'head.json')),
  });
  stack.defer(() => keeping.close());
  const log = keeping.guarded(createAuditLog(store, identity, keeping.witness));
  const value = await served(() => keeping.deliveries());
  // They are there before anything has happened, so that the first failure is an increase.
  for (const name of ['heads_missed_total', 'head_wait_seconds', 'head_missed_timestamp_seconds'])
    expect([name, await value(name, file.name), await value(name, away.name)]).toEqual([name, 0, 0]);

  server.status = 503;
  const began = Date.now() / 1_000;
  for (const id of ['a', 'b'])
    await log.note(id, { what: 'gate-closed', gate: gateId.parse('a.release-1'), option: 'x', decided: null });
  await expect.poll(() => value('heads_missed_total', away.name)).toBeGreaterThanOrEqual(2);
  const waited = (await value('head_wait_seconds', away.name))!;
  expect(waited).toBeGreaterThan(0);
  await expect.poll(() => value('head_wait_seconds', away.name)).toBeGreaterThan(waited);
  expect(await value('head_missed_timestamp_seconds', away.name)).toBeGreaterThanOrEqual(began);
  await expect.poll(() => value('head_wait_seconds', file.name)).toBe(0);
  expect(await value('heads_missed_total', file.name)).toBe(0);

  server.status = 200;
  await expect.poll(() => value('head_wait_seconds', away.name)).toBe(0);
  expect(server.lines.length).toBeGreaterThan(0);
  const missed = await value('heads_missed_total', away.name);
  expect(missed).toBeGreaterThanOrEqual(2);
  // A look more counts nothing again.
  expect(await value('heads_missed_total', away.name)).toBe(missed);
  expect(await value('head_missed_timestamp_seconds', away.name)).toBeGreaterThanOrEqual(began);
});

test('a wait is that of the oldest head that is not there, and begins anew with the next', async () => {
  let clock = 1_000_000;
  const sender = createHeadSender(
    [place()],
    () => {},
    1,
    () => clock,
  );
  stack.defer(() => sender.close());
  const value = await served(sender.deliveries, () => clock);
  const of = place().name;
  server.status = 500;
  sender.send(head(1));
  clock += 30_000;
  sender.send(head(2));
  clock += 30_000;
  await expect.poll(() => value('heads_missed_total', of)).toBeGreaterThan(0);
  expect(await value('head_wait_seconds', of)).toBe(60);
  server.status = 200;
  await expect.poll(() => value('head_wait_seconds', of)).toBe(0);
  expect(server.lines).toHaveLength(1);
  clock += 5_000_000;
  server.status = 500;
  sender.send(head(3));
  clock += 7_000;
  expect(await value('head_wait_seconds', of)).toBe(7);
  // What somebody else has brought there need not be sent.
  sender.known(of, 3);
  expect(await value('head_wait_seconds', of)).toBe(0);
});

test('two places of one name are told as the worse of them', async () => {
  const one = { place: 'a', missed: 2, missedAt: 5_000, waitingSince: undefined };
  let all: HeadDelivery[] = [one, { ...one, missed: 3, missedAt: 9_000, waitingSince: 6_000 }];
  const value = await served(
    () => all,
    () => 10_000,
  );
  expect([await value('heads_missed_total', 'a'), await value('head_wait_seconds', 'a')]).toEqual([5, 4]);
  expect(await value('head_missed_timestamp_seconds', 'a')).toBe(9);
  all = [one, { ...all[1]!, missed: 4 }];
  expect(await value('heads_missed_total', 'a')).toBe(6);
});
