// The chart installed into a real cluster: worker and gateway as pods of a real kubelet, in a namespace held to Pod Security
// "restricted", with a real Temporal and a real S3 server on this machine. (A campaign in it: helm-campaign.test.ts.)
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUEUES } from '../../contracts/names.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { needsOf, preflight } from '../../k8s/access/preflight.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import type { Testbed } from '../../k8s/testbed/testbed.ts';
import { claims, rollout, trajectoryOf } from '../support/gateway.ts';
import { CHART } from '../support/helm.ts';
import { CONTROL, canInstall, GPU, type Installation, openInstallation, type Pod } from '../support/installation.ts';
import { clusterAs, tokenOf } from '../support/service-account.ts';

describe.skipIf(!canInstall)('the chart, installed', () => {
  let on: Installation;
  let testbed: Testbed;

  beforeAll(async () => {
    on = await openInstallation();
    testbed = on.testbed;
  }, 600_000);
  afterAll(() => on?.close(), 120_000);

  it('becomes ready: both processes run, and the worker polls all of its queues', async () => {
    const { trouble, stdout } = await on.install();
    expect(trouble).toBe('');
    expect(stdout).toContain(`worker and gateway in ${CONTROL}`);
    const worker = await on.podOf('worker');
    for (const queue of Object.values(QUEUES)) {
      const by = expect.stringContaining(worker.metadata.name);
      await expect.poll(() => pollsOf(queue), { timeout: 30_000 }).toContainEqual(expect.objectContaining({ by }));
    }
    const health = await fetch(`${await on.gatewayUrl()}/health`);
    expect(await health.json()).toEqual({ ok: true });
  }, 300_000);

  it('tells the metrics of both processes on the port named so', async () => {
    for (const [component, metric] of [
      ['worker', 'anneal_jobs_submitted_total'],
      ['worker', 'temporal_num_pollers'],
      ['gateway', 'anneal_gateway_requests_in_flight'],
    ] as const) {
      const answer = await fetch(`http://${(await on.podOf(component)).status.podIP}:9464/metrics`);
      expect([component, await answer.text()]).toEqual([component, expect.stringContaining(metric)]);
    }
  });

  it('holds the control namespace to "restricted": a pod that asks for more is refused', async () => {
    const { text, status } = await testbed.api.send('POST', `/api/v1/namespaces/${CONTROL}/pods`, {
      metadata: { name: 'more' },
      spec: { containers: [{ name: 'c', image: 'anneal/worker:0.1.0' }] },
    });
    expect(status).toBe(403);
    expect(text).toContain('violates PodSecurity');
  });

  it('gives the worker the rights that a campaign needs, and the gateway next to none', async () => {
    const needs = needsOf(await loadProfile('cpu'), {
      namespace: GPU,
      workload: 'jobset',
      storeSecret: 'anneal-store',
      tokenSecret: 'anneal-policy',
    });
    const worker = await clusterAs(testbed, await tokenOf(testbed, CONTROL, 'anneal-worker'), 'worker');
    expect(await preflight(worker, needs)).toEqual([]);
    const gateway = await clusterAs(testbed, await tokenOf(testbed, CONTROL, 'anneal-gateway'), 'gateway');
    const pods = { method: 'GET', path: `/api/v1/namespaces/${GPU}/pods` } as const;
    expect((await gateway.ask(pods)).status).toBe(200);
    for (const path of [`/api/v1/namespaces/${GPU}/secrets/anneal-store`, `/api/v1/namespaces/${CONTROL}/pods`])
      await expect(gateway.ask({ method: 'GET', path })).rejects.toMatchObject({ code: 'cluster.denied' });
  });

  it('keeps what the gateway recorded when its pod is replaced', async () => {
    const kept = trajectoryOf(rollout(0));
    const sent = await fetch(`${await on.gatewayUrl()}/pool/trajectories`, {
      method: 'POST',
      headers: { authorization: `Bearer ${pool()}`, 'content-type': 'application/json' },
      body: JSON.stringify(kept),
    });
    expect(sent.status).toBe(201);
    const before = await on.podOf('gateway');
    await testbed.api.call('DELETE', `/api/v1/namespaces/${CONTROL}/pods/${before.metadata.name}`);
    await expect
      .poll(async () => (await on.podOf('gateway')).metadata.uid, { timeout: 60_000 })
      .not.toBe(before.metadata.uid);
    await expect.poll(recorded, { timeout: 60_000 }).toEqual([kept.rollout]);
  }, 180_000);

  it('starts a worker again that was killed, and calls it ready when it polls again', async () => {
    const before = await on.podOf('worker');
    const killedAt = Date.now();
    for (const pid of processesOf(before)) process.kill(pid, 'SIGKILL');
    await expect
      .poll(async () => (await on.podOf('worker')).status.containerStatuses, { timeout: 90_000 })
      .toMatchObject([{ restartCount: 1, ready: true }]);
    expect((await on.podOf('worker')).metadata.uid).toBe(before.metadata.uid);
    const [poll] = await pollsOf(QUEUES.jobs);
    expect(poll?.at).toBeGreaterThan(killedAt);
  }, 120_000);

  it('is upgraded and removed; namespaces, claim and what was recorded stay', async () => {
    const more = ['--set', 'worker.replicas=0', '--wait', '--timeout', '2m'];
    const upgraded = await on.helm.run(['upgrade', 'anneal', CHART, '--namespace', CONTROL, ...on.values, ...more]);
    expect(upgraded.stderr).not.toContain('Error');
    await expect.poll(() => on.podsOf('worker'), { timeout: 60_000 }).toEqual([]);
    const removed = await on.helm.run(['uninstall', 'anneal', '--namespace', CONTROL, '--wait', '--timeout', '2m']);
    expect(removed.code).toBe(0);
    await expect.poll(() => on.podsOf('gateway'), { timeout: 60_000 }).toEqual([]);
    for (const path of [CONTROL, GPU, `${CONTROL}/persistentvolumeclaims/segments-anneal-gateway-0`])
      expect((await testbed.api.send('GET', `/api/v1/namespaces/${path}`)).status).toBe(200);
    const roles = await testbed.api.send(
      'GET',
      `/apis/rbac.authorization.k8s.io/v1/namespaces/${GPU}/roles/anneal-worker`,
    );
    expect(roles.status).toBe(404);
  }, 240_000);

  const pool = (): string => mintCredential(claims({ scope: 'pool' }), on.secret);

  async function recorded(): Promise<string[]> {
    const headers = { authorization: `Bearer ${pool()}` };
    const answer = await fetch(`${await on.gatewayUrl()}/pool/trajectories?prefix=demo/`, { headers }).catch(
      () => undefined,
    );
    if (answer?.status !== 200) return [];
    const lines = (await answer.text()).trim().split('\n');
    return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { rollout: string }).rollout);
  }

  /** Newest first. */
  async function pollsOf(queue: string): Promise<{ readonly by: string; readonly at: number }[]> {
    const answer = await on.temporal.client.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: queue },
      taskQueueType: 2,
    });
    return (answer.pollers ?? [])
      .map(({ identity, lastAccessTime }) => ({ by: identity ?? '', at: Number(lastAccessTime?.seconds ?? 0) * 1000 }))
      .sort((one, other) => other.at - one.at);
  }
});

/** This machine's processes in the containers of a pod, by their control group. */
function processesOf({ status }: Pod): number[] {
  const ids = (status.containerStatuses ?? []).flatMap(({ containerID }) => containerID?.split('//')[1] ?? []);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
        return ids.some((id) => groups.includes(id));
      } catch {
        return false;
      }
    });
}
