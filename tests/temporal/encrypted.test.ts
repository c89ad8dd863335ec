// A campaign whose payloads are encrypted, at a real server: nothing that was said is readable there, everything works, histories
// replay with old and new keys, and who lacks a key is told so rather than left waiting.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DecisionContext } from '../../contracts/gate.ts';
import { campaignWorkflowId, GATE, gateWorkflowId, QUEUES } from '../../contracts/names.ts';
import type { CampaignStatus } from '../../contracts/record.ts';
import { createCodec } from '../../infra/codec/codec.ts';
import { encrypting, FAILURE_CONVERTER } from '../../infra/codec/data-converter.ts';
import { byTokenFile } from '../../infra/codec/gatekeeper.ts';
import type { PayloadKeys } from '../../infra/codec/keys.ts';
import { startCodecServer } from '../../infra/codec/server.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createCampaigns } from '../../infra/temporal/campaigns.ts';
import { connect } from '../../infra/temporal/connect.ts';
import { refuseUnlessReadable } from '../../infra/temporal/payload-trouble.ts';
import { runPilot } from '../../infra/temporal/pilot.ts';
import { scriptedDecision } from '../support/play-campaign.ts';
import { firstState, type Script, scriptedActivities, scriptedSpec } from '../support/scripted-activities.ts';
import { temporalBinary } from '../support/temporal-binary.ts';
import { startTemporal, type TestServer } from '../support/temporal-server.ts';

const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
// Tasks fail here on purpose.
Runtime.install({ logger: quiet });
const key = (text: string): Buffer => Buffer.alloc(32, text);
const OLD: PayloadKeys = { current: 'k1', keys: new Map([['k1', key('one')]]) };
const ROTATED: PayloadKeys = {
  current: 'k2',
  keys: new Map([
    ['k2', key('two')],
    ['k1', key('one')],
  ]),
};
const STRANGE: PayloadKeys = { current: 'k1', keys: new Map([['k1', key('another')]]) };
const OTHER: PayloadKeys = { current: 'k9', keys: new Map([['k9', key('nine')]]) };

/** What is said in the campaign, and must be read nowhere. */
const SECRETS = ['secret-prompt', 'secret-summary', 'secret-reason', 'secret-failure'];

let server: TestServer;
let connection: NativeConnection;
let workflowBundle: { code: string };
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-encrypted-'));
  server = await startTemporal();
  connection = await NativeConnection.connect({ address: server.address });
  workflowBundle = await bundleWorkflowCode({
    ...{ workflowsPath: join(import.meta.dirname, '../../workflows/index.ts'), logger: quiet },
    failureConverterPath: FAILURE_CONVERTER,
  });
}, 120_000);
afterAll(async () => {
  await connection.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Undefined: in the clear. */
type Keys = PayloadKeys | undefined;

const clientWith = (keys: Keys, { client: { connection } } = server): Client =>
  new Client({ connection, ...(keys && { dataConverter: encrypting(keys, 'default').client }) });

async function workersWith(keys: Keys, script: Script, at = connection): Promise<{ stop(): Promise<void> }> {
  const { activities } = scriptedActivities(script);
  const workers = await Promise.all(
    Object.values(QUEUES).map((taskQueue) =>
      Worker.create({
        ...{ connection: at, taskQueue, activities, shutdownGraceTime: 0 },
        ...(keys && { dataConverter: encrypting(keys, 'default').worker }),
        ...(taskQueue === QUEUES.control && { workflowBundle }),
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  return {
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
    },
  };
}

describe('a campaign', () => {
  const spec = scriptedSpec('hidden', {
    description: 'secret-summary',
    harness: { ...scriptedSpec('hidden').harness, prompt: 'secret-prompt {instruction}' },
  });
  const store = (name = 'store') => createFolderStore(join(folder, name));

  /** To its end over a failed job and two answered gates; from the first of them on with the second keys. */
  async function play(keys: readonly [Keys, Keys], at: TestServer, native: NativeConnection, name?: string) {
    const failure = ApplicationFailure.nonRetryable('secret-failure', 'job.configuration');
    const before = await workersWith(keys[0], { passRates: [0.1, 0.3, 0.2], jobFailures: [failure] }, native);
    const client = clientWith(keys[0], at);
    const input = { spec, state: firstState(spec) };
    const specJson = JSON.stringify(spec);
    const campaigns = createCampaigns(client, store(name));
    expect(await campaigns.submit({ spec, specJson, hash: input.state.specHash })).toBe('started');

    const answer = async (gate: string, option: string, by: Client): Promise<void> => {
      const handle = by.workflow.getHandle(gateWorkflowId(gate as never));
      const { context } = await handle.query<{ context: DecisionContext }>(GATE.view);
      const decision = scriptedDecision(context, option);
      decision.body.reason = 'secret-reason';
      await handle.executeUpdate(GATE.decide, { args: [decision] });
    };
    const opened = (kind: string, by: Client) =>
      vi.waitFor(
        async () => {
          const { openGate } = await createCampaigns(by, store(name)).status(spec.name);
          expect(openGate?.gate).toContain(kind);
          return openGate!.gate;
        },
        { timeout: 40_000, interval: 200 },
      );
    // The failure that a human is asked about can be read, by who has the key.
    const failed = await opened('job-failed', client);
    expect(((await campaigns.status(spec.name)) as CampaignStatus).error?.message).toBe('secret-failure');

    // Every reader gets the new key, then it writes.
    await before.stop();
    const after = await workersWith(keys[1], { passRates: [0.1, 0.3, 0.2] }, native);
    const rotated = clientWith(keys[1], at);
    await refuseUnlessReadable(rotated);
    await answer(failed, 'retry', rotated);
    await answer(await opened('open-sealed', rotated), 'open', rotated);
    await answer(await opened('release', rotated), 'release', rotated);
    const result = await rotated.workflow.getHandle(campaignWorkflowId(spec.name)).result();
    expect(result).toMatchObject({ ending: 'released', round: 2 });
    await after.stop();
  }

  test('is played to its end over a rotation of keys, a failed job and an answered gate', async () => {
    await play([OLD, ROTATED], server, connection);
  }, 120_000);

  /** All that the server tells of its runs to who has no key: their histories and descriptions, one text each. */
  async function kept({ client: plain }: TestServer): Promise<string[]> {
    const everything: string[] = [];
    for await (const { workflowId, runId } of rawList(plain)) {
      const history = await plain.workflow.getHandle(workflowId, runId).fetchHistory();
      // It gives a text: its members are what holds base64.
      everything.push(readable(JSON.parse(historyToJSON(history))));
      const described = await plain.workflowService.describeWorkflowExecution({
        ...{ namespace: 'default', execution: { workflowId, runId } },
      });
      everything.push(readable(JSON.parse(JSON.stringify(described))));
    }
    return everything;
  }

  test('leaves nothing that it said in the server, but what Temporal searches by', async () => {
    const everything = await kept(server);
    const all = everything.join('\n');
    expect(everything.length).toBeGreaterThan(20);
    for (const secret of SECRETS) expect(all).not.toContain(secret);
    // As docs/temporal.md says: ids, types, queues, search attributes, and the types of failures.
    for (const known of ['campaign/hidden', 'AnnealOwner', 'anneal-control', 'job.configuration', 'runJob'])
      expect(all).toContain(known);
    expect(all).toContain('Encoded failure');
  }, 60_000);

  test('without keys leaves all that it said, where what is searched here finds it', async () => {
    const clear = await startTemporal();
    const native = await NativeConnection.connect({ address: clear.address });
    try {
      await play([undefined, undefined], clear, native, 'clear-store');
      const all = (await kept(clear)).join('\n');
      expect(SECRETS.filter((secret) => !all.includes(secret))).toEqual([]);
    } finally {
      await native.close();
      await clear.stop();
    }
  }, 120_000);

  test('is listed with its memo by who has the keys, and by no one else', async () => {
    const listed = await createCampaigns(clientWith(ROTATED), store()).list();
    expect(listed).toMatchObject([{ name: 'hidden', status: 'completed', owner: 'local' }]);
    await expect(createCampaigns(clientWith(OTHER), store()).list()).rejects.toMatchObject({
      code: 'payload.unknown_key',
    });
  });

  test('has histories that replay with old and new keys; with a wrong one they end with its name', async () => {
    const replay = (keys: PayloadKeys, history: never) =>
      Worker.runReplayHistory({ workflowBundle, dataConverter: encrypting(keys, 'default').worker }, history, 'any');
    let replayed = 0;
    for await (const { workflowId, runId } of rawList(server.client)) {
      const history = (await server.client.workflow.getHandle(workflowId, runId).fetchHistory()) as never;
      await replay(ROTATED, history);
      if (replayed === 0) {
        const began = performance.now();
        await expect(replay(OTHER, history)).rejects.toThrow(/key .* is needed; k9 is here/);
        await expect(replay(STRANGE, history)).rejects.toThrow(/payload\.unreadable|payload\.unknown_key/);
        expect(performance.now() - began).toBeLessThan(20_000);
      }
      replayed += 1;
    }
    expect(replayed).toBeGreaterThan(10);
  }, 120_000);

  test("is shown by Temporal's own CLI through the codec server, and only with its token", async () => {
    writeFileSync(join(folder, 'token'), 'let-me-in');
    const codecServer = await startCodecServer({
      ...{ codec: createCodec(ROTATED, 'default'), namespace: 'default', uiOrigin: undefined },
      ...{ gatekeeper: byTokenFile(join(folder, 'token')), host: '127.0.0.1', port: 0 },
    });
    const show = async (...more: string[]): Promise<string> => {
      const where = ['workflow', 'show', '-w', 'campaign/hidden', '--output', 'json', '--address', server.address];
      const env = { PATH: process.env.PATH ?? '', HOME: folder };
      return promisify(execFile)(await temporalBinary(), [...where, ...more], { maxBuffer: 64 << 20, env }).then(
        ({ stdout }) => readable(JSON.parse(stdout)),
        (failure: Error) => failure.message,
      );
    };
    try {
      const endpoint = ['--codec-endpoint', `${codecServer.url}/{namespace}`];
      expect(await show()).not.toContain('secret-prompt');
      expect(await show(...endpoint)).not.toContain('secret-prompt');
      expect(await show(...endpoint, '--codec-auth', 'Bearer wrong')).not.toContain('secret-prompt');
      expect(await show(...endpoint, '--codec-auth', 'Bearer let-me-in')).toContain('secret-prompt');
    } finally {
      await codecServer.close();
    }
  }, 60_000);
});

describe('a key that is missing', () => {
  const store = () => createFolderStore(join(folder, 'other-store'));

  test('at the worker is told to who asks for the status, rather than that they wait', async () => {
    const spec = scriptedSpec('unreadable');
    const campaigns = createCampaigns(clientWith(OTHER), store());
    const { specHash } = firstState(spec);
    const workers = await workersWith(OLD, { passRates: [0.1] });
    try {
      await campaigns.submit({ spec, specJson: JSON.stringify(spec), hash: specHash });
      const began = performance.now();
      const failure = await vi.waitFor(
        async () => {
          const error = await campaigns.status(spec.name).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          expect(error).toMatchObject({ code: 'payload.unknown_key' });
          return error as Error;
        },
        { timeout: 40_000, interval: 500 },
      );
      // The worker's words, though they could only be encrypted with a key that is not here.
      expect(failure.message).toBe('the worker cannot read campaign/unreadable: key "k9" is needed; k1 is here');
      expect(performance.now() - began).toBeLessThan(40_000);
      // The same for a pilot, which waits for its answer.
      const pilot = runPilot(clientWith(OTHER), store(), spec, { samples: 1, onProgress() {} });
      await expect(pilot).rejects.toMatchObject({ code: 'payload.unknown_key' });
    } finally {
      await workers.stop();
    }
  }, 120_000);

  test('keeps a worker and a command that would write from starting, while a campaign needs it', async () => {
    const file = (name: string, { current, keys }: PayloadKeys): string => {
      const path = join(folder, `${name}.json`);
      const listed = Object.fromEntries([...keys].map(([id, bytes]) => [id, bytes.toString('base64')]));
      writeFileSync(path, JSON.stringify({ schema: 'anneal/payload-keys/v1', current, keys: listed }));
      return path;
    };
    const at = (payloadKeysFile: string) => ({ address: server.address, namespace: 'default', payloadKeysFile });
    await vi.waitFor(() =>
      expect(connect(at(file('old', OLD)), { needs: 'write' })).rejects.toMatchObject({
        code: 'payload.unknown_key',
        message: 'campaign/unreadable: key "k9" is needed; k1 is here',
      }),
    );
    const { client, dataConverter, close } = await connect(at(file('other', OTHER)), { needs: 'write' });
    expect(dataConverter?.payloadCodecs).toHaveLength(1);
    await client.workflow.getHandle('campaign/unreadable').terminate();
    await close();
  });

  test('does not matter where nothing was encrypted', async () => {
    const [payload] = await createCodec(OLD, 'default').decode([defaultPayloadConverter.toPayload('plain')!]);
    expect(defaultPayloadConverter.fromPayload(payload!)).toBe('plain');
  });
});

/** Without decoding anything: a client without keys cannot even list. */
async function* rawList({ workflowService }: Client): AsyncGenerator<{ workflowId: string; runId: string }> {
  const { executions } = await workflowService.listWorkflowExecutions({
    namespace: 'default',
    query: '',
    pageSize: 500,
  });
  for (const { execution } of executions ?? [])
    if (execution?.workflowId) yield { workflowId: execution.workflowId, runId: execution.runId ?? '' };
}

/** Every text in a document, and what stands in base64. */
function readable(value: unknown): string {
  if (typeof value === 'string') return `${value}\n${Buffer.from(value, 'base64').toString('utf8')}`;
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, member]) => `${name} ${readable(member)}`)
    .join('\n');
}
