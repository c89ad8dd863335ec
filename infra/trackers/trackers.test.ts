import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createTrackers, type TrackerKeys } from './trackers.ts';

it('takes any number of addresses', () => {
  const names = (text: string): string[] => createTrackers(text).map(({ name }) => name);
  expect(names('')).toEqual([]);
  expect(names('mlflow+http://h:5000/rl  wandb+https://api.wandb.ai/team/p')).toEqual([
    'mlflow http://h:5000, experiment rl',
    'wandb https://api.wandb.ai, team/p',
  ]);
  expect(names('mlflow+https://h/behind/a%20proxy/my%20rl,mlflow+http://h:5000')).toEqual([
    'mlflow https://h/behind/a%20proxy, experiment my rl',
    'mlflow http://h:5000, experiment anneal',
  ]);
});

it.each(['http://h:5000', 'mlflow://h', 'wandb+https://h/team', 'wandb+https://h/a/b/c', 'mlflow+http://'])(
  'refuses %s, and says what it takes',
  (address) => {
    expect(() => createTrackers(address)).toThrow(/is not a tracker's address: mlflow\+https/);
  },
);

it('refuses a password in an address, and does not repeat it', () => {
  expect(() => createTrackers('mlflow+https://me:geheim@h/x')).toThrow(
    /^the tracker's address mlflow\+https:\/\/h\/x holds/,
  );
});

it.each<[TrackerKeys, string | undefined]>([
  [{}, undefined],
  [{ mlflowToken: 'tok' }, 'Bearer tok'],
  [{ mlflowToken: 'me:word' }, `Basic ${Buffer.from('me:word').toString('base64')}`],
  [{ wandbKey: 'not for mlflow' }, undefined],
])('sends %o', async (keys, expected) => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(403).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const [tracker] = createTrackers(`mlflow+http://127.0.0.1:${(server.address() as AddressInfo).port}/x`, keys);
  const run = { campaign: 'c', specHash: 'a', description: '', owner: '', startedAt: 0, parameters: {} } as never;
  const cell = { read: async () => undefined, replace: async (_: unknown, id: string) => id };
  await expect(tracker!.open(run, cell)).rejects.toMatchObject({ code: 'tracker.refused' });
  expect(seen).toEqual([expected]);
  server.closeAllConnections();
  server.close();
});

it('tells MLflow the parameters again where another worker told them at the same moment, and not for ever', async () => {
  const answers: number[] = [];
  let refusals = 1;
  const run = {
    info: { run_id: 'r', experiment_id: '0', start_time: 0, artifact_uri: 'a', lifecycle_stage: 'active' },
    data: { tags: [] },
  };
  const server = createServer((request, response) => {
    const status = request.url?.includes('log-batch') && refusals-- > 0 ? 400 : 200;
    if (request.url?.includes('log-batch')) answers.push(status);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ run }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const [tracker] = createTrackers(`mlflow+http://127.0.0.1:${(server.address() as AddressInfo).port}/x`);
  const campaign = {
    campaign: 'c',
    specHash: 'a',
    description: '',
    owner: '',
    startedAt: 0,
    parameters: { seed: '1' },
  };
  const cell = { read: async () => 'r', replace: async (_: unknown, id: string) => id };
  const open = () => tracker!.open(campaign as never, cell);
  expect((await open()).id).toBe('r');
  refusals = 2;
  await expect(open()).rejects.toMatchObject({ code: 'tracker.refused' });
  expect(answers).toEqual([400, 200, 400, 400]);
  server.closeAllConnections();
  server.close();
});
