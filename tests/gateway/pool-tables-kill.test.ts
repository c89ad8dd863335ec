// Compactors that are killed between file and commit, after a commit, and at any moment, side by side: every record is taken in once.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { replicaName } from '../../contracts/segment.ts';
import { createFolderSource } from '../../gateway/segments/folder-source.ts';
import { segmentName } from '../../gateway/segments/recover.ts';
import { madeCompletion, madeSegment, madeTrajectory } from '../support/made-up-pool.ts';
import { useTables } from '../support/use-tables.ts';

const PROCESS = fileURLToPath(new URL('../support/compact-process.ts', import.meta.url));
const SEGMENTS = 8;
const used = useTables();
beforeEach(async () => {
  await mkdir(join(used.folder, 'staged'));
  for (const stream of ['completions', 'trajectories'] as const) {
    await mkdir(join(used.folder, 'gateway', stream), { recursive: true });
    for (let sequence = 1; sequence <= SEGMENTS; sequence += 1) {
      const of = [0, 1, 2].map((sample) => ({ group: sequence, sample, round: 1 + (sequence % 2) }));
      const records = of.map((one) => (stream === 'completions' ? madeCompletion(one) : madeTrajectory(one)));
      const { bytes } = madeSegment(stream, sequence, records);
      await writeFile(join(used.folder, 'gateway', stream, segmentName(sequence)), bytes);
    }
  }
});

/** What a killed one worked in lies here, until the next one begins. */
const left = async (): Promise<string[]> =>
  (await readdir(join(used.folder, 'staged'))).filter((name) => name.startsWith('anneal-pool'));
const started = (...argv: string[]) =>
  spawn(process.execPath, [PROCESS, used.folder, ...argv], {
    stdio: 'ignore',
    env: { ...process.env, TMPDIR: join(used.folder, 'staged') },
  });

async function expectWhole(): Promise<void> {
  const dir = join(used.folder, 'gateway');
  const source = createFolderSource({ dir, replica: replicaName.parse('here'), ended: true });
  const { verified, problems } = await used.verify(source);
  expect(problems).toEqual([]);
  expect(verified.map(({ records, segments }) => [records, segments.taken, segments.waiting])).toEqual([
    [3 * SEGMENTS, SEGMENTS, 0],
    [3 * SEGMENTS, SEGMENTS, 0],
  ]);
}

test.each([['written'], ['committed']])('killed when %s, and begun again, until all is taken in', async (point) => {
  for (let times = 1; times <= 3; times += 1) {
    const child = started(point, `${times}`);
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    // Its own: that of the one before is gone.
    expect(await left()).toHaveLength(1);
  }
  expect(await once(started(), 'exit')).toEqual([0, null]);
  expect(await left()).toEqual([]);
  await expectWhole();
});

test('two at a time, killed at any moment', async () => {
  for (let turn = 0; turn < 6; turn += 1) {
    const children = [started(), started()];
    const ends = children.map((child) => once(child, 'exit'));
    await sleep(150 + turn * 120);
    children[turn % 2]?.kill('SIGKILL');
    const [code] = (await ends[1 - (turn % 2)]) as [number | null];
    expect(code).toBe(0);
    await Promise.all(ends);
    if (turn === 5) continue;
    // Work for the next turn.
    const sequence = SEGMENTS + 1 + turn;
    const record = madeCompletion({ group: sequence, sample: 0, campaign: 'another' });
    const { bytes } = madeSegment('completions', sequence, [record]);
    await writeFile(join(used.folder, 'gateway', 'completions', segmentName(sequence)), bytes);
  }
  const tables = await used.open();
  for await (const row of tables.duck.objects(
    'SELECT count(*)::INTEGER AS n, count(DISTINCT id)::INTEGER AS ids FROM completions',
  ))
    expect(row).toEqual({ n: 3 * SEGMENTS + 5, ids: 3 * SEGMENTS + 5 });
}, 240_000);
