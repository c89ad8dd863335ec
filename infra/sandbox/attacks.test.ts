// The attack list against the sandbox as it is here, and as it is in a container, where one of two barriers is missing. (In a real pod:
// tests/k8s/containers-pods.test.ts.)
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
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

describe.each([
  ['two barriers', undefined, false],
  ['the filter alone', inContainer(), true],
])('with %s against nested name spaces', (_, bwrapPath, weakened) => {
  const sandbox = createBubblewrapSandbox(bwrapPath === undefined ? {} : { bwrapPath });

  test('says which it is', async () => {
    expect((await sandbox.describe()).includes(WEAKENED)).toBe(weakened);
  });

  test.concurrent.each(ATTACKS)('$name', async (attack) => {
    const marker = `marker-${process.pid}-${weakened}-${attack.name.replaceAll(/\W/g, '')}`;
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
