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
  }
  const asked: string[] = [];
  const cluster: Cluster = {
    server: 'https://nowhere',
    async ask({ path }) {
      asked.push(path);
      throw new AnnealError('cluster.unavailable', 'no answer');
    },
    open: () => Promise.reject(new Error('nothing is opened')),
  };
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
