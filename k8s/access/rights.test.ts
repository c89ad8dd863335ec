import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { loadProfile, shippedProfiles } from '../layout/shipped.ts';
import { needsOf, rightsRequestOf } from './preflight.ts';
import { nameOf, workerRights } from './rights.ts';
import { workerRoles } from './roles.ts';

const request = { gpuNamespace: 'gpu', secrets: ['store'] };
const verbsOf = (name: string) => workerRights(request).find((right) => nameOf(right) === name)?.verbs;

it('no right is a wildcard, and none is a way around: into pods, to all secrets, to nodes, to rights', () => {
  const rights = workerRights(request);
  for (const { group, resource, verbs, names } of rights) {
    expect([group, resource, ...verbs, ...(names ?? [])].join()).not.toContain('*');
  }
  expect(
    rights.map(({ resource }) => resource).filter((one) => /exec|attach|portforward|proxy|role|token/.test(one)),
  ).toEqual([]);
  expect(verbsOf('pods')).toEqual(['get', 'list', 'watch']);
  expect(verbsOf('nodes')).toEqual(['get', 'list', 'watch']);
  expect(verbsOf('secrets')).toEqual(['get']);
});

it('the table of docs/kubernetes.md is the list', async () => {
  const page = await readFile(new URL('../../docs/kubernetes.md', import.meta.url), 'utf8');
  const [, table = ''] = page.split('| resource | verbs | where | so that it can |');
  const rows = table.split('\n\n')[0]!.trim().split('\n').slice(1);
  expect(rows).toEqual(
    workerRights(request).map((right) => {
      const verbs = `${right.verbs.join(', ')}${right.names === undefined ? '' : ' (by name)'}`;
      const where = right.scope === 'cluster' ? 'cluster' : 'GPU namespace';
      return `| \`${nameOf(right)}\` | ${verbs} | ${where} | ${right.purpose} |`;
    }),
  );
});

it('without a secret there is no rule about secrets: one without names would be about all', () => {
  const rules = JSON.stringify(workerRoles({ ...request, secrets: [], name: 'w', controlNamespace: 'c' }));
  expect(rules).not.toContain('secrets');
});

it('two installations share no object', () => {
  const of = (controlNamespace: string, gpuNamespace: string) =>
    workerRoles({ name: 'w', controlNamespace, gpuNamespace, secrets: [] }).map(
      ({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`,
    );
  const first = of('a', 'a-gpu');
  expect(of('b', 'b-gpu').filter((object) => first.includes(object))).toEqual([]);
});

it.each(shippedProfiles())('asks for what a profile needs and no more: %s', async (name) => {
  const profile = await loadProfile(name);
  const ask = (workload: 'job' | 'jobset') => {
    const needs = needsOf(profile, { namespace: 'gpu', workload, storeSecret: 'store', tokenSecret: 'policy' });
    return workerRights(rightsRequestOf(needs)).map(({ resource }) => resource);
  };
  expect(ask('job')).not.toContain('jobsets');
  // A campaign's end also ends jobs that an earlier setting left behind.
  expect(ask('jobset')).toEqual(expect.arrayContaining(['jobs', 'jobsets']));
  expect(ask('job').includes('workloads')).toBe(profile.scheduling.queue !== undefined);
  expect(ask('job').includes('leaderworkersets')).toBe(profile.rollout.server === 'vllm');
  expect(ask('job').includes('persistentvolumeclaims')).toBe(profile.storage.shared !== undefined);
});
