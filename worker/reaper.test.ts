import { expect, test } from 'vitest';
import { campaignName } from '../contracts/ids.ts';
import type { CampaignState } from '../contracts/record.ts';
import type { NewestRun } from '../infra/temporal/newest-run.ts';
import type { SeenCampaign } from '../policies/reap.ts';
import { reapRegularly } from './reaper.ts';

const closedAt = new Date('2026-01-01T00:00:00Z');

/** What the reaper is told of a campaign that Temporal and the store know so. */
async function seenAs(newest: NewestRun | undefined, ending: CampaignState['ending'] | undefined) {
  const stopping = new AbortController();
  let seen: Omit<SeenCampaign, 'createdAtMs'> | undefined;
  const campaigns = {
    newestRun: async () => newest,
    savedState: async () => (ending === undefined ? undefined : ({ ending } as CampaignState)),
  };
  await reapRegularly(
    async (look) => {
      seen = await look(campaignName.parse('demo'));
      stopping.abort();
      return [];
    },
    campaigns,
    stopping.signal,
  );
  return seen;
}

test('Temporal’s newest run counts, whatever the record says', async () => {
  const running = { run: 'r', running: true, closedAt: undefined };
  expect(await seenAs(running, 'released')).toEqual({ phase: 'running', closedAtMs: undefined });
  expect(await seenAs({ run: 'r', running: false, closedAt }, 'running')).toEqual({
    ...{ phase: 'closed', closedAtMs: closedAt.getTime() },
  });
});

test('where Temporal does not know it, it is over only if its record says so: it may run under another Temporal', async () => {
  expect(await seenAs(undefined, 'released')).toMatchObject({ phase: 'closed' });
  expect(await seenAs(undefined, 'running')).toMatchObject({ phase: 'absent' });
  expect(await seenAs(undefined, undefined)).toMatchObject({ phase: 'absent' });
});
