// The S3 store behind a network and a server that fail: what was asked for happens, and happens once.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createS3Store, type S3Store } from '../../infra/store/s3/store.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type S3Server, s3Binary, startS3Server } from '../support/s3-server.ts';

const SLOW_DOWN = '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';
const FAULTS: readonly (readonly [string, Fault])[] = [
  ['500', { kind: 'error', status: 500, body: '<Error><Code>InternalError</Code></Error>' }],
  ['503 slow down', { kind: 'error', status: 503, body: SLOW_DOWN }],
  ['a stalled request', { kind: 'stall' }],
  ['a broken connection', { kind: 'reset' }],
  ['a lost answer', { kind: 'lost' }],
  ['a truncated answer', { kind: 'truncate' }],
  ['an answer that freezes', { kind: 'freeze' }],
];
/** Several parts, the last one short. */
const LARGE = (20 << 20) + 12_345;
const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe.skipIf(s3Binary() === undefined)('the S3 store', () => {
  let server: S3Server;
  let proxy: FaultProxy;
  let folder: string;
  let behind: S3Store;
  let straight: S3Store;

  beforeAll(async () => {
    server = await startS3Server();
    folder = await mkdtemp(join(tmpdir(), 'anneal-faults-'));
    await writeFile(join(folder, 'large'), randomBytes(LARGE));
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    proxy = await startFaultProxy(server.endpoint);
    const address = server.address();
    straight = createS3Store(address);
    behind = createS3Store(address.replace(server.endpoint, proxy.endpoint), { timeoutMs: 1_000, attempts: 4 });
  });
  afterEach(() => proxy.close());

  it('spreads what it tries again: clients that were told to slow down do not come back together', async () => {
    const names = Array.from({ length: 24 }, (_, index) => `jitter-${index}/a`);
    const seen = new Map<string, number[]>();
    for (const name of names) {
      const matches = (method: string, path: string): boolean => method === 'PUT' && path.includes(`/${name}`);
      proxy.inject({ kind: 'error', status: 503, body: SLOW_DOWN }, 1, (method, path) => {
        if (matches(method, path)) seen.set(name, [performance.now()]);
        return matches(method, path);
      });
      // Never met: it looks at the second try.
      proxy.inject({ kind: 'stall' }, 1, (method, path) => {
        if (matches(method, path)) seen.get(name)?.push(performance.now());
        return false;
      });
    }
    await Promise.all(names.map((name) => behind.createNamed(name, 'text')));
    const pauses = [...seen.values()].map(([first = 0, second = 0]) => second - first);
    expect(pauses).toHaveLength(24);
    // A pause that is the same for all puts the shortest next to the longest.
    expect(Math.min(...pauses)).toBeLessThan(Math.max(...pauses) / 2);
  });

  describe.each(FAULTS)('meeting %s', (_, fault) => {
    it('puts and gets a small object', async () => {
      proxy.inject(fault, 1, (method) => method === 'PUT');
      proxy.inject(fault, 2, (method) => method === 'GET');
      const bytes = randomBytes(100_000);
      const ref = await behind.put(bytes);
      expect(Buffer.from(await behind.get(ref)).equals(bytes)).toBe(true);
      expect(Buffer.from(await straight.get(ref)).equals(bytes)).toBe(true);
      expect(proxy.met()).toBe(3);
    });

    it('moves a large file by parts', async () => {
      // The start of an upload, two of its parts, its end; two of the ranges.
      proxy.inject(fault, 1, (method, path) => method === 'POST' && path.includes('uploads'));
      proxy.inject(fault, 2, (method, path) => method === 'PUT' && path.includes('partNumber'));
      proxy.inject(fault, 1, (method, path) => method === 'POST' && path.includes('uploadId'));
      proxy.inject(fault, 2, (method) => method === 'GET');
      const ref = await behind.putFile(join(folder, 'large'));
      await behind.getFile(ref, join(folder, 'back'));
      expect((await readFile(join(folder, 'back'))).equals(await readFile(join(folder, 'large')))).toBe(true);
      expect(proxy.met()).toBe(6);
    });

    it('creates, swaps, reads and lists names, each once', async () => {
      proxy.inject(fault, 1, (method) => method === 'PUT');
      expect(await behind.createNamed('a/b', 'one')).toBe(true);
      expect(await behind.createNamed('a/b', 'other')).toBe(false);
      const { tag } = (await straight.readNamed('a/b'))!;
      proxy.inject(fault, 1, (method) => method === 'PUT');
      expect(await behind.swapNamed('a/b', tag, 'two')).toBe(true);
      expect(await behind.swapNamed('a/b', tag, 'three')).toBe(false);
      proxy.inject(fault, 2, (method) => method === 'GET');
      expect(new TextDecoder().decode((await behind.readNamed('a/b'))?.bytes)).toBe('two');
      proxy.inject(fault, 1, (method) => method === 'GET');
      expect(await behind.listNamed('a/')).toEqual(['a/b']);
      expect(proxy.met()).toBe(5);
    });
  });

  it('gives up in time, and says what does not answer', async () => {
    proxy.inject({ kind: 'error', status: 503, body: SLOW_DOWN }, 1_000);
    await expect(behind.put('x')).rejects.toEqual(code('store.unavailable'));
    const ref = await straight.put(randomBytes(1_000));
    await expect(behind.get(ref)).rejects.toEqual(code('store.unavailable'));
    await expect(behind.readNamed('a')).rejects.toEqual(code('store.unavailable'));
  }, 60_000);

  it('leaves nothing behind when an upload by parts fails for good', async () => {
    proxy.inject({ kind: 'error', status: 403, body: '<Error><Code>AccessDenied</Code></Error>' }, 1, (_, path) =>
      path.includes('partNumber=2'),
    );
    await expect(behind.putFile(join(folder, 'large'))).rejects.toEqual(code('store.denied'));
    const ref = await straight.putFile(join(folder, 'large'));
    expect(await straight.has(ref)).toBe(true);
  });

  it('refuses a file that changes while it travels', async () => {
    const path = join(folder, 'changing');
    await writeFile(path, randomBytes(LARGE));
    proxy.inject({ kind: 'stall' }, 1, (method, at) => method === 'POST' && at.includes('uploads'));
    const putting = behind.putFile(path);
    // Its hashes are known, its parts not yet sent: the start of the upload hangs for a second.
    await new Promise((done) => setTimeout(done, 700));
    await writeFile(path, randomBytes(LARGE));
    await expect(putting).rejects.toEqual(code('store.changed_file'));
  });

  describe('checked before a campaign', () => {
    it('is fit', async () => {
      expect(await straight.check()).toEqual([]);
      expect(await straight.listNamed('')).toEqual([]);
      const none = '<Error><Code>NoSuchLifecycleConfiguration</Code></Error>';
      proxy.inject({ kind: 'error', status: 404, body: none }, 1, (_, path) => path.includes('lifecycle'));
      expect(await behind.check()).toEqual([expect.stringContaining('AbortIncompleteMultipartUpload')]);
    });

    it('refuses a bucket that is not there', async () => {
      const store = createS3Store(server.address().replace('s3://anneal/', 's3://no-such-bucket/'));
      await expect(store.check()).rejects.toEqual(code('store.no_bucket'));
    });

    it('refuses credentials that are not accepted', async () => {
      const secret = process.env.AWS_SECRET_ACCESS_KEY;
      process.env.AWS_SECRET_ACCESS_KEY = 'wrong';
      try {
        await expect(createS3Store(server.address()).check()).rejects.toEqual(code('store.denied'));
      } finally {
        process.env.AWS_SECRET_ACCESS_KEY = secret;
      }
    });

    it('refuses a bucket that may be read but not written', async () => {
      proxy.inject(
        { kind: 'error', status: 403, body: '<Error><Code>AccessDenied</Code></Error>' },
        1,
        (m) => m === 'PUT',
      );
      await expect(behind.check()).rejects.toEqual(code('store.denied'));
    });

    it('refuses a server whose clock differs', async () => {
      proxy.skew(-40 * 60_000);
      const failure = await behind.check().catch((refusal: unknown) => refusal);
      expect(failure).toEqual(code('store.clock_skew'));
      expect(`${failure}`).toContain("the store's clock is 40 minutes behind this machine's");
    });

    it('refuses a server without conditional writes', async () => {
      proxy.inject(
        { kind: 'error', status: 501, body: '<Error><Code>NotImplemented</Code></Error>' },
        1,
        (m) => m === 'PUT',
      );
      await expect(behind.check()).rejects.toEqual(code('store.unsupported'));
    });

    it('says which server does not answer', async () => {
      const address = server.address();
      await proxy.close();
      const store = createS3Store(address.replace(server.endpoint, proxy.endpoint), { attempts: 2 });
      await expect(store.check()).rejects.toEqual(code('store.unavailable'));
      proxy = await startFaultProxy(server.endpoint);
    });
  });
});
