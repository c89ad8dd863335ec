import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockFolder } from './lock.ts';
import { diskIo, type LogOptions, openLog, type SegmentIo, type SegmentLog } from './log.ts';

let dir: string;
let logged: string[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'anneal-segments-'));
  logged = [];
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function reopen(options: Partial<LogOptions> = {}): Promise<{ log: SegmentLog; found: string[] }> {
  const found: string[] = [];
  const all = {
    dir,
    segmentBytes: 1 << 20,
    fsyncIntervalMs: 0,
    log: (line: string) => void logged.push(line),
    ...options,
  };
  return { log: await openLog(all, { record: (json) => void found.push(json) }), found };
}
const path = (segment: number): string => join(dir, `seg-0000000${segment}.log`);

test('records are read back by place, and found again in order', async () => {
  const { log } = await reopen({ segmentBytes: 64 });
  const texts = Array.from({ length: 20 }, (_, n) => JSON.stringify({ n, text: 'ü' }));
  const places = [];
  for (const text of texts) places.push(await log.append(text));
  expect(await Promise.all(places.map((at) => log.read(at)))).toEqual(texts);
  expect(log.stats().segments).toBeGreaterThan(3);
  await log.close();
  const again = await reopen();
  expect(again.found).toEqual(texts);
  await again.log.close();
});

test('records that arrive during an fsync share the next one', async () => {
  let running = 0;
  const io: SegmentIo = {
    write: diskIo.write,
    async sync(file) {
      running += 1;
      expect(running).toBe(1);
      await sleep(10);
      await diskIo.sync(file);
      running -= 1;
    },
  };
  const { log } = await reopen({ io });
  await Promise.all(Array.from({ length: 100 }, (_, n) => log.append(String(n))));
  expect(log.stats().fsyncs).toBeLessThanOrEqual(2);
  await log.close();
});

test('nothing is acknowledged before its fsync', async () => {
  const gate = Promise.withResolvers<void>();
  let syncs = 0;
  const io: SegmentIo = {
    write: diskIo.write,
    sync: async (file) => (syncs++ > 0 ? await gate.promise : await diskIo.sync(file)),
  };
  const { log } = await reopen({ io });
  let done = false;
  const appended = log.append('1').then(() => (done = true));
  await sleep(50);
  expect(done).toBe(false);
  expect((await readFile(path(1), 'utf8')).length).toBeGreaterThan(0);
  gate.resolve();
  await appended;
  await log.close();
});

describe('a failing disk', () => {
  const no = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });

  test.each(['write', 'sync'] as const)('%s: the record is refused and leaves no trace', async (where) => {
    let fail = false;
    const io: SegmentIo = {
      async write(file, bytes, position) {
        // A full disk takes a part of what it is given.
        if (fail && where === 'write') {
          await diskIo.write(file, bytes.subarray(0, bytes.length >> 1), position);
          throw no('ENOSPC');
        }
        await diskIo.write(file, bytes, position);
      },
      async sync(file) {
        if (fail && where === 'sync') throw no('EIO');
        await diskIo.sync(file);
      },
    };
    const { log } = await reopen({ io });
    await log.append('"before"');
    fail = true;
    const code = where === 'write' ? 'store.no_space' : 'store.unavailable';
    await expect(log.append('"lost"')).rejects.toMatchObject({ code });
    await expect(log.append('"lost too"')).rejects.toMatchObject({ code });
    fail = false;
    const at = await log.append('"after"');
    // A file whose fsync failed is not written to again.
    expect(at.segment).toBe(where === 'sync' ? 2 : 1);
    expect(await log.read(at)).toBe('"after"');
    await log.close();
    const again = await reopen();
    expect(again.found).toEqual(['"before"', '"after"']);
    await again.log.close();
  });
});

describe('what a crash or a bad disk leaves', () => {
  test('a tail torn at any byte is cut off, and writing goes on', async () => {
    const first = await reopen();
    await first.log.append('"kept"');
    const torn = JSON.stringify('torn'.repeat(20));
    await first.log.append(torn);
    await first.log.close();
    const whole = await readFile(path(1));
    const kept = whole.indexOf('\n') + 1;
    for (let cut = kept + 1; cut < whole.length; cut += 1) {
      await writeFile(path(1), whole);
      await truncate(path(1), cut);
      logged = [];
      const opened = await reopen();
      expect(logged).toHaveLength(1);
      const rest = cut === whole.length - 1 ? [torn] : [];
      expect(opened.found).toEqual(['"kept"', ...rest]);
      await opened.log.append('"new"');
      await opened.log.close();
      const again = await reopen();
      expect(again.found).toEqual(['"kept"', ...rest, '"new"']);
      await again.log.close();
    }
  });

  test('damage is named by file and offset, and nothing is changed', async () => {
    const { log } = await reopen();
    for (const text of ['"one"', '"two"', '"three"']) await log.append(text);
    await log.close();
    const bytes = await readFile(path(1));
    const second = bytes.indexOf('\n') + 1;
    bytes[second + 12] = bytes[second + 12]! ^ 1;
    await writeFile(path(1), bytes);
    const failure = {
      code: 'gateway.segment_corrupt',
      message: expect.stringContaining(`${path(1)} is damaged at byte ${second}`),
    };
    await expect(reopen()).rejects.toMatchObject(failure);
    expect(await readFile(path(1))).toEqual(bytes);
  });

  test('a segment cut short that is not the last one, or is missing, is damage', async () => {
    const { log } = await reopen({ segmentBytes: 1 });
    for (const text of ['"one"', '"two"', '"three"']) await log.append(text);
    await log.close();
    await truncate(path(2), (await stat(path(2))).size - 3);
    await expect(reopen()).rejects.toMatchObject({ message: expect.stringContaining(path(2)) });
    await rm(path(2));
    await expect(reopen()).rejects.toMatchObject({ message: expect.stringContaining('missing') });
  });
});

describe('the lock', () => {
  test('keeps a second writer out until it is given back', async () => {
    const unlock = await lockFolder(dir, () => undefined);
    await expect(lockFolder(dir, () => undefined)).rejects.toMatchObject({ code: 'stack.start_failed' });
    await unlock();
    await (await lockFolder(dir, () => undefined))();
    expect(await readdir(dir)).toEqual([]);
  });

  test('of a killed process is taken over, by exactly one of many', async () => {
    const script = `import { lockFolder } from './gateway/segments/lock.ts';
      await lockFolder(${JSON.stringify(dir)}, () => undefined);
      process.stdout.write('locked');
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const refused = { code: 'stack.start_failed', message: expect.stringContaining(`process ${child.pid};`) };
    await expect(lockFolder(dir, () => undefined)).rejects.toMatchObject(refused);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lines: string[] = [];
    const taken = await Promise.allSettled(
      Array.from({ length: 8 }, () => lockFolder(dir, (line) => lines.push(line))),
    );
    expect(taken.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(lines).toEqual([expect.stringContaining(`process ${child.pid} left`)]);
    for (const one of taken) if (one.status === 'fulfilled') await one.value();
  });

  test('is the folder’s, whatever its path', async () => {
    const link = `${dir}.link`;
    await symlink(dir, link);
    const unlock = await lockFolder(link, () => undefined);
    await expect(lockFolder(dir, () => undefined)).rejects.toMatchObject({ code: 'stack.start_failed' });
    await unlock();
    await rm(link);
  });
});
