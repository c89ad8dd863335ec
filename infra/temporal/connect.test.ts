// The way to a Temporal behind TLS: what is wrong is named before anything is started. Here TLS is ours, in front of the development
// server; tests/temporal/secure.test.ts asks the same of a server with mutual TLS and permissions of its own.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AnnealError } from '../../contracts/errors.ts';
import { type Issued, makeAuthority, writePair } from '../../tests/support/certificates.ts';
import { startTemporal, type TestServer } from '../../tests/support/temporal-server.ts';
import { startTlsFront, type TlsFront } from '../../tests/support/tls-front.ts';
import { endOf, openApiKey } from './api-key.ts';
import { connect } from './connect.ts';
import { ensureSearchAttributes } from './search-attributes.ts';
import { type TemporalSettings, temporalAccess } from './settings.ts';

const ours = makeAuthority('our authority');
const other = makeAuthority('another authority');
const past = { from: new Date('2020-01-01'), to: new Date('2020-02-01') };
const server = ours.issue({ name: 'server', hosts: ['127.0.0.1', 'temporal.example'] });

let folder: string;
let temporal: TestServer;
const fronts: TlsFront[] = [];
/** Asks for no client certificate; asks for one of our authority. */
let plain: TlsFront;
let mutual: TlsFront;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-connect-'));
  temporal = await startTemporal();
  plain = await front(server);
  mutual = await front(server, { requestCert: true, rejectUnauthorized: true, ca: ours.cert });
});
afterAll(async () => {
  for (const one of fronts) await one.stop();
  await temporal.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function front(own: Issued, options = {}): Promise<TlsFront> {
  const started = await startTlsFront(temporal.address, { cert: own.cert, key: own.key, ...options });
  fronts.push(started);
  return started;
}
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const at = ({ address }: { address: string }, tls?: TemporalSettings['tls'], more = {}): TemporalSettings => ({
  ...{ address, namespace: 'default', ...(tls && { tls }), ...more },
});
const ca = (): string => write('ca.pem', ours.cert);
const attempt = (settings: TemporalSettings) => connect(settings, { needs: 'write', timeoutMs: 3_000 });
const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });

test('one connection serves a client and, at the first call, a worker', async () => {
  const client = writePair(folder, ours.issue({ name: 'client' }));
  const connected = await attempt(at(mutual, { ca: ca(), ...client, serverName: 'temporal.example' }));
  expect((await connected.client.workflow.count()).count).toBe(0);
  expect(await ensureSearchAttributes(await connected.native(), 'default')).toEqual([]);
  expect(await connected.native()).toBe(await connected.native());
  await connected.close();
});

test('a connection in the clear stays what it was', async () => {
  const connected = await attempt(at(temporal));
  expect((await connected.client.workflow.count()).count).toBe(0);
  await connected.close();
});

describe("the server's certificate", () => {
  test.each([
    ['of another authority', other.cert, 'ANNEAL_TEMPORAL_TLS_CA'],
    ["with the system's authorities", undefined, "the system's list"],
  ])('%s is not trusted', async (_name, text, where) => {
    const tls = text === undefined ? {} : { ca: write('other.pem', text) };
    await expect(attempt(at(plain, tls))).rejects.toMatchObject(
      refusal('temporal.untrusted_server', new RegExp(`from no authority in ${where} `)),
    );
  });

  test('for another name is not trusted; the names that it is for are told', async () => {
    const settings = at(plain, { ca: ca(), serverName: 'elsewhere.example' });
    await expect(attempt(settings)).rejects.toMatchObject(
      refusal('temporal.untrusted_server', /is for .*temporal\.example, not for elsewhere\.example/),
    );
  });

  test('that has expired is called that', async () => {
    const old = await front(ours.issue({ name: 'old', hosts: ['127.0.0.1'], ...past }));
    await expect(attempt(at(old, { ca: ca() }))).rejects.toMatchObject(
      refusal('temporal.certificate_expired', /that of 127\.0\.0\.1:\d+ is valid from .* 2020/),
    );
  });
});

describe('the client certificate', () => {
  test('that is missing is asked for', async () => {
    await expect(attempt(at(mutual, { ca: ca() }))).rejects.toMatchObject(
      refusal('temporal.certificate_refused', /asks for one; set ANNEAL_TEMPORAL_TLS_CERT/),
    );
  });

  test('of an authority that the server does not know is refused', async () => {
    const stranger = writePair(folder, other.issue({ name: 'stranger' }));
    await expect(attempt(at(mutual, { ca: ca(), ...stranger }))).rejects.toMatchObject(
      refusal('temporal.certificate_refused', /hangs up, as servers do/),
    );
  });

  test('that has expired is found before anything is connected', async () => {
    const before = mutual.connections();
    const old = writePair(folder, ours.issue({ name: 'expired', ...past }));
    await expect(attempt(at(mutual, { ca: ca(), ...old }))).rejects.toMatchObject(
      refusal(
        'temporal.certificate_expired',
        /expired\.crt \(CN=expired\) is valid from 2020-01-01 00:00 to 2020-02-01/,
      ),
    );
    expect(mutual.connections()).toBe(before);
  });

  test('and every other file that cannot be used is named at once', async () => {
    const [one, two] = ['one', 'two'].map((name) => writePair(folder, ours.issue({ name })));
    const failure = await attempt(at(mutual, { ca: '/not/there.pem', cert: one!.cert, key: two!.key })).catch((e) => e);
    expect(failure).toBeInstanceOf(AnnealError);
    expect(failure).toMatchObject({ code: 'temporal.credentials', exitCode: 2 });
    expect(failure.problems.map((problem: { path: string }) => problem.path)).toEqual([
      'ANNEAL_TEMPORAL_TLS_CA',
      'ANNEAL_TEMPORAL_TLS_KEY',
    ]);
    expect(failure.message).toMatch(
      /there\.pem: no such file.*two\.key, which belongs to another certificate than .*one\.crt/,
    );
    const swapped = at(mutual, { ca: one!.key, cert: one!.cert, key: one!.cert });
    await expect(attempt(swapped)).rejects.toMatchObject(
      refusal('temporal.credentials', /one\.key holds none.*private key/),
    );
  });
});

describe('a server of another kind', () => {
  test('TLS on one side only is named, either way round', async () => {
    await expect(attempt(at(plain))).rejects.toMatchObject(
      refusal('temporal.tls_mismatch', /set ANNEAL_TEMPORAL_TLS=on/),
    );
    await expect(attempt(at(temporal, { ca: ca() }))).rejects.toMatchObject(
      refusal('temporal.tls_mismatch', /speaks no TLS; unset/),
    );
  });

  test.each([
    ['speaks something else', 'HTTP/1.1 400 Bad Request\r\n\r\n', /is no Temporal: it said "HTTP\/1\.1 400/],
    ['says nothing', undefined, /no answer within 500 ms/],
  ])('that %s is no Temporal', async (_name, said, message) => {
    const listening = createServer((socket) => void (said && socket.write(said))).listen(0, '127.0.0.1');
    await vi.waitFor(() => expect(listening.listening).toBe(true));
    const { port } = listening.address() as { port: number };
    const settings = at({ address: `127.0.0.1:${port}` });
    await expect(connect(settings, { needs: 'read', timeoutMs: 500 })).rejects.toMatchObject(
      refusal('stack.temporal_unavailable', message),
    );
    listening.close();
  });

  test('that is not there does not answer', async () => {
    await expect(attempt(at({ address: '127.0.0.1:9' }))).rejects.toMatchObject(
      refusal('stack.temporal_unavailable', /does not answer at 127\.0\.0\.1:9/),
    );
  });

  test('a namespace that it lacks is named', async () => {
    await expect(attempt(at(temporal, undefined, { namespace: 'elsewhere' }))).rejects.toMatchObject({
      ...refusal('temporal.no_namespace', /has no namespace elsewhere \(ANNEAL_NAMESPACE\)/),
      exitCode: 4,
    });
  });
});

describe('the settings', () => {
  test('nothing set is a connection in the clear', () => {
    expect(temporalAccess({}, 'default')).toEqual({ namespace: 'default' });
  });

  test.each([
    ['the switch', { ANNEAL_TEMPORAL_TLS: 'on' as const }, {}],
    ['an API key, which must not go out in the clear', { ANNEAL_TEMPORAL_API_KEY_FILE: '/k' }, {}],
    ['an authority', { ANNEAL_TEMPORAL_TLS_CA: '/ca' }, { ca: '/ca' }],
    ['a name', { ANNEAL_TEMPORAL_TLS_SERVER_NAME: 'n' }, { serverName: 'n' }],
  ])('TLS is turned on by %s', (_name, set, tls) => {
    expect(temporalAccess(set, 'default').tls).toEqual(tls);
  });

  test('half a pair is refused', () => {
    expect(() => temporalAccess({ ANNEAL_TEMPORAL_TLS_CERT: '/c' }, 'default')).toThrow(
      expect.objectContaining({ code: 'cli.usage', message: 'ANNEAL_TEMPORAL_TLS_KEY is missing' }),
    );
  });
});

describe('an API key in a file', () => {
  test('is read again when the file is replaced, and kept while it is half written', async () => {
    const path = write('key', 'first\n');
    const key = openApiKey(path);
    const seen: string[] = [];
    const stop = key.follow((next) => seen.push(next), 20);
    expect(key.current()).toBe('first');
    // As Kubernetes does it: another file takes the name.
    renameSync(write('key.next', 'second'), path);
    expect(key.current()).toBe('second');
    await vi.waitFor(() => expect(seen).toEqual(['second']));
    writeFileSync(path, '');
    expect(key.current()).toBe('second');
    rmSync(path);
    expect(key.current()).toBe('second');
    writeFileSync(path, 'third');
    await vi.waitFor(() => expect(seen).toEqual(['second', 'third']));
    stop();
  });

  test.each([
    ['is not there', undefined, /no such file/],
    ['is empty', ' \n', /it is empty/],
    ['holds something else', 'api_key = "x"\nnamespace = "y"', /it holds more than a key/],
  ])('that %s is refused before anything is connected, and not quoted', async (_name, text, message) => {
    const apiKeyFile = text === undefined ? '/not/there' : write('bad-key', text);
    await expect(attempt(at(plain, { ca: ca() }, { apiKeyFile }))).rejects.toMatchObject(
      refusal('temporal.credentials', message),
    );
  });

  test('tells when it ends, if it says so', () => {
    const body = Buffer.from(JSON.stringify({ exp: 1_700_000_000 })).toString('base64url');
    expect(endOf(`x.${body}.y`)?.toISOString()).toBe('2023-11-14T22:13:20.000Z');
    expect(endOf('tmprl_opaque')).toBeUndefined();
  });
});
