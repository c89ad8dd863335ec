// The codec server: to whom it decrypts, and that it does so for nobody else. That Temporal's own CLI understands it is tested in
// tests/temporal/encrypted.test.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionLike } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCodec } from './codec.ts';
import { byTemporal, byTokenFile } from './gatekeeper.ts';
import { type CodecServer, startCodecServer } from './server.ts';

const UI = 'https://temporal.example.com';
const codec = createCodec({ current: 'k1', keys: new Map([['k1', Buffer.alloc(32, 1)]]) }, 'team-a');
let folder: string;
let server: CodecServer;
let sealed: unknown;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-codec-'));
  writeFileSync(join(folder, 'token'), 'right\n');
  server = await startCodecServer({
    ...{ codec, namespace: 'team-a', uiOrigin: UI, host: '127.0.0.1', port: 0 },
    gatekeeper: byTokenFile(join(folder, 'token')),
  });
  const [payload] = await codec.encode([defaultPayloadConverter.toPayload({ prompt: 'ä' })!]);
  sealed = json(payload!);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const base64 = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
const json = ({ metadata, data }: Payload): unknown => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, bytes]) => [name, base64(bytes)])),
  data: base64(data),
});

async function ask(
  headers: Record<string, string> = {},
  { path = '/decode', method = 'POST', body = { payloads: [sealed] } as unknown } = {},
) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: 'Bearer right', 'x-namespace': 'team-a', 'content-type': 'application/json', ...headers },
    ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}
/** What stands in the first payload of an answer. */
const first = (text: string): unknown => {
  const { payloads } = JSON.parse(text) as { payloads: { data: string }[] };
  return JSON.parse(Buffer.from(payloads[0]!.data, 'base64').toString('utf8'));
};

describe('who asks', () => {
  test('with the token gets the payloads decrypted, and the answer is kept nowhere', async () => {
    const { status, headers, text } = await ask();
    expect(status).toBe(200);
    expect(first(text)).toEqual({ prompt: 'ä' });
    expect(headers.get('cache-control')).toBe('no-store');
    // What was never encrypted passes.
    const plain = json(defaultPayloadConverter.toPayload('plain')!);
    expect(first((await ask({}, { body: { payloads: [plain] } })).text)).toBe('plain');
    expect(JSON.parse((await ask({}, { body: { payloads: [] } })).text)).toEqual({ payloads: [] });
  });

  test.each([
    ['without a token', { authorization: '' }, 401],
    ['with another scheme', { authorization: 'Basic right' }, 401],
    ['with a wrong token', { authorization: 'Bearer wrong' }, 403],
    ['with the beginning of the token', { authorization: 'Bearer righ' }, 403],
    ['for another namespace', { 'x-namespace': 'team-b' }, 403],
  ])('%s gets nothing', async (_name, headers, expected) => {
    const { status, text } = await ask(headers);
    expect(status).toBe(expected);
    expect(text).not.toContain('prompt');
    expect(text).not.toContain('payloads');
  });

  test('may name the namespace in the path, as the CLI does, but not another one', async () => {
    expect((await ask({}, { path: '/team-a/decode' })).status).toBe(200);
    expect((await ask({ 'x-namespace': 'team-a' }, { path: '/team-b/decode' })).status).toBe(403);
  });

  test('cannot have anything encrypted', async () => {
    expect((await ask({}, { path: '/encode' })).status).toBe(404);
    expect((await ask({}, { method: 'GET' })).status).toBe(405);
  });

  test('with a token that was replaced is refused from then on', async () => {
    writeFileSync(join(folder, 'token'), 'renewed');
    expect((await ask()).status).toBe(403);
    expect((await ask({ authorization: 'Bearer renewed' })).status).toBe(200);
    writeFileSync(join(folder, 'token'), 'right\n');
  });
});

describe('a page', () => {
  test("of the UI's origin may ask, and a browser is told so", async () => {
    const preflight = await ask({ origin: UI, 'access-control-request-method': 'POST' }, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(UI);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-namespace');
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
    const { status, headers } = await ask({ origin: UI });
    expect([status, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([200, UI, 'origin']);
  });

  test.each(['https://evil.example', `${UI}.evil.example`, 'null', 'http://temporal.example.com'])(
    'of %s may not, even with the token',
    async (origin) => {
      for (const method of ['OPTIONS', 'POST']) {
        const { status, headers } = await ask({ origin }, { method });
        expect(status).toBe(403);
        expect(headers.get('access-control-allow-origin')).toBeNull();
      }
    },
  );
});

describe('what cannot be decrypted', () => {
  test('is told to the caller, by its code', async () => {
    const other = createCodec({ current: 'k9', keys: new Map([['k9', Buffer.alloc(32, 9)]]) }, 'team-a');
    const [payload] = await other.encode([defaultPayloadConverter.toPayload(1)!]);
    const { status, text } = await ask({}, { body: { payloads: [json(payload!)] } });
    expect(status).toBe(422);
    expect(JSON.parse(text)).toEqual({ code: 'payload.unknown_key', message: 'key "k9" is needed; k1 is here' });
  });

  test.each([
    ['no JSON', '{', 400],
    ['no payloads', [1], 200],
    ['too long', `"${'x'.repeat(17 << 20)}"`, 413],
  ])('%s', async (_name, body, expected) => {
    expect((await ask({}, { body })).status).toBe(expected);
  });

  test('health is told to everybody', async () => {
    expect((await ask({ authorization: '' }, { path: '/healthz', method: 'GET' })).text).toBe('ok\n');
  });
});

describe('a gatekeeper that asks Temporal', () => {
  /** A Temporal that lets in whom `lets` says. */
  const temporal = (lets: (authorization: string | undefined) => boolean) => {
    let authorization: string | undefined;
    const asked: (string | undefined)[] = [];
    const server = {
      withDeadline: (_at: number, work: () => Promise<unknown>) => work(),
      async withMetadata(metadata: { authorization: string }, work: () => Promise<unknown>) {
        authorization = metadata.authorization;
        try {
          return await work();
        } finally {
          authorization = undefined;
        }
      },
      workflowService: {
        async describeNamespace() {
          asked.push(authorization);
          if (!lets(authorization)) throw Object.assign(new Error('no'), { code: 7, details: 'no', metadata: {} });
          return {};
        },
      },
    };
    return { server: server as unknown as ConnectionLike, asked };
  };

  test('admits whom Temporal admits, and remembers it for half a minute', async () => {
    let now = 0;
    let admitted = 'Bearer good';
    const { server: connection, asked } = temporal((authorization) => authorization === admitted);
    const gatekeeper = await byTemporal(connection, 'team-a', () => now);
    expect([await gatekeeper.admits('good'), await gatekeeper.admits('bad')]).toEqual([true, false]);
    expect([await gatekeeper.admits('good'), await gatekeeper.admits('bad')]).toEqual([true, false]);
    expect(asked).toEqual([undefined, 'Bearer good', 'Bearer bad']);
    // The right is taken away.
    admitted = 'Bearer other';
    now = 30_001;
    expect(await gatekeeper.admits('good')).toBe(false);
  });

  test('refuses to begin where Temporal admits everybody: no token would prove anything', async () => {
    const { server: connection } = temporal(() => true);
    await expect(byTemporal(connection, 'team-a')).rejects.toMatchObject({ code: 'codec.unprotected', exitCode: 2 });
  });

  test('does not take a broken connection for an answer', async () => {
    let broken = false;
    const { server: connection } = temporal((authorization) => {
      if (broken) throw new Error('gone');
      return authorization !== undefined;
    });
    const gatekeeper = await byTemporal(connection, 'team-a');
    broken = true;
    await expect(gatekeeper.admits('good')).rejects.toThrow('gone');
    broken = false;
    expect(await gatekeeper.admits('good')).toBe(true);
  });
});
