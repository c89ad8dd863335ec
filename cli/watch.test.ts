// The live view over a scripted campaign: what it reads beside the status is on the screen.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { campaignSpec } from '../contracts/campaign.ts';
import type { StepMetrics } from '../contracts/job.ts';
import type { RoundRecord } from '../contracts/record.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { fixtureReport, fixtureStatus } from '../tests/fixtures/report.fixture.ts';
import { divergenceReader } from './divergence.ts';
import type { Session } from './session.ts';
import { watchCampaign } from './watch.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-watch-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const step = (number: number, kl: number): StepMetrics => ({
  ...{ step: number, loss: 1, kl, entropy: 1, clipFraction: 0, gradNorm: 1, meanRatio: 1 },
  ...{ stalenessMin: 0, stalenessMax: 0, samples: 1, tokens: 1, seconds: 1 },
});

/** The fixture's rounds, with metrics in a store: the second round's are lost, a third trained on nothing. */
async function trained() {
  const store = createFolderStore(folder);
  const { state } = fixtureStatus();
  const [first, second] = state.rounds as [RoundRecord, RoundRecord];
  const metrics = await store.put(JSON.stringify([step(1, 0.5), step(2, 0.0123)]));
  const { training: _, ...untrained } = second;
  const rounds = [{ ...first, training: { ...first.training!, metrics } }, second, { ...untrained, round: 3 }];
  return { store, state: { ...state, rounds } };
}

test('KL is that of the last step of the round', async () => {
  const { store, state } = await trained();
  const session = {
    store,
    colour: false,
    campaigns: async () => ({
      spec: async () => campaignSpec.parse(fixtureReport().spec),
      brokenOff: async () => undefined,
      statusWithProgress: async () => fixtureStatus({ state }),
    }),
  } as unknown as Session;
  let shown = '';
  const screen = { isTTY: true, columns: 100, rows: 40, write: (text: string) => (shown += text) };
  await watchCampaign(session, state.campaign, { once: true, screen });
  const row = (round: number): string | undefined => shown.split('\n').find((line) => line.startsWith(`${round}  `));
  expect(shown).toMatch(/ KL /);
  expect(row(1)).toContain(' 0.0123 ');
  expect(row(2)).toMatch(/% {2,}– /);
});

test('asked once, it prints the whole view, piped too and however low the terminal is; time stands still at the end', async () => {
  const { store, state } = await trained();
  const session = {
    store,
    colour: false,
    campaigns: async () => ({
      spec: async () => campaignSpec.parse(fixtureReport().spec),
      brokenOff: async () => undefined,
      endedAt: async () => new Date(Date.parse(state.startedAt) + 270_000),
      statusWithProgress: async () => fixtureStatus({ state: { ...state, ending: 'released' }, stage: 'ended' }),
    }),
  } as unknown as Session;
  for (const kind of [{ isTTY: false }, { isTTY: true, columns: 80, rows: 5 }]) {
    let shown = '';
    const screen = { ...kind, write: (text: string) => (shown += text) };
    await watchCampaign(session, state.campaign, { once: true, screen });
    expect(shown).toMatch(/^fixture-campaign .*released\n/);
    expect(shown).toContain('· 4m 30s of 30m 00s\n');
    expect(shown).not.toContain('\u001b');
  }
});

test('metrics are read once a round, however often the view is drawn', async () => {
  const { store, state } = await trained();
  let reads = 0;
  const read = divergenceReader({ get: (ref) => store.get(ref).finally(() => (reads += 1)) });
  const only = state.rounds.slice(0, 1);
  expect(await read(only)).toEqual({ 1: 0.0123 });
  expect(await read([...only, ...state.rounds.slice(2)])).toEqual({ 1: 0.0123 });
  expect(reads).toBe(1);
});
