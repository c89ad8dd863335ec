import { expect, it } from 'vitest';
import { jobName, sha256 } from '../../contracts/ids.ts';
import { loadProfile, shippedProfiles } from '../layout/shipped.ts';
import { longestPodName, nameProblems } from '../names.ts';
import { type TrainerRequest, trainerJob, trainerJobSet } from './trainer.ts';

async function request(profile: string, over: Partial<TrainerRequest> = {}): Promise<TrainerRequest> {
  return {
    namespace: 'team-a',
    campaign: 'quickstart',
    document: {
      name: jobName.parse('quickstart-r1-train'),
      specHash: sha256.parse('a'.repeat(64)),
      maxSeconds: 900,
    },
    attempt: 2,
    profile: await loadProfile(profile),
    store: { address: 's3://anneal/team-a', secret: 'anneal-store' },
    owner: { apiVersion: 'v1', kind: 'ConfigMap', name: 'anneal-quickstart', uid: 'u' },
    avoid: [],
    ...over,
  };
}

it('makes a Job for one pod without a GPU', async () => {
  expect(trainerJob(await request('cpu'))).toMatchSnapshot();
});

it('makes a JobSet for eight nodes of eight GPUs, held back until a queue admits it', async () => {
  expect(trainerJobSet(await request('minimax-m27-standard', { avoid: ['node-7'] }))).toMatchSnapshot();
});

it.each(shippedProfiles())('leaves every restart to the workflow, and no token to the pod: %s', async (profile) => {
  const job = JSON.stringify(trainerJob(await request(profile)));
  const set = JSON.stringify(trainerJobSet(await request(profile)));
  for (const text of [job, set]) {
    expect(text).toContain('"backoffLimit":0');
    expect(text).toContain('"restartPolicy":"Never"');
    expect(text).toContain('"automountServiceAccountToken":false');
    expect(text).toContain('"allowPrivilegeEscalation":false');
    expect(text).not.toMatch(/"(privileged|hostNetwork|hostPID|hostIPC)":true/);
    // Credentials only by reference.
    expect(text).not.toMatch(/SECRET|PASSWORD/);
  }
  expect(set).toContain('"maxRestarts":0');
});

it('hands a start its trace, which no rank setting gives way to', async () => {
  const startEnv = { TRACEPARENT: '00-a-b-01', MASTER_PORT: '1' };
  const plain = JSON.stringify(trainerJobSet(await request('minimax-m27-standard')));
  const traced = JSON.stringify(trainerJobSet(await request('minimax-m27-standard', { startEnv })));
  expect(plain).not.toContain('TRACEPARENT');
  expect(traced).toContain('{"name":"TRACEPARENT","value":"00-a-b-01"}');
  expect(traced).not.toContain('{"name":"MASTER_PORT","value":"1"}');
});

it.each(['cpu', 'minimax-m27-standard'])('is the same job with a trace and without one: %s', async (profile) => {
  const startEnv = {
    TRACEPARENT: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector.monitoring:4318/v1/traces',
  };
  for (const make of [trainerJob, trainerJobSet]) {
    const [plain, traced] = [make(await request(profile)), make(await request(profile, { startEnv }))];
    // By the annotation a runner knows the job again (k8s/runner/runner.ts).
    expect(traced.metadata).toEqual(plain.metadata);
    let text = JSON.stringify(traced);
    for (const [name, value] of Object.entries(startEnv)) {
      expect(text).toContain(JSON.stringify({ name, value }));
      text = text.replace(`${JSON.stringify({ name, value })},`, '').replace(`,${JSON.stringify({ name, value })}`, '');
    }
    expect(text).toBe(JSON.stringify(plain));
  }
});

it('keeps away from nodes in quarantine', async () => {
  expect(JSON.stringify(trainerJob(await request('one-gpu', { avoid: ['bad'] })))).toContain(
    '{"key":"kubernetes.io/hostname","operator":"NotIn","values":["bad"]}',
  );
});

it('refuses a campaign whose pods could not be named, and says by how much', () => {
  const name = 'a-campaign-with-a-name-that-is-too-long';
  const [problem, ...others] = nameProblems({ name, rounds: 10 }, 8);
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ code: 'cluster.name_too_long', path: 'name' });
  const over = Number(/by (\d+)/.exec(problem!.hint)![1]);
  expect(longestPodName(`${name.slice(0, -over)}-r10-train`, 8)).toBe(63);
  expect(nameProblems({ name: name.slice(0, -over), rounds: 10 }, 8)).toEqual([]);
});

it('refuses a name that ends in a dash, as Kubernetes does, and advises none', () => {
  const hints = (name: string) => nameProblems({ name, rounds: 10 }, 8).map(({ path, hint }) => [path, hint]);
  expect(hints('ends-so--')).toEqual([['name', 'Write ends-so.']]);
  expect(hints('a-b')).toEqual([]);
  const cut = 'a-campaign-with-a-name-that-is-so-on-it';
  expect(hints(cut)).toEqual([['name', `Shorten the campaign's name by 3: ${cut.slice(0, -3)}.`]]);
});
