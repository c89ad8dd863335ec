// Against a scripted API server over real sockets: what is told, and when nothing is.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobName } from '../../contracts/ids.ts';
import { ATTEMPT, JOB } from '../labels.ts';
import { type ScriptedApi, startScriptedApi } from '../watch/scripted-api.fixture.ts';
import { createPodWatch, type PodWatch, type PodWatchOptions } from './pod-watch.ts';

const JOB_NAME = jobName.parse('demo-r1-train');
const WITHIN = { timeout: 5_000, interval: 10 };
const DISRUPTED = { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] };

describe('the pods of a job that is waited for', () => {
  let api: ScriptedApi;
  let watch: PodWatch;

  const open = (more: Partial<PodWatchOptions> = {}): void => {
    const timings = { shortestPauseMs: 5, longestPauseMs: 40 };
    watch = createPodWatch({ cluster: api.cluster, namespace: 'team-a', askMs: 60_000, timings, ...more });
  };
  const put = (name: string, attempt: number, status: object = { phase: 'Running' }): void =>
    api.put(name, 0, { labels: { [JOB]: JOB_NAME, [ATTEMPT]: `${attempt}` }, status });
  const told = (attempt: number): Record<string, string> | undefined => {
    const pods = watch.podsOf(JOB_NAME, attempt);
    return pods && Object.fromEntries(pods.map(({ metadata, status }) => [metadata.name, status.phase]));
  };

  beforeEach(async () => {
    api = await startScriptedApi('pods');
    put('a-0', 1);
    put('a-1', 1, { phase: 'Pending' });
    put('b-0', 2);
  });
  afterEach(async () => {
    await watch?.close();
    await api.stop();
  });

  it('are asked for at the first look, and told from then on, those of each attempt apart', async () => {
    open();
    expect(told(1)).toBeUndefined();
    await expect.poll(() => told(1), WITHIN).toEqual({ 'a-0': 'Running', 'a-1': 'Pending' });
    expect(told(2)).toEqual({ 'b-0': 'Running' });
    put('a-1', 1);
    api.remove('a-0');
    await expect.poll(() => told(1), WITHIN).toEqual({ 'a-1': 'Running' });
  });

  it('are asked for while the watch is in trouble', async () => {
    open();
    await expect.poll(() => told(1), WITHIN).toBeDefined();
    const away = api.away(500);
    await expect.poll(() => told(1), WITHIN).toBeUndefined();
    put('a-1', 1);
    await away;
    await expect.poll(() => told(1), WITHIN).toEqual({ 'a-0': 'Running', 'a-1': 'Running' });
  });

  it('are asked for now and then, trouble or not', async () => {
    open({ askMs: 100 });
    await expect.poll(() => told(1), WITHIN).toBeDefined();
    await sleep(120);
    expect(told(1)).toBeUndefined();
    expect(told(1)).toBeDefined();
  });

  it('are remembered with what took their place when they are gone', async () => {
    open();
    await expect.poll(() => told(1), WITHIN).toBeDefined();
    put('a-0', 1, { phase: 'Running', ...DISRUPTED });
    put('a-0', 1, { phase: 'Failed', ...DISRUPTED });
    api.remove('a-0');
    await expect.poll(() => told(1), WITHIN).toEqual({ 'a-1': 'Pending' });
    expect(watch.disruptionsOf(JOB_NAME, 1)).toEqual([
      { pod: 'a-0', node: undefined, reason: 'PreemptionByScheduler' },
    ]);
    expect(watch.disruptionsOf(JOB_NAME, 2)).toEqual([]);
  });

  it('are followed no longer than somebody looks', async () => {
    open({ idleMs: 200 });
    await expect.poll(() => told(1), WITHIN).toBeDefined();
    for (let look = 0; look < 10; look += 1) {
      told(1);
      await sleep(50);
    }
    expect(api.openWatches).toBe(1);
    await expect.poll(() => api.openWatches, WITHIN).toBe(0);
    expect(told(1)).toBeUndefined();
    await expect.poll(() => told(1), WITHIN).toBeDefined();
  });
});
