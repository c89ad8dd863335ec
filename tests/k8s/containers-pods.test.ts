// The images that the testbed makes of local files, in a real kubelet, as the chart starts them: as user 1000, on a read-only root,
// without capabilities. (Trainer and policy server: tests/k8s/trainer-pod.test.ts. Worker and gateway at work: helm-install.test.ts.)
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../infra/config.ts';
import { ensureAnnealImages, GATEWAY_IMAGE, WORKER_IMAGE } from '../../k8s/testbed/anneal-image.ts';
import { loadImage } from '../../k8s/testbed/node.ts';
import { nodeFolder } from '../../k8s/testbed/node-space.ts';
import { startTestbed, type Testbed } from '../../k8s/testbed/testbed.ts';
import { isBuilt } from '../support/cluster.ts';

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

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-images-'));
    const { repo } = loadConfig();
    const images = await ensureAnnealImages(repo);
    testbed = await startTestbed({ dir, parts: ['kubelet'] });
    for (const tar of [images.worker, images.gateway]) await loadImage(testbed, tar);
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
      const { exitCode, log } = await run(image, undefined, DEFAULT);
      expect(log).toContain("code: 'stack.not_running'");
      expect(exitCode).toBe(1);
    },
    120_000,
  );

  it('the worker has the bundle of its own workflows', async () => {
    const script = `const { workflowBundle } = await import('/opt/anneal/dist/worker/bundle.js');
      console.log(JSON.stringify(await workflowBundle()));`;
    const { exitCode, log } = await run(WORKER_IMAGE, script, DEFAULT, { ANNEAL_HOME: '/opt/anneal/home' });
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
      expect((await run(WORKER_IMAGE, script, DEFAULT)).log).toContain('No permissions to create new namespace');
    }, 120_000);

    it('are made under infra/containers/worker/seccomp.json, which keeps what they do not need shut', async () => {
      expect((await run(WORKER_IMAGE, script, OWN)).log).toMatch(/^0 42\n/);
      // keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0), a call that it denies.
      const keyctl =
        'import ctypes, os; c = ctypes.CDLL(None, use_errno=True); print(c.syscall(250, 0, -3, 0), ctypes.get_errno())';
      const shut = `const { spawnSync } = await import('node:child_process');
        console.log(spawnSync('/usr/bin/python3', ['-c', ${JSON.stringify(keyctl)}], { encoding: 'utf8' }).stdout);`;
      expect((await run(WORKER_IMAGE, shut, OWN)).log).toMatch(/^-1 1\n/);
    }, 120_000);
  });

  /** Without a script, what the image itself starts. */
  async function run(
    image: string,
    script: string | undefined,
    seccompProfile: object,
    env: Record<string, string> = {},
  ) {
    count += 1;
    const path = `${PODS}/p${count}`;
    const container = {
      name: 'main',
      image,
      ...(script === undefined ? {} : { command: ['node', '--input-type=module', '--eval', script] }),
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
