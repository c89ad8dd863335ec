import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadConfig } from './config.ts';
import { deploymentEnvironment, deploymentPath } from './deployment.ts';

const base = mkdtempSync(join(tmpdir(), 'anneal-deployment-'));
afterAll(() => rmSync(base, { recursive: true }));
const home = (): string => mkdtempSync(join(base, 'home-'));
const CLUSTER = {
  ...{ ANNEAL_COMPUTE: 'kubernetes', ANNEAL_STORE: 's3://anneal/team-a' },
  ...{ ANNEAL_KUBE_NAMESPACE: 'gpu', ANNEAL_POLICY_TOKEN_FILE: '/anneal/token' },
};
const read = (ANNEAL_HOME: string, more: Record<string, string> = {}) =>
  loadConfig({ environment: { ANNEAL_HOME, ...more } }).deployment;

it('a child reads what its parent read, with a collector for pods and without one', () => {
  for (const more of [{}, { ANNEAL_KUBE_OTLP_ENDPOINT: 'http://collector.monitoring:4318' }]) {
    const one = read(home(), { ...CLUSTER, ...more });
    const environment = deploymentEnvironment(one);
    expect(environment).toMatchObject({ ...CLUSTER, ...more });
    expect('ANNEAL_KUBE_OTLP_ENDPOINT' in environment).toBe('ANNEAL_KUBE_OTLP_ENDPOINT' in more);
    expect(read(home(), environment)).toEqual(one);
  }
});

it('a home from before there were collectors is read', () => {
  const folder = home();
  const { cluster, ...rest } = read(home(), CLUSTER) as { cluster: { otlp: string | null } };
  const { otlp: _, ...before } = cluster;
  writeFileSync(deploymentPath(folder), JSON.stringify({ ...rest, cluster: before }));
  expect(read(folder)).toEqual({ ...rest, cluster: { ...before, otlp: null } });
});

it.each(['collector:4318', 'ftp://collector', 'collector'])('refuses a collector at %s', (address) => {
  const given = { ...CLUSTER, ANNEAL_KUBE_OTLP_ENDPOINT: address };
  expect(() => read(home(), given)).toThrow(expect.objectContaining({ code: 'cli.usage' }));
});
