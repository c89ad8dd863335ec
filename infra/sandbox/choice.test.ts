// Which sandbox a deployment chooses, and what is refused before anything runs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { AnnealError } from '../../contracts/errors.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import { loadConfig } from '../config.ts';
import { deploymentEnvironment, deploymentPath } from '../deployment.ts';
import { chooseSandbox, doorProblems, type PodsChoice, podsOf } from './choice.ts';
import { seccompFilter } from './seccomp.ts';

const CLUSTER = {
  ...{ ANNEAL_COMPUTE: 'kubernetes', ANNEAL_STORE: 's3://anneal/team-a', ANNEAL_KUBECONFIG: '/kube' },
  ...{ ANNEAL_KUBE_NAMESPACE: 'gpu', ANNEAL_POLICY_TOKEN_FILE: '/anneal/token' },
};
const base = mkdtempSync(join(tmpdir(), 'anneal-sandbox-choice-'));
afterAll(() => rmSync(base, { recursive: true }));
const home = (): string => mkdtempSync(join(base, 'home-'));
const read = (given: Record<string, string>, ANNEAL_HOME = home()) =>
  loadConfig({ environment: { ANNEAL_HOME, ...given } });
const chosen = (given: Record<string, string>, at?: string): PodsChoice | 'bubblewrap' => {
  let pods: PodsChoice | undefined;
  const inPods = { describe: async () => 'pods', run: () => Promise.reject(new Error('not asked')) } satisfies Sandbox;
  const sandbox = chooseSandbox(
    read(given, at),
    (wanted) => {
      pods = wanted;
      return inPods;
    },
    { getFile: () => Promise.reject(new Error('not asked')) },
  );
  expect(sandbox === inPods).toBe(pods !== undefined);
  return pods ?? 'bubblewrap';
};
const refused = (given: Record<string, string>): string[] => {
  try {
    read(given);
  } catch (failure) {
    expect(failure).toMatchObject({ code: 'cli.usage' });
    return (failure as AnnealError).problems.map(({ path, expected }) => `${path}: ${expected}`);
  }
  throw new Error('it was taken');
};

it('is bubblewrap wherever nothing else is said', () => {
  for (const given of [{}, { ANNEAL_SANDBOX: 'bubblewrap' }, CLUSTER, { ...CLUSTER, ANNEAL_SANDBOX: 'bubblewrap' }])
    expect(chosen(given)).toBe('bubblewrap');
});

it('is pods where the deployment names them, in their own namespace or beside the trainers', () => {
  const image = 'registry.example:5000/sandbox@sha256:0000';
  const whole = `pods:untrusted?image=${image}&runtimeClass=gvisor&allow=open-network&probe=store:443,[::1]:9000&cpu=500m&disk=0`;
  expect(chosen({ ...CLUSTER, ANNEAL_SANDBOX: whole })).toEqual({
    ...{ by: 'pods', namespace: 'untrusted', image, runtimeClass: 'gvisor', allow: ['open-network'] },
    ...{ probe: ['store:443', '[::1]:9000'], cpu: '500m', disk: '0', kubeconfig: '/kube' },
    filter: seccompFilter(),
  });
  expect(chosen({ ...CLUSTER, ANNEAL_SANDBOX: `pods?image=${image}&allow=node-runtime` })).toMatchObject({
    ...{ namespace: 'gpu', runtimeClass: null, allow: ['node-runtime'], cpu: null },
  });
});

it('has no door for an agent in a pod, which is told before one is made', () => {
  const pods = read({ ...CLUSTER, ANNEAL_SANDBOX: 'pods?image=a:1&allow=node-runtime' });
  expect(doorProblems(pods, { kind: 'process' })).toEqual([
    expect.objectContaining({ code: 'sandbox.unavailable', path: 'harness.kind', got: 'process' }),
  ]);
  for (const kind of [undefined, 'single-turn', 'tool-loop'] as const) expect(doorProblems(pods, { kind })).toEqual([]);
  for (const given of [{}, CLUSTER]) expect(doorProblems(read(given), { kind: 'process' })).toEqual([]);
});

it('is read by a child, and by a later command of the home, as by the first', () => {
  const given = { ...CLUSTER, ANNEAL_SANDBOX: 'pods:untrusted?image=a:1&runtimeClass=kata&probe=b:1,c:2' };
  const { deployment } = read(given);
  expect(read(deploymentEnvironment(deployment)).deployment).toEqual(deployment);
  const kept = home();
  writeFileSync(deploymentPath(kept), JSON.stringify(deployment));
  expect(podsOf(read({}, kept))).toMatchObject({ namespace: 'untrusted', runtimeClass: 'kata' });
  expect(chosen({ ANNEAL_SANDBOX: 'bubblewrap' }, kept)).toBe('bubblewrap');
});

it('a home from before there was a choice judges in bubblewrap', () => {
  const { deployment } = read(CLUSTER) as { deployment: { cluster: { sandbox?: unknown } } };
  const { sandbox: _, ...cluster } = deployment.cluster;
  const kept = home();
  writeFileSync(deploymentPath(kept), JSON.stringify({ ...deployment, cluster }));
  expect(chosen({}, kept)).toBe('bubblewrap');
});

it('is refused on one machine, which has no pods', () => {
  const given = { ANNEAL_SANDBOX: 'pods?image=a:1&runtimeClass=gvisor' };
  expect(refused(given)).toEqual(['ANNEAL_SANDBOX: bubblewrap: pods are for ANNEAL_COMPUTE=kubernetes']);
  expect(refused({ ...given, ANNEAL_COMPUTE: 'local' })).toHaveLength(1);
});

it.each([
  ['docker', ['bubblewrap, or pods']],
  ['podsy?image=a', ['bubblewrap, or pods']],
  ['pods', ['image=IMAGE, which programs run in']],
  ['pods?image=a:1', ['runtimeClass=NAME of a stronger wall']],
  ['pods:Team_A?image=a:1&runtimeClass=gvisor', ['namespace: a namespace']],
  ['pods:?image=a:1&runtimeClass=gvisor', ['namespace: a namespace']],
  ['pods?image=a b&runtimeClass=gvisor', ['image: an image']],
  ['pods?image=a:1&runtimeClass=gvisor&allow=root', ['allow: one of node-runtime, open-network']],
  ['pods?image=a:1&runtimeClass=gvisor&memory=1Gi', ['and no memory']],
  ['pods?image=a:1&image=b:1&runtimeClass=gvisor', ['image once']],
  ['pods?image=a:1&runtimeClass=gvisor&probe=store', ['probe: HOST:PORT']],
  ['pods?image=a b&runtimeClass=G&cpu=much', ['image: an image', 'runtimeClass: the name', 'cpu: a quantity']],
])('refuses %s, and says all that is wrong', (ANNEAL_SANDBOX, words) => {
  const told = refused({ ...CLUSTER, ANNEAL_SANDBOX });
  expect(told).toEqual(words.map((word) => expect.stringContaining(word)));
});
