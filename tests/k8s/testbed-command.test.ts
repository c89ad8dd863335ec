// `npm run testbed -- up|down|status`, as a developer types it: what it starts stays after the command, and is gone after `down`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTimeOf } from '../../infra/process/identity.ts';
import type { ComponentStatus } from '../../k8s/testbed/status.ts';
import { isBuilt } from '../support/cluster.ts';

const MAIN = join(import.meta.dirname, '../../k8s/testbed/main.ts');
const COMPONENTS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

describe.skipIf(!isBuilt([]))('npm run testbed', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-testbed-command-'));
  });
  afterAll(async () => {
    testbed('down');
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  function testbed(...argv: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...argv, '--dir', dir], { encoding: 'utf8' });
    return { code: status, stdout, stderr };
  }
  const lives = (pid: number): boolean => startTimeOf(pid) !== undefined;
  const components = () =>
    (JSON.parse(testbed('status', '--json').stdout) as ComponentStatus[]).map(({ name, pid, state }) => ({
      name,
      pid,
      state,
    }));

  test('says what it takes, and what of that was wrong', () => {
    expect(testbed('upp')).toMatchObject({ code: 2, stderr: expect.stringMatching(/no command upp\n.*up .*down/s) });
    const wrong = testbed('up', '--parts', 'control-plane,kubeletd');
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('no part kubeletd; there are control-plane'),
    ]);
    expect(existsSync(join(dir, 'run'))).toBe(false);
  });

  test('up, status, up again, down', { timeout: 180_000 }, () => {
    expect(testbed('status')).toMatchObject({ code: 0, stdout: expect.stringContaining('not running') });
    const up = testbed('up', '--parts', 'control-plane');
    expect([up.code, up.stdout], up.stderr).toEqual([0, expect.stringContaining(`export KUBECONFIG=${dir}`)]);
    const before = components();
    expect(before.map(({ name }) => name)).toEqual(expect.arrayContaining(COMPONENTS));
    expect(before.filter(({ pid }) => !lives(pid))).toEqual([]);
    // What runs is left alone.
    expect(testbed('up', '--parts', 'control-plane').code).toBe(0);
    expect(components()).toEqual(before);
    const down = testbed('down');
    expect([down.code, down.stdout]).toEqual([0, expect.stringMatching(/^\d+ processes ended/)]);
    expect(before.filter(({ pid }) => lives(pid))).toEqual([]);
    expect(existsSync(join(dir, 'run'))).toBe(false);
    expect(testbed('down').stdout).toContain('nothing was running');
  });
});
