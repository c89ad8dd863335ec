// A node that begins with the images of an archive: nothing is imported, and no node sees what another one's containers wrote.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostPrograms } from '../../k8s/testbed/host-files.ts';
import { buildImages } from '../../k8s/testbed/images.ts';
import { loadImages } from '../../k8s/testbed/node.ts';
import { findNodePrograms } from '../../k8s/testbed/node-programs.ts';
import { startTestbed, type Testbed } from '../../k8s/testbed/testbed.ts';
import { beginWith, ensureUnpacked, snapshotterAt } from '../../k8s/testbed/unpacked-images.ts';
import { isBuilt } from '../support/cluster.ts';

const PODS = '/api/v1/namespaces/default/pods';
const canRun = process.getuid?.() === 0 && isBuilt(['kubelet']) && (await snapshotterAt(tmpdir())) === 'overlayfs';

describe.skipIf(!canRun)('a node that begins with images', () => {
  let dir: string;
  let tar: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-images-'));
    tar = await archive('one', 'as it was made');
  }, 60_000);
  afterAll(() => rm(dir, { recursive: true, force: true }), 60_000);

  const archive = async (name: string, said: string): Promise<string> =>
    buildImages(join(dir, 'images', 'said.tar'), [
      {
        name: `anneal.testbed/${name}:1`,
        rootfs: [await hostPrograms(['/bin/sh', '/bin/cat'])],
        files: { '/said': said },
        entrypoint: ['/bin/sh', '-c'],
      },
    ]);

  /** What a container says that runs this in the image. */
  async function said(on: Testbed, image: string, script: string): Promise<string> {
    const name = `says-${image}`;
    await on.api.call('POST', PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'main',
            image: `anneal.testbed/${image}:1`,
            imagePullPolicy: 'Never',
            command: ['/bin/sh', '-c', script],
          },
        ],
      },
    });
    const phase = async () => (await on.api.call<{ status: { phase: string } }>('GET', `${PODS}/${name}`)).status.phase;
    await expect.poll(phase, { timeout: 60_000, interval: 200 }).toBe('Succeeded');
    return (await on.api.send('GET', `${PODS}/${name}/log`)).text;
  }

  it('runs them at once, and nothing that a container writes is in what nodes share', async () => {
    const on = await startTestbed({ dir: join(dir, 'node'), parts: ['kubelet'], images: tar });
    try {
      expect(await said(on, 'one', 'cat /said; echo changed > /said; cat /said')).toBe('as it was madechanged\n');
      const folder = join(dir, 'images');
      expect((await readdir(folder)).sort()).toEqual(['said.tar', 'unpacked-said']);
      const shared = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('/fs/said'));
      expect(await Promise.all(shared.map((path) => readFile(join(folder, path), 'utf8')))).toEqual(['as it was made']);
      // Known by what it is, not by its name.
      await archive('two', 'another one');
      await loadImages(on, tar);
      expect(await said(on, 'two', 'cat /said')).toBe('another one');
    } finally {
      await on.stop();
    }
  }, 180_000);

  it('begins without what cannot be unpacked, and who needs it hears why', async () => {
    const broken = join(dir, 'broken.tar');
    await writeFile(broken, 'no archive');
    const root = join(dir, 'root');
    await mkdir(root);
    const programs = findNodePrograms()!;
    for (const useless of [broken, join(dir, 'gone.tar')]) await beginWith(root, useless, programs);
    expect([await readdir(root), (await readdir(dir)).filter((name) => /begun|unpacked/.test(name))]).toEqual([[], []]);
    await expect(ensureUnpacked(broken, programs)).rejects.toMatchObject({ code: 'testbed.image_failed' });
  }, 60_000);
});
