import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { AuditLog } from '../../contracts/audit.ts';
import type { Releases } from '../../contracts/ports.ts';
import type { LocalIdentity } from '../identity/local.ts';
import { BASE, exampleRelease, openReleases } from './release.fixture.ts';
import { createReleases } from './releases.ts';

const code = (wanted: string) => expect.objectContaining({ code: wanted });
let root: string;
let store: ArtifactStore;
let audit: AuditLog;
let identity: LocalIdentity;
let releases: Releases;
beforeEach(async () => {
  ({ root, store, identity, audit, releases } = await openReleases());
});
afterEach(() => rm(root, { recursive: true, force: true }));

const publish = async (...versions: number[]): Promise<void> => {
  for (const version of versions) await releases.publish(await exampleRelease(store, identity, { version }));
};
const history = async () => (await releases.current(BASE))?.history.map((entry) => `${entry.how} ${entry.policy}`);
const V = (version: number) => `quickstart.v${version}`;

it('moves back once, however often and however concurrently the same command is given', async () => {
  await publish(1, 2, 3);
  const done = await Promise.all(Array.from({ length: 5 }, () => releases.rollback(BASE)));
  done.push(await releases.rollback(BASE), await releases.rollback(BASE));
  expect(done.filter((one) => one.moved)).toHaveLength(1);
  expect(new Set(done.map((one) => one.pointer.policy))).toEqual(new Set([V(2)]));
  expect(await history()).toEqual([`release ${V(1)}`, `release ${V(2)}`, `release ${V(3)}`, `rollback ${V(2)}`]);
});

it('goes further back only to a release that is named, on record, until there is none', async () => {
  await expect(releases.rollback(BASE)).rejects.toEqual(code('release.nothing_to_roll_back'));
  await publish(1, 2, 3);
  expect(await releases.rollback(BASE, V(1))).toMatchObject({ moved: true, pointer: { policy: V(1) } });
  expect(await releases.rollback(BASE, V(1))).toMatchObject({ moved: false });
  // Nothing is before it any more: what was rolled back is not gone back to.
  for (const to of [V(2), V(3), V(9)])
    await expect(releases.rollback(BASE, to)).rejects.toEqual(code('release.nothing_to_roll_back'));
  await publish(4);
  expect(await releases.rollback(BASE)).toMatchObject({ moved: true, pointer: { policy: V(1) } });
  expect(await history()).toEqual([
    `release ${V(1)}`,
    `release ${V(2)}`,
    `release ${V(3)}`,
    `rollback ${V(1)}`,
    `release ${V(4)}`,
    `rollback ${V(1)}`,
  ]);
});

it('goes from the first release to the base model, and from there forward again', async () => {
  const first = await exampleRelease(store, identity, { version: 1 });
  await releases.publish(first);
  expect(await releases.rollback(BASE)).toMatchObject({ moved: true, pointer: { policy: null, manifest: null } });
  expect(await releases.rollback(BASE)).toMatchObject({ moved: false, pointer: { policy: null } });
  expect((await releases.current(BASE))?.policy).toBeNull();
  // The same decision does not bring it back; a new one does.
  await releases.publish(first);
  expect((await releases.current(BASE))?.policy).toBeNull();
  await publish(2);
  expect((await releases.current(BASE))?.policy).toBe(V(2));
  expect(await releases.rollback(BASE)).toMatchObject({ moved: true, pointer: { policy: null } });
});

it('undoes a later release too, not only the first', async () => {
  await publish(1, 2);
  await releases.rollback(BASE);
  await publish(3);
  expect(await releases.rollback(BASE)).toMatchObject({ moved: true, pointer: { policy: V(1) } });
});

it.each(['before', 'after'] as const)(
  'survives a SIGKILL just %s the swap: the next try ends at the same',
  async (when) => {
    await publish(1, 2, 3);
    const here = (file: string) => JSON.stringify(join(import.meta.dirname, '..', file));
    const dies = `
    import { createLocalIdentity } from ${here('identity/local.ts')};
    import { createAuditLog } from ${here('audit/log.ts')};
    import { createWitness } from ${here('audit/witness.ts')};
    import { createReleases } from ${here('releases/releases.ts')};
    import { createFolderStore } from ${here('store/folder.ts')};
    const store = createFolderStore(${JSON.stringify(join(root, 'store'))});
    const swapNamed = async (...args) => {
      if (${when === 'after'}) await store.swapNamed(...args);
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => setInterval(() => {}, 1000));
    };
    const identity = createLocalIdentity(${JSON.stringify(join(root, 'keys'))});
    const audit = createAuditLog(store, identity, createWitness(${JSON.stringify(join(root, 'audit-head.json'))}));
    await createReleases({ ...store, swapNamed }, identity, audit).rollback(${JSON.stringify(BASE)});
  `;
    const died = promisify(execFile)(process.execPath, ['--input-type=module', '-e', dies]);
    await expect(died).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(await releases.rollback(BASE)).toMatchObject({ moved: when === 'before', pointer: { policy: V(2) } });
    expect(await history()).toEqual([`release ${V(1)}`, `release ${V(2)}`, `release ${V(3)}`, `rollback ${V(2)}`]);
  },
);

it.each([
  ['release', () => publish(4), V(4)],
  ['rollback', () => releases.rollback(BASE, V(1)), V(1)],
] as const)('says so when another %s came between, and leaves it', async (_, meanwhile, stays) => {
  await publish(1, 2, 3);
  const slow: ArtifactStore = {
    ...store,
    async swapNamed(...args) {
      await meanwhile();
      return store.swapNamed(...args);
    },
  };
  await expect(createReleases(slow, identity, audit).rollback(BASE)).rejects.toEqual(code('release.conflict'));
  expect((await releases.current(BASE))?.policy).toBe(stays);
});
