// What every artifact store must do, whichever adapter: run it against each (artifact-store.folder.test.ts …).
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';

export interface StoreUnderTest {
  readonly store: ArtifactStore;
  /** How another process opens the same store: `(await import(module))[factory](argument)`. */
  readonly elsewhere: { readonly module: string; readonly factory: string; readonly argument: string };
  /** Overwrites an object's stored bytes, as decay or an attacker would. */
  damage(ref: ArtifactRef, bytes: Uint8Array): Promise<void>;
  /** What moving a file of any size may add to a process, MiB. */
  readonly memoryMiB: number;
  close?(): Promise<void>;
}

const PROCESS = fileURLToPath(new URL('./store-process.ts', import.meta.url));
const utf8 = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const code = (wanted: string) => expect.objectContaining({ code: wanted });

/** @param makeStore opens an empty store for each call */
export function artifactStoreConformance(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`artifact store: ${name}`, () => {
    let under: StoreUnderTest;
    let store: ArtifactStore;
    let folder: string;
    beforeAll(async () => {
      under = await makeStore();
      store = under.store;
      folder = await mkdtemp(join(tmpdir(), 'anneal-store-'));
    });
    afterAll(async () => {
      await under.close?.();
      await rm(folder, { recursive: true, force: true });
    });

    describe('objects', () => {
      it('gives back any bytes, under their hash', async () => {
        await fc.assert(
          fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), async (bytes) => {
            const ref = await store.put(bytes);
            const hash = createHash('sha256').update(bytes).digest('hex');
            expect(ref).toEqual({
              uri: `store:objects/${hash.slice(0, 2)}/${hash}`,
              sha256: hash,
              bytes: bytes.byteLength,
            });
            expect(Buffer.from(await store.get(ref)).equals(bytes)).toBe(true);
            expect(await store.has(ref)).toBe(true);
          }),
          { numRuns: 30 },
        );
      });

      it('takes text as UTF-8, and the same content twice as one object', async () => {
        const ref = await store.put('naïve ☃');
        expect(utf8(await store.get(ref))).toBe('naïve ☃');
        expect(await store.put(new TextEncoder().encode('naïve ☃'))).toEqual(ref);
      });

      it('takes the same content from many callers at once', async () => {
        const bytes = randomBytes(300_000);
        const refs = await Promise.all(Array.from({ length: 12 }, () => store.put(bytes)));
        expect(new Set(refs.map((ref) => ref.sha256)).size).toBe(1);
        expect(Buffer.from(await store.get(refs[0]!)).equals(bytes)).toBe(true);
      });

      it('shows an object whole or not at all while it is written', async () => {
        const bytes = randomBytes(48 << 20);
        const sha256 = createHash('sha256').update(bytes).digest('hex') as ArtifactRef['sha256'];
        const ref = { uri: `store:objects/${sha256.slice(0, 2)}/${sha256}`, sha256, bytes: bytes.length };
        let written = false;
        const writing = store.put(bytes).then(() => {
          written = true;
        });
        while (!written) {
          const seen = await store.get(ref).then(
            () => 'whole',
            (failure: { code?: string }) => failure.code,
          );
          expect(['whole', 'store.not_found']).toContain(seen);
        }
        await writing;
      });

      it('moves files in and out whole', async () => {
        const source = join(folder, 'in');
        const target = join(folder, 'deep', 'er', 'out');
        await writeFile(source, randomBytes(3_000_001));
        const ref = await store.putFile(source);
        expect(ref.bytes).toBe(3_000_001);
        await store.getFile(ref, target);
        expect((await readFile(target)).equals(await readFile(source))).toBe(true);
        expect(await readdir(join(folder, 'deep', 'er'))).toEqual(['out']);
      });

      it('moves large files in bounded memory', async () => {
        const source = join(folder, 'large');
        await writeFile(source, Buffer.alloc(192 << 20, 7));
        const [, line = ''] = await output(start(under, 'stream', source, join(folder, 'large-out')));
        const [before = 0, after = 0] = line.split(' ').map(Number);
        expect((after - before) >> 10).toBeLessThan(under.memoryMiB);
        expect(before).toBeGreaterThan(0);
      });

      it('says what is missing', async () => {
        const ref = await absent();
        expect(await store.has(ref)).toBe(false);
        await expect(store.get(ref)).rejects.toEqual(code('store.not_found'));
        await expect(store.getFile(ref, join(folder, 'no'))).rejects.toEqual(code('store.not_found'));
        await expect(store.putFile(join(folder, 'no such file'))).rejects.toEqual(code('store.not_found'));
        expect(await readdir(folder)).not.toContain('no');
      });

      it('refuses every damaged object, hands nothing out, and heals when it gets the bytes again', async () => {
        const bytes = randomBytes(4_096);
        const ref = await store.put(bytes);
        const target = join(folder, 'damaged');
        const flipped = Uint8Array.from(bytes);
        flipped[1_234] = flipped[1_234]! ^ 0x10;
        for (const damaged of [flipped, bytes.subarray(0, 4_095), Buffer.concat([bytes, Buffer.of(0)]), Buffer.of()]) {
          await under.damage(ref, damaged);
          await expect(store.get(ref)).rejects.toEqual(code('store.corrupt_object'));
          await writeFile(target, 'what stood there before');
          await expect(store.getFile(ref, target)).rejects.toEqual(code('store.corrupt_object'));
          expect(await readFile(target, 'utf8')).toBe('what stood there before');
        }
        await store.put(bytes);
        expect(Buffer.from(await store.get(ref)).equals(bytes)).toBe(true);
      });

      it('refuses references that contradict themselves or lead elsewhere', async () => {
        const ref = await store.put('content');
        const other = await store.put('other');
        const bad: ArtifactRef[] = [
          { ...ref, uri: other.uri },
          { ...ref, uri: 'store:objects/../../etc/passwd' },
          { ...ref, uri: `file:///etc/passwd` },
          { ...ref, sha256: '../../../../etc/passwd' as ArtifactRef['sha256'] },
          { ...ref, bytes: ref.bytes + 1 },
        ];
        for (const one of bad) await expect(store.get(one)).rejects.toEqual(code('store.corrupt_object'));
      });
    });

    describe('names', () => {
      it('creates once, reads, and swaps only on the current tag', async () => {
        const key = fresh();
        expect(await store.readNamed(key)).toBeUndefined();
        expect(await store.createNamed(key, 'one')).toBe(true);
        expect(await store.createNamed(key, 'two')).toBe(false);
        const first = await store.readNamed(key);
        expect(utf8(first?.bytes)).toBe('one');
        expect(await store.swapNamed(key, null, 'three')).toBe(false);
        expect(await store.swapNamed(key, 'no tag', 'three')).toBe(false);
        expect(await store.swapNamed(key, first!.tag, 'three')).toBe(true);
        expect(await store.swapNamed(key, first!.tag, 'four')).toBe(false);
        expect(utf8((await store.readNamed(key))?.bytes)).toBe('three');
        expect(await store.swapNamed(fresh(), first!.tag, 'five')).toBe(false);
      });

      it('tells an old content from a new equal one (no ABA)', async () => {
        const key = fresh();
        await store.createNamed(key, 'A');
        const old = (await store.readNamed(key))!.tag;
        await store.swapNamed(key, old, 'B');
        await store.swapNamed(key, (await store.readNamed(key))!.tag, 'A');
        expect(await store.swapNamed(key, old, 'C')).toBe(false);
        expect(utf8((await store.readNamed(key))?.bytes)).toBe('A');
      });

      it('keeps swapping for long, with stale tags refused all along', async () => {
        const key = fresh();
        const tags: string[] = [];
        for (let count = 0; count < 50; count += 1) {
          const tag = (await store.readNamed(key))?.tag;
          if (tag !== undefined) tags.push(tag);
          expect(await store.swapNamed(key, tag ?? null, `${count}`)).toBe(true);
        }
        for (const tag of tags) expect(await store.swapNamed(key, tag, 'stale')).toBe(false);
        expect(utf8((await store.readNamed(key))?.bytes)).toBe('49');
      });

      it('holds empty and binary contents', async () => {
        for (const bytes of [new Uint8Array(), Uint8Array.of(0, 255, 10, 13)]) {
          const key = fresh();
          await store.createNamed(key, bytes);
          expect(Buffer.from((await store.readNamed(key))!.bytes).equals(bytes)).toBe(true);
        }
      });

      it('lists names by prefix, sorted; a name may stand below another', async () => {
        const base = fresh();
        for (const part of ['b', 'a', 'a/x', 'ab', 'c.d']) await store.createNamed(`${base}/${part}`, part);
        expect(await store.listNamed(`${base}/`)).toEqual(['a', 'a/x', 'ab', 'b', 'c.d'].map((p) => `${base}/${p}`));
        expect(await store.listNamed(`${base}/a`)).toEqual(['a', 'a/x', 'ab'].map((p) => `${base}/${p}`));
        expect(await store.listNamed(`${base}/none/`)).toEqual([]);
        expect(await store.listNamed('')).toContain(`${base}/b`);
      });

      it('refuses names that could lead out of the store', async () => {
        const bad = [
          '',
          '/',
          '/etc/passwd',
          '..',
          '../x',
          'a/../b',
          'a//b',
          'a/',
          './a',
          '.hidden',
          'a\0b',
          'a\\b',
          '@1',
          'a b',
          'ä',
          'x'.repeat(600),
        ];
        for (const key of bad) {
          await expect(store.readNamed(key), key).rejects.toEqual(code('internal.bug'));
          await expect(store.createNamed(key, ''), key).rejects.toEqual(code('internal.bug'));
          await expect(store.swapNamed(key, null, ''), key).rejects.toEqual(code('internal.bug'));
        }
        expect(await store.listNamed('../')).toEqual([]);
        expect(await store.listNamed('/')).toEqual([]);
      });

      it('lets one of many processes create a name', async () => {
        const key = fresh();
        const racers = Array.from({ length: 6 }, (_, index) => output(start(under, 'create', key, `p${index}`)));
        const winners = (await Promise.all(racers)).flat().filter((line) => line !== 'ready');
        expect(winners).toHaveLength(1);
        expect(utf8((await store.readNamed(key))?.bytes)).toBe(winners[0]);
      });

      it('loses no acknowledged swap and does none twice, though processes are killed all the time', async () => {
        const key = fresh();
        const acknowledged: string[] = [];
        let unfinished = 0;
        const lane = async (lane: number): Promise<void> => {
          for (let life = 0; life < 4; life += 1) {
            const last = life === 3;
            const child = start(under, 'swap', key, `l${lane}.${life}`, last ? '5' : '1000');
            // Killed after a few acknowledged swaps, at no particular point of the next one.
            const after = 1 + ((lane * 7 + life * 3) % 5);
            let seen = 0;
            const lines = await output(child, () => {
              seen += 1;
              if (!last && seen === after) setTimeout(() => child.kill('SIGKILL'), (lane * 3 + life * 5) % 11);
            });
            if (!last) unfinished += 1;
            acknowledged.push(...lines.filter((line) => line !== 'ready'));
          }
        };
        await Promise.all([0, 1, 2, 3, 4].map(lane));
        const final = JSON.parse(utf8((await store.readNamed(key))?.bytes)) as string[];
        expect(new Set(final).size).toBe(final.length);
        expect(acknowledged.filter((one) => !final.includes(one))).toEqual([]);
        // A process killed between its swap and its word leaves at most that one swap unacknowledged.
        expect(final.length - acknowledged.length).toBeLessThanOrEqual(unfinished);
        expect(acknowledged.length).toBeGreaterThanOrEqual(25);
      }, 60_000);
    });

    it('never shows a torn object, whenever its writer is killed', async () => {
      for (let life = 0; life < 6; life += 1) {
        const child = start(under, 'put', String(4 << 20), '100', `k${life}`);
        let seen = 0;
        const lines = await output(child, () => {
          seen += 1;
          if (seen === 3) setTimeout(() => child.kill('SIGKILL'), life * 4);
        });
        for (const line of lines.slice(1)) await store.get(JSON.parse(line) as ArtifactRef);
        // Whatever the killed one was writing can be written by another.
        const next = new Uint8Array(4 << 20).fill(lines.length - 1);
        next.set(new TextEncoder().encode(`k${life}-${lines.length - 1}`));
        expect(Buffer.from(await store.get(await store.put(next))).equals(next)).toBe(true);
      }
    }, 60_000);

    async function absent(): Promise<ArtifactRef> {
      const ref = await store.put('present');
      const sha256 = createHash('sha256').update(randomBytes(16)).digest('hex') as ArtifactRef['sha256'];
      return { ...ref, sha256, uri: `store:objects/${sha256.slice(0, 2)}/${sha256}` };
    }
  });
}

const fresh = (): string => `test/${randomBytes(6).toString('hex')}`;

function start(under: StoreUnderTest, ...args: string[]): ChildProcess {
  const { module, factory, argument } = under.elsewhere;
  return spawn(process.execPath, [PROCESS, module, factory, argument, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Complete lines that the process printed before its end. */
function output(child: ChildProcess, onLine: (line: string) => void = () => {}): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    let rest = '';
    child.on('error', reject);
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        onLine(line);
      }
    });
    child.on('close', (exit, signal) => {
      if (exit === 0 || signal === 'SIGKILL') resolve(lines);
      else reject(new Error(`store process ended with ${exit ?? signal}`));
    });
  });
}
