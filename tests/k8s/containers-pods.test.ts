// The images that the testbed makes of local files, in a real kubelet, as the chart starts them: as user 1000, on a read-only root,
// without capabilities. (Trainer and policy server: tests/k8s/trainer-pod.test.ts. Worker and gateway at work: helm-install.test.ts.)
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SandboxResult } from '../../contracts/ports.ts';
import { loadConfig } from '../../infra/config.ts';
import { ATTACKS, FOREIGN_CALL, holesIn, requestOf } from '../../infra/sandbox/attacks.fixture.ts';
import { WEAKENED } from '../../infra/sandbox/bubblewrap.ts';
import { ensureAnnealImages, GATEWAY_IMAGE, WORKER_IMAGE } from '../../k8s/testbed/anneal-image.ts';
import { loadImages } from '../../k8s/testbed/node.ts';
import { nodeFolder } from '../../k8s/testbed/node-space.ts';
import { CACHE } from '../../k8s/testbed/paths.ts';
import type { Testbed } from '../../k8s/testbed/testbed.ts';
import { isBuilt, shareTestbed } from '../support/cluster.ts';

const canRun = process.getuid?.() === 0 && isBuilt(['kubelet']);
const PODS = '/api/v1/namespaces/default/pods';
const DEFAULT = { type: 'RuntimeDefault' };
const OWN = { type: 'Localhost', localhostProfile: 'anneal-worker.json' };

interface Pod {
  readonly status: {
    readonly containerStatuses?: readonly { readonly state: { readonly terminated?: { readonly exitCode: number } } }[];
  };
}

describe.skipIf(!canRun)('images from local files', () => {
  let dir: string;
  let testbed: Testbed;
  let count = 0;
  /** As a build that was killed leaves it. */
  let left: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-images-'));
    const { repo } = loadConfig();
    left = join(CACHE, 'images/stage.999999999-1-AbC123');
    await mkdir(left, { recursive: true });
    const images = await ensureAnnealImages(repo);
    testbed = await shareTestbed('node', ['kubelet']);
    await loadImages(testbed, images);
    // Where a node keeps profiles of its own.
    const profiles = join(nodeFolder(testbed.layout), 'kubelet/seccomp');
    await mkdir(profiles, { recursive: true });
    await copyFile(join(repo, 'infra/containers/worker/seccomp.json'), join(profiles, OWN.localhostProfile));
  }, 600_000);
  afterAll(async () => {
    await testbed?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 120_000);

  it.each([
    ['worker', WORKER_IMAGE],
    ['gateway', GATEWAY_IMAGE],
  ])(
    'the %s starts, and says what it was not told',
    async (_, image) => {
      const { exitCode, log } = await run(image, [], DEFAULT);
      expect(log).toContain("code: 'stack.not_running'");
      expect(exitCode).toBe(1);
    },
    120_000,
  );

  it('take away what a killed build has left', () => expect(existsSync(left)).toBe(false));

  it('the worker has the bundle of its own workflows', async () => {
    const script = `const { workflowBundle } = await import('/opt/anneal/dist/worker/bundle.js');
      console.log(JSON.stringify(await workflowBundle()));`;
    const { exitCode, log } = await run(WORKER_IMAGE, node(script), DEFAULT, { ANNEAL_HOME: '/opt/anneal/home' });
    // On a read-only root it could not have made one.
    expect(log).toContain('/opt/anneal/home/cache/workflows/');
    expect(exitCode).toBe(0);
  }, 120_000);

  describe("the sandbox's name spaces, in a pod of the worker", () => {
    const kinds = ['user', 'ipc', 'pid', 'net', 'uts', 'cgroup'].map((kind) => `--unshare-${kind}`);
    const binds = ['/usr', '/lib', '/lib64'].flatMap((path) => ['--ro-bind-try', path, path]);
    const script = `const { spawnSync } = await import('node:child_process');
      const args = ${JSON.stringify([...kinds, ...binds, '--dev', '/dev', '/usr/bin/python3', '-c', 'print(6 * 7)'])};
      const { stdout, stderr, status } = spawnSync('/usr/bin/bwrap', args, { encoding: 'utf8' });
      console.log(status, stdout, stderr);`;

    it("are refused by the runtime's seccomp profile", async () => {
      expect((await run(WORKER_IMAGE, node(script), DEFAULT)).log).toContain('No permissions to create new namespace');
    }, 120_000);

    it('are made under infra/containers/worker/seccomp.json, which keeps what they do not need shut', async () => {
      expect((await run(WORKER_IMAGE, node(script), OWN)).log).toMatch(/^0 42\n/);
      // keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0), a call that it denies.
      const keyctl =
        'import ctypes, os; c = ctypes.CDLL(None, use_errno=True); print(c.syscall(250, 0, -3, 0), ctypes.get_errno())';
      const shut = `const { spawnSync } = await import('node:child_process');
        console.log(spawnSync('/usr/bin/python3', ['-c', ${JSON.stringify(keyctl)}], { encoding: 'utf8' }).stdout);`;
      expect((await run(WORKER_IMAGE, node(shut), OWN)).log).toMatch(/^-1 1\n/);
    }, 120_000);
  });

  describe('the sandbox, in a pod of the worker under infra/containers/worker/seccomp.json', () => {
    it('holds against the attack list, by one barrier of two against nested name spaces, which it says', async () => {
      const requests = [
        ...ATTACKS.map((attack, index) => ({
          marker: `marker-${index}`,
          request: requestOf(attack, `marker-${index}`),
        })),
        { marker: 'nobody', request: FOREIGN_CALL },
      ];
      // What is left of an attack would be a process of this pod.
      const script = `const { readFileSync, readdirSync } = await import('node:fs');
        const { createBubblewrapSandbox } = await import('/opt/anneal/dist/infra/sandbox/bubblewrap.js');
        const sandbox = createBubblewrapSandbox();
        const say = (what) => console.log(JSON.stringify(what));
        const command = (pid) => { try { return readFileSync('/proc/' + pid + '/cmdline', 'utf8'); } catch { return ''; } };
        say(await sandbox.describe());
        for (const { marker, request } of ${JSON.stringify(requests)}) {
          const result = await sandbox.run(request);
          const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid);
          say({ result, left: pids.filter((pid) => command(pid).includes(marker)) });
        }`;
      const { log, exitCode } = await run(WORKER_IMAGE, node(script), OWN);
      expect(exitCode, log.slice(-2_000)).toBe(0);
      const [says, ...told] = log
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
      expect(says).toContain(WEAKENED);
      const seen = told as readonly { readonly result: SandboxResult; readonly left: readonly string[] }[];
      expect(seen).toHaveLength(requests.length);
      for (const [index, attack] of ATTACKS.entries()) {
        const { result, left } = seen[index]!;
        expect([attack.name, holesIn(attack, result), left]).toEqual([attack.name, [], []]);
      }
      expect(seen.at(-1)?.result).toMatchObject({ how: 'signalled', stdout: '' });
    }, 240_000);

    it('is told by doctor as what it is', async () => {
      const { log } = await run(WORKER_IMAGE, ['node', '/opt/anneal/dist/cli/main.js', 'doctor', '--json'], OWN);
      const { checks } = JSON.parse(log.slice(log.indexOf('{'))) as { checks: readonly { readonly name: string }[] };
      expect(checks.find(({ name }) => name === 'sandbox')).toMatchObject({
        status: 'warn',
        detail: expect.stringContaining(WEAKENED),
        hint: expect.stringContaining('/proc/sys is read-only'),
      });
    }, 120_000);
  });

  const node = (script: string): string[] => ['node', '--input-type=module', '--eval', script];

  /** Without a command, what the image itself starts. */
  async function run(
    image: string,
    command: readonly string[],
    seccompProfile: object,
    env: Record<string, string> = {},
  ) {
    count += 1;
    const path = `${PODS}/p${count}`;
    const container = {
      name: 'main',
      image,
      ...(command.length === 0 ? {} : { command }),
      env: Object.entries({ ANNEAL_HOME: '/tmp/home', ...env }).map(([name, value]) => ({ name, value })),
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    };
    await testbed.api.call('POST', PODS, {
      metadata: { name: `p${count}` },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile },
        containers: [container],
        volumes: [{ name: 'tmp', emptyDir: {} }],
      },
    });
    const ended = async () =>
      (await testbed.api.call<Pod>('GET', path)).status.containerStatuses?.[0]?.state.terminated?.exitCode;
    await expect.poll(ended, { timeout: 90_000 }).toEqual(expect.any(Number));
    return { exitCode: await ended(), log: (await testbed.api.send('GET', `${path}/log`)).text };
  }
});
