// The codec server as a process: its settings in, a page's payloads out; it does not begin where it could not refuse anybody.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCodec } from '../infra/codec/codec.ts';
import { startTemporal, type TestServer } from '../tests/support/temporal-server.ts';

const KEY = Buffer.alloc(32, 7);
const UI = 'https://temporal.example.com';
let folder: string;
let temporal: TestServer;
const started: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-codec-server-'));
  const keys = { schema: 'anneal/payload-keys/v1', current: 'k1', keys: { k1: KEY.toString('base64') } };
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(keys));
  writeFileSync(join(folder, 'token'), 'let-me-in');
  temporal = await startTemporal();
});
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await temporal.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What it says first, on either stream, and how it ends. */
function start(settings: Record<string, string>) {
  const env = {
    ...{ PATH: process.env.PATH ?? '', ANNEAL_HOME: join(folder, 'home'), ANNEAL_TEMPORAL: temporal.address },
    ...{ ANNEAL_PAYLOAD_KEYS: join(folder, 'keys.json'), ANNEAL_CODEC_LISTEN: '127.0.0.1:0' },
    ...settings,
  };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'codec-server.ts')], { env });
  started.push(child);
  let said = '';
  const first = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('\n')) resolve(said);
      });
  });
  return { child, first, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, said })) };
}

test('decrypts for the UI, and ends when told to', async () => {
  const settings = { ANNEAL_CODEC_TOKEN_FILE: join(folder, 'token'), ANNEAL_CODEC_UI_ORIGIN: UI };
  const { child, first, ended } = start(settings);
  const url = /at (http:\S+)/.exec(await first)?.[1];
  const codec = createCodec({ current: 'k1', keys: new Map([['k1', KEY]]) }, 'default');
  const [sealed] = await codec.encode([defaultPayloadConverter.toPayload('said')!]);
  const metadata = Object.entries(sealed?.metadata ?? {}).map(([name, bytes]) => [
    name,
    Buffer.from(bytes).toString('base64'),
  ]);
  const payloads = [
    { metadata: Object.fromEntries(metadata), data: Buffer.from(sealed?.data ?? []).toString('base64') },
  ];
  const ask = (authorization: string) =>
    fetch(`${url}/decode`, {
      method: 'POST',
      headers: { origin: UI, authorization, 'x-namespace': 'default', 'content-type': 'application/json' },
      body: JSON.stringify({ payloads }),
    });
  expect((await ask('Bearer wrong')).status).toBe(403);
  const answer = (await (await ask('Bearer let-me-in')).json()) as { payloads: { data: string }[] };
  expect(Buffer.from(answer.payloads[0]!.data, 'base64').toString()).toBe('"said"');
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
});

test.each([
  [
    'without a token, at a Temporal that admits everybody',
    {},
    'so that one proves nothing; set ANNEAL_CODEC_TOKEN_FILE',
  ],
  ['without keys', { ANNEAL_PAYLOAD_KEYS: '' }, 'ANNEAL_PAYLOAD_KEYS names no file'],
  ['with an origin that is none', { ANNEAL_CODEC_UI_ORIGIN: `${UI}/ui` }, 'a setting has a wrong form'],
])('does not begin %s', async (_name, settings, why) => {
  const { code, said } = await start(settings).ended;
  expect(code).toBe(1);
  expect(said).toContain(why);
});
