// What is wrong with a campaign's harness is told beside what its bucket and its cluster lack; here nothing answers for either.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { AnnealError } from '../contracts/errors.ts';
import { type HarnessSpec, harnessSpec, processHarness } from '../contracts/harness.ts';
import { campaignName } from '../contracts/ids.ts';
import { loadConfig } from '../infra/config.ts';
import { loadProfile } from '../k8s/layout/shipped.ts';
import { refuseUnfit } from './cluster-checks.ts';

const folder = mkdtempSync(join(tmpdir(), 'anneal-cluster-checks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('an agent in a process, where sandboxes are pods', async () => {
  const config = loadConfig({
    environment: {
      ...{ ANNEAL_HOME: join(folder, 'home'), ANNEAL_COMPUTE: 'kubernetes', ANNEAL_KUBE_NAMESPACE: 'gpu' },
      ...{ ANNEAL_STORE: 's3://bucket/a?endpoint=http://127.0.0.1:9&region=us-east-1' },
      ...{ ANNEAL_KUBECONFIG: join(folder, 'none'), ANNEAL_POLICY_TOKEN_FILE: join(folder, 'none') },
      ANNEAL_SANDBOX: 'pods?image=a:1&allow=node-runtime',
    },
  });
  const profile = await loadProfile('cpu');
  const paths = async (harness: Partial<HarnessSpec>): Promise<string[]> => {
    const spec = {
      name: campaignName.parse('demo'),
      harness: harnessSpec.parse({ prompt: '{instruction}', maxTokens: 64, ...harness }),
    };
    const failure = await refuseUnfit(config, spec, profile).catch((error: unknown) => error);
    if (!(failure instanceof AnnealError)) throw new Error('it was begun');
    return failure.problems.map(({ path }) => path);
  };
  const beside = await paths({});
  expect(beside.length).toBeGreaterThan(0);
  const process = processHarness.parse({ command: ['agent'] });
  expect(await paths({ kind: 'process', process })).toEqual(['harness.kind', ...beside]);
});
