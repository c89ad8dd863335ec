// What activities about policy servers say while they wait. The fleet and the policies are *scripted*.
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { campaignName } from '../contracts/ids.ts';
import type { PolicyHost, ServerFleet } from '../contracts/ports.ts';
import { atBoundary } from './boundary.ts';
import { createServerActivities } from './servers.ts';

const campaign = campaignName.parse('served');
let beats: unknown[] = [];
const context = {
  cancellationSignal: new AbortController().signal,
  heartbeat: (details: unknown) => void beats.push(details),
} as unknown as Context;
const within = <T>(run: () => Promise<T>): Promise<T> => asyncLocalStorage.run(context, run);

beforeEach(() => {
  beats = [];
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

test('to rest says what is waited for, at once and again while nothing changes', async () => {
  let end = (_: boolean): void => undefined;
  const fleet: Pick<ServerFleet, 'rest'> = {
    rest: (_name, _signal, onProgress) => {
      onProgress('served-policy-0 on node-7 is still there');
      return new Promise((resolve) => {
        end = resolve;
      });
    },
  };
  const { restServers } = atBoundary(createServerActivities(fleet as ServerFleet, {} as PolicyHost));
  const resting = within(() => restServers({ campaign }));
  const said = { waitingFor: 'served-policy-0 on node-7 is still there' };
  expect(beats).toEqual([said]);
  await within(() => vi.advanceTimersByTimeAsync(7_000));
  expect(beats).toEqual([said, said, said]);
  end(true);
  expect(await resting).toEqual({ resting: true });
  await within(() => vi.advanceTimersByTimeAsync(7_000));
  expect(beats).toHaveLength(3);
});

test('where one server serves every campaign, none rests', async () => {
  const { restServers } = createServerActivities(undefined, {} as PolicyHost);
  expect(await within(() => restServers({ campaign }))).toEqual({ resting: false });
});
