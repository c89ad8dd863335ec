// What `render k8s` prints is what a real API server accepts, for every profile that ships and for the example.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { pathOf } from '../../k8s/cluster/workloads.ts';
import { shippedProfiles } from '../../k8s/layout/shipped.ts';
import type { Manifest } from '../../k8s/manifests/manifest.ts';
import { isBuilt, shareTestCluster, type TestCluster } from '../support/cluster.ts';

const PARTS = ['jobset', 'lws'] as const;
const ROOT = join(import.meta.dirname, '..', '..');
const NAMESPACE = 'anneal';

const rendered = (...args: string[]): Manifest[] => {
  const text = execFileSync(process.execPath, [join(ROOT, 'cli/main.ts'), 'render', 'k8s', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ANNEAL_HOME: join(ROOT, '.anneal') },
  });
  return parseAllDocuments(text).map((one) => one.toJS() as Manifest);
};

describe.skipIf(!isBuilt(PARTS))('render k8s', () => {
  let on: TestCluster;
  beforeAll(async () => {
    on = await shareTestCluster(PARTS);
    await on.namespace(NAMESPACE);
  }, 120_000);
  afterAll(() => on?.stop(), 60_000);

  test.each([
    ...shippedProfiles().flatMap((name) => [[name], [name, '--workload', 'job']]),
    [join(ROOT, 'examples/10-kubernetes/campaign.yaml')],
  ])('%s %s %s', async (...args) => {
    const manifests = rendered(...args.filter((one) => one !== undefined));
    expect(manifests.length).toBeGreaterThanOrEqual(3);
    for (const manifest of manifests) {
      const path = pathOf(manifest.kind, NAMESPACE);
      const { status } = await on.cluster.ask({
        method: 'POST',
        path,
        query: { dryRun: 'All', fieldValidation: 'Strict' },
        body: manifest,
      });
      expect(status, manifest.kind).toBe(201);
    }
  });
});
