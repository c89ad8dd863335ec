// The settings of a Temporal that is not ours, as the environment gives them and as a child process gets them.
import { expect, test } from 'vitest';
import { DEFAULT_SLOTS } from '../../contracts/queues.ts';
import { loadConfig } from '../config.ts';
import { releaseOf } from './production.ts';
import { releaseOptions } from './versioning.ts';

const ENVIRONMENT = {
  ANNEAL_TEMPORAL: 'temporal.example.com:7233',
  ANNEAL_NAMESPACE: 'team-a',
  ANNEAL_TEMPORAL_TLS_CA: '/etc/anneal/ca.pem',
  ANNEAL_TEMPORAL_API_KEY_FILE: '/etc/anneal/key',
  ANNEAL_PAYLOAD_KEYS: '/etc/anneal/payload-keys.json',
  ANNEAL_SLOTS_JOBS: '40',
  ANNEAL_WORKER_DEPLOYMENT: 'anneal-team-a',
  ANNEAL_CODEC_UI_ORIGIN: 'https://temporal.example.com',
  ANNEAL_TEAMS: '/etc/anneal/teams.yaml',
};

test('nothing set is the embedded stack: in the clear, plain, without releases and teams', () => {
  expect(loadConfig({ environment: {} }).production).toEqual({
    access: { namespace: 'default' },
    slots: DEFAULT_SLOTS,
    workers: undefined,
    codec: { listen: '127.0.0.1:8081', uiOrigin: undefined, tokenFile: undefined },
    teamsFile: undefined,
    environment: {},
  });
});

test('what is set is read, and a child process reads the same', () => {
  const { production } = loadConfig({ environment: ENVIRONMENT });
  expect(production.access).toEqual({
    namespace: 'team-a',
    tls: { ca: '/etc/anneal/ca.pem' },
    apiKeyFile: '/etc/anneal/key',
    payloadKeysFile: '/etc/anneal/payload-keys.json',
  });
  expect(production.slots.jobs).toEqual({ activities: 40, workflowTasks: 0 });
  const child = { ANNEAL_NAMESPACE: 'team-a', ...production.environment };
  expect(loadConfig({ environment: child }).production).toEqual(production);
});

test('a release is named by version and sources, or by hand', () => {
  const { production } = loadConfig({ environment: ENVIRONMENT });
  const derived = releaseOf(production, '0.2.0', '4f1c0a9e');
  expect(derived).toEqual({ deploymentName: 'anneal-team-a', buildId: '0-2-0-4f1c0a9e' });
  expect(releaseOptions(derived).workerDeploymentOptions).toMatchObject({
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'PINNED',
  });
  const named = loadConfig({ environment: { ...ENVIRONMENT, ANNEAL_BUILD_ID: 'r7' } }).production;
  expect(releaseOf(named, '0.2.0', 'x')?.buildId).toBe('r7');
  expect(releaseOptions(releaseOf(loadConfig({ environment: {} }).production, '0.2.0', 'x'))).toEqual({});
});

test('all wrong values are told at once', () => {
  const wrong = {
    ANNEAL_TEMPORAL_TLS: 'yes',
    ANNEAL_SLOTS_JOBS: '0',
    ANNEAL_BUILD_ID: 'a b',
    ANNEAL_CODEC_LISTEN: 'x',
  };
  expect(() => loadConfig({ environment: wrong })).toThrow(
    expect.objectContaining({ code: 'cli.usage', message: '4 settings have a wrong form' }),
  );
});
