// Where the cluster does not answer. (Against a real one: tests/k8s/logs-command.test.ts.)
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { AnnealError } from '../../contracts/errors.ts';
import { campaignName } from '../../contracts/ids.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import type { Cluster } from '../cluster/request.ts';
import { readTrainingLog } from './training-log.ts';

const home = mkdtempSync(join(tmpdir(), 'anneal-training-log-'));
afterAll(() => rmSync(home, { recursive: true }));

const away = (onAsk: (path: string) => void = () => undefined): Cluster => ({
  server: 'https://nowhere',
  async ask({ path }) {
    onAsk(path);
    throw new AnnealError('cluster.unavailable', 'no answer');
  },
  open: () => Promise.reject(new Error('nothing is opened')),
});

it('says where a log that was left has no end, or no beginning, and where it is whole says nothing', async () => {
  const store = createFolderStore(join(home, 'gaps'));
  const leave = (attempt: number, what: string, text: string) =>
    store.createNamed(`jobs/small-r1-train/attempts/${attempt}/${what}`, text);
  for (const attempt of [1, 2, 3, 4]) await leave(attempt, 'begun', '');
  await leave(1, 'log', 'killed\n');
  await leave(2, 'log', 'whole\n');
  await leave(2, 'log-end', '{"bytes": 6}\n');
  await leave(3, 'log', 'the end\n');
  await leave(3, 'log-end', '{"bytes": 600}\n');
  const told: string[] = [];
  const lines = readTrainingLog({
    ...{ cluster: away(), store, namespace: 'gpu', campaign: campaignName.parse('small') },
    onGap: (what) => void told.push(what),
    onTrouble: () => undefined,
  });
  for await (const { text } of lines) told.push(text);
  expect(told).toEqual([
    'killed',
    expect.stringMatching(/small-r1-train-a1 may lack its end/),
    'whole',
    expect.stringMatching(/small-r1-train-a3 lacks its beginning: of 600 bytes the last 8/),
    'the end',
  ]);
});

it('tells of every attempt what is in the store, in order, and asks the cluster once only', async () => {
  const store = createFolderStore(home);
  for (const [job, attempt] of [
    ['small-r10-train', 1],
    ['small-r2-train', 10],
    ['small-r2-train', 9],
    ['smaller-r1-train', 1],
  ] as const) {
    await store.createNamed(`jobs/${job}/attempts/${attempt}/begun`, '');
    await store.createNamed(`jobs/${job}/attempts/${attempt}/log`, `of ${attempt}\n\n`);
    await store.createNamed(`jobs/${job}/attempts/${attempt}/log-end`, '{"bytes": 5}\n');
  }
  const asked: string[] = [];
  const cluster = away((path) => void asked.push(path));
  const troubles: string[] = [];
  const told: string[] = [];
  const lines = readTrainingLog({
    ...{ cluster, store, namespace: 'gpu', campaign: campaignName.parse('small') },
    onGap: (what) => void troubles.push(what),
    onTrouble: ({ code }) => void troubles.push(code),
  });
  for await (const { source, text } of lines) told.push(`${source}: ${text}`);
  const of = (source: string, attempt: number): string[] => [`${source}: of ${attempt}`, `${source}: `];
  expect(told).toEqual([
    ...of('small-r2-train-a9', 9),
    ...of('small-r2-train-a10', 10),
    ...of('small-r10-train-a1', 1),
  ]);
  expect(troubles).toEqual(['cluster.unavailable']);
  expect(asked).toHaveLength(1);
});
