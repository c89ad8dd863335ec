// The attack list against the sandbox as it is here, as it is in a container, where one of two barriers is missing, and on a root file system
// of a task's own. (In a real pod: tests/k8s/containers-pods.test.ts.)
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import { rootFileSystem } from '../../tests/support/root-file-system.ts';
import { createEnvironments } from '../environments/environments.ts';
import { createFolderStore } from '../store/folder.ts';
import { ATTACKS, FOREIGN_CALL, holesIn, requestOf } from './attacks.fixture.ts';
import { createBubblewrapSandbox, WEAKENED } from './bubblewrap.ts';

// Generous: a loaded machine must not fail a test; the limits under test are the sandbox's own.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), 'anneal-attacks-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** Whom nothing keeps from it but the sandbox. */
const canary = join(folder, 'canary');
chmodSync(folder, 0o777);
writeFileSync(canary, 'of the host');
chmodSync(canary, 0o666);

/** Bubblewrap as it is where /proc/sys is read-only. */
function inContainer(): string {
  const path = join(folder, 'bwrap');
  const trouble = 'bwrap: cannot open /proc/sys/user/max_user_namespaces: Read-only file system';
  const script = `for arg; do [ "$arg" = --disable-userns ] && { echo "${trouble}" >&2; exit 1; }; done; exec /usr/bin/bwrap "$@"`;
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

/** Of a task's own, unpacked where the canary lies. */
let environment: ArtifactRef;
const environments = createEnvironments(join(folder, 'environments'), createFolderStore(join(folder, 'store')));
beforeAll(async () => {
  environment = await createFolderStore(join(folder, 'store')).put(await rootFileSystem());
});

describe.each<[string, string | undefined, boolean, { alone?: boolean; elsewhere?: boolean }]>([
  ['two barriers', undefined, false, {}],
  ['two barriers, alone,', undefined, false, { alone: true }],
  ['the filter alone', inContainer(), true, {}],
  ['two barriers, on another root,', undefined, false, { elsewhere: true }],
])('with %s against nested name spaces', (_, bwrapPath, weakened, { alone = false, elsewhere = false }) => {
  const machine = createBubblewrapSandbox({ rootOf: environments.folderOf, ...(bwrapPath && { bwrapPath }) });
  const sandbox: Sandbox = {
    ...machine,
    run: (request) => machine.run({ ...request, alone, ...(elsewhere && { root: environment }) }),
  };

  test('says which it is', async () => {
    expect((await sandbox.describe()).includes(WEAKENED)).toBe(weakened);
  });

  test.concurrent.each(ATTACKS)('$name', async (attack) => {
    const marker = `marker-${process.pid}-${weakened}-${alone}-${elsewhere}-${attack.name.replaceAll(/\W/g, '')}`;
    const result = await sandbox.run(requestOf(attack, marker, canary));
    expect(holesIn(attack, result)).toEqual([]);
    expect(processesWith(marker)).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.includes(marker))).toEqual([]);
    expect(readFileSync(canary, 'utf8')).toBe('of the host');
  });

  test('the 32-bit and x32 system call tables end the program', async () => {
    expect(await sandbox.run(FOREIGN_CALL)).toMatchObject({ how: 'signalled', stdout: '' });
  });
});

/** Processes anywhere on the machine whose command line holds the marker; a fork keeps its parent's. */
function processesWith(marker: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(marker);
    } catch {
      return false;
    }
  });
}
