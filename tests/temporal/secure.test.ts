// Anneal at a real Temporal server with mutual TLS, tokens and permissions: what is refused is named, and what is permitted works,
// over a rotation of the key too. Skipped where the server was not built (npm run test:temporal builds it).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { campaignWorkflowId, QUEUES } from '../../contracts/names.ts';
import { turnOf } from '../../contracts/queues.ts';
import { byTemporal } from '../../infra/codec/gatekeeper.ts';
import { connect, connectKeyless } from '../../infra/temporal/connect.ts';
import { ensureSearchAttributes } from '../../infra/temporal/search-attributes.ts';
import type { TemporalSettings } from '../../infra/temporal/settings.ts';
import { writePair } from '../support/certificates.ts';
import { firstState, scriptedActivities, scriptedSpec } from '../support/scripted-activities.ts';
import { ADMIN, type SecureTemporal, startSecureTemporal, temporalServerBinary } from '../support/secure-temporal.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const built = temporalServerBinary() !== undefined;
let server: SecureTemporal;

beforeAll(async () => {
  if (built) server = await startSecureTemporal(['default', 'other']);
}, 120_000);
afterAll(() => server?.stop());

const open = (settings: TemporalSettings, needs: 'read' | 'write' = 'write') => connect(settings, { needs });
const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });
/** Everything right but one thing. */
const but = (change: Partial<TemporalSettings>): TemporalSettings => ({ ...server.settings(ADMIN), ...change });
const withTls = (change: TemporalSettings['tls']): TemporalSettings => {
  const right = server.settings(ADMIN);
  return { ...right, tls: { ...right.tls, ...change } };
};
const without = (...members: readonly ('cert' | 'key')[]): TemporalSettings => {
  const right = server.settings(ADMIN);
  return {
    ...right,
    tls: Object.fromEntries(Object.entries(right.tls ?? {}).filter(([name]) => !members.includes(name as 'cert'))),
  };
};

describe.skipIf(!built)('at a server with mutual TLS and permissions', () => {
  test('who may do everything is served', async () => {
    const { client, close } = await open(server.settings(ADMIN));
    expect((await client.workflow.count()).count).toBe(0);
    await close();
  });

  test("a wrong authority, a wrong name, no certificate, a stranger's, no TLS: each has its name", async () => {
    await expect(open(withTls({ ca: server.file(server.clientAuthority.cert) }))).rejects.toMatchObject(
      refusal('temporal.untrusted_server', /from no authority in ANNEAL_TEMPORAL_TLS_CA/),
    );
    await expect(open(withTls({ serverName: 'elsewhere' }))).rejects.toMatchObject(
      refusal('temporal.untrusted_server', /temporal\.example, not for elsewhere/),
    );
    await expect(open(without('cert', 'key'))).rejects.toMatchObject(
      refusal('temporal.certificate_refused', /asks for one/),
    );
    const stranger = writePair(server.folder, server.serverAuthority.issue({ name: 'stranger' }));
    await expect(open(withTls(stranger))).rejects.toMatchObject(
      refusal('temporal.certificate_refused', /knows no authority that issued/),
    );
    const { tls: _, ...clear } = server.settings(ADMIN);
    await expect(open(clear)).rejects.toMatchObject(refusal('temporal.tls_mismatch', /set ANNEAL_TEMPORAL_TLS=on/));
  });

  test('a key that is forged, over, or garbage is refused, and an end is told', async () => {
    const file = (text: string) => but({ apiKeyFile: server.file(text) });
    await expect(open(file(server.token(ADMIN, { signedBy: 'stranger' })))).rejects.toMatchObject(
      refusal('temporal.key_refused', /refuses the one in .*file-\d+: /),
    );
    await expect(open(file('garbage'))).rejects.toMatchObject({ code: 'temporal.key_refused', exitCode: 3 });
    await expect(open(file(server.token(ADMIN, { seconds: -60 })))).rejects.toMatchObject(
      refusal('temporal.key_refused', /it expired at 20/),
    );
  });

  test('without a key, with one for another namespace, with one that may only read: a permission is missing', async () => {
    const { apiKeyFile: _, ...keyless } = server.settings(ADMIN);
    await expect(open(keyless)).rejects.toMatchObject(
      refusal('temporal.denied', /reading namespace default is not permitted without an API key/),
    );
    await expect(open(server.settings(['other:admin']))).rejects.toMatchObject(
      refusal('temporal.denied', /reading namespace default is not permitted with the key in/),
    );
    const reader = server.settings(['default:read']);
    await expect(open(reader)).rejects.toMatchObject(
      refusal('temporal.denied', /may be read, but starting and serving campaigns is not permitted/),
    );
    const { client, close } = await open(reader, 'read');
    expect((await client.workflow.count()).count).toBe(0);
    await close();
  });

  test('a namespace that is not there is named to who may know it', async () => {
    await expect(open(server.settings(ADMIN, 'elsewhere'))).rejects.toMatchObject(
      refusal('temporal.no_namespace', /has no namespace elsewhere/),
    );
    await expect(open(server.settings(['elsewhere:read'], 'elsewhere'), 'read')).rejects.toMatchObject({
      code: 'temporal.no_namespace',
    });
  });

  test("the codec server admits whom Temporal lets read the namespace, by the caller's own token", async () => {
    const { apiKeyFile: _, ...settings } = server.settings([]);
    const connection = await connectKeyless(settings);
    const gatekeeper = await byTemporal(connection, 'default');
    const asked = [
      server.token(['default:read']),
      server.token(['other:admin']),
      server.token(['default:read'], { seconds: -60 }),
      server.token(['default:read'], { signedBy: 'stranger' }),
    ];
    expect(await Promise.all(asked.map((token) => gatekeeper.admits(token)))).toEqual([true, false, false, false]);
    await connection.close();
  });

  test('two teams take turns in one queue, however much one has put there before', async () => {
    const { client, close } = await open(server.settings(ADMIN, 'other'));
    const taskQueue = QUEUES.control;
    const begin = (workflowId: string, team: string, share: number) =>
      client.workflow.start('any', { workflowId, taskQueue, priority: turnOf(team, share) });
    for (let n = 0; n < 60; n += 1) await begin(`many-${n}`, 'team-a', 1);
    for (let n = 0; n < 12; n += 1) await begin(`few-${n}`, 'team-b', 2);
    const order: string[] = [];
    while (order.length < 36) {
      const { workflowExecution } = await client.withDeadline(Date.now() + 20_000, () =>
        client.workflowService.pollWorkflowTaskQueue({ namespace: 'other', taskQueue: { name: taskQueue } }),
      );
      if (workflowExecution?.workflowId) order.push(workflowExecution.workflowId);
    }
    // First come, first served would have given it none. Not exactly its share: a queue is kept in four parts.
    expect(order.filter((id) => id.startsWith('few')).length).toBeGreaterThanOrEqual(4);
    await close();
  }, 60_000);

  test('a campaign is played by a worker whose key is replaced while it works', async () => {
    const admin = await open(server.settings(ADMIN));
    await ensureSearchAttributes(admin.client.connection, 'default');
    await admin.close();
    const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: join(import.meta.dirname, '../../workflows/index.ts'),
      logger: quiet,
    });
    const path = server.file(server.token(['default:write'], { seconds: 8 }));
    const settings = { ...server.settings(ADMIN), apiKeyFile: path };
    const { client, native, close } = await open(settings);
    const connection = await native();
    const over = Date.now() + 9_000;
    const { activities } = scriptedActivities({ passRates: [0.2, 0.4, 0.6], unlisted: ['promotion'] });
    const workers = await Promise.all(
      Object.values(QUEUES).map((taskQueue) =>
        Worker.create({ connection, taskQueue, activities, ...(taskQueue === QUEUES.control && { workflowBundle }) }),
      ),
    );
    writeFileSync(path, server.token(['default:write']));
    const running = workers.map((worker) => worker.run());
    try {
      // The first key is over, for the client and for the worker.
      await sleep(Math.max(3_000, over - Date.now()));
      const spec = scriptedSpec('secured', { gates: { deadline: '2s', remindAfter: '1s' } });
      const result = await client.workflow.execute('campaign', {
        workflowId: campaignWorkflowId(spec.name),
        taskQueue: QUEUES.control,
        args: [{ spec, state: firstState(spec) }],
      });
      expect(result).toMatchObject({ ending: expect.not.stringMatching('running'), round: 2 });
    } finally {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await close();
    }
  }, 90_000);
});
