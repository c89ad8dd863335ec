// What a workflow or an activity hands to Temporal stays small: larger values go to the store, as {uri, sha256, bytes}.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type CampaignInput, campaignState, type RoundRecord } from '../../contracts/record.ts';
import { olderRounds, retire } from '../../workflows/retire.ts';

const folder = join(import.meta.dirname, '..', 'histories');
const LIMIT = 64 * 1024;

interface Found {
  readonly bytes: number;
  /** File, event and the members that lead to it. */
  readonly at: string;
  readonly values: readonly unknown[];
}

/** Every payload below a value. The arguments of one call count together: they are sent together. */
function payloads(value: unknown, at: string): Found[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('payloads' in value && Array.isArray(value.payloads)) {
    const each = value.payloads.flatMap((one) => payloads(one, at));
    return [{ bytes: each.reduce((sum, { bytes }) => sum + bytes, 0), at, values: each.flatMap((one) => one.values) }];
  }
  if ('data' in value && 'metadata' in value && typeof value.data === 'string') {
    const data = Buffer.from(value.data, 'base64');
    return [{ bytes: data.byteLength, at, values: [JSON.parse(data.toString('utf8'))] }];
  }
  return Object.entries(value).flatMap(([name, member]) => payloads(member, `${at}.${name}`));
}

function measured(file: string): Found[] {
  const { events } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    events: { eventId: string; eventType: string }[];
  };
  return events.flatMap((event) => payloads(event, `${file} ${event.eventId}`));
}

const all = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap(measured)
  .sort((a, b) => b.bytes - a.bytes);

test('no payload of any recorded campaign comes near 64 KiB', () => {
  expect(all.length).toBeGreaterThan(1_000);
  expect(all[0]?.bytes, all[0]?.at).toBeGreaterThan(8 * 1024);
  expect(all[0]?.bytes, all[0]?.at).toBeLessThan(LIMIT / 2);
});

const continued = (campaign: string): CampaignInput =>
  all.find(({ at }) => at.startsWith(`campaign_${campaign}.`) && at.includes('ContinuedAsNew'))!
    .values[0] as CampaignInput;

/** As many capabilities in doubt as a record lists, which no campaign with any sense goes on with. */
const DOUBTS = ['builtins', 'compositions', 'itertools', 'list', 'math', 'operator', 'statistics', 'str'].map(
  (capability) => ({
    ...{ capability, finding: 'flagged' as const, before: 0.5, after: 0.25 },
  }),
);

const GAP = { value: 0.1, low: 0.1, high: 0.1, frozen: false };

test.each(['better', 'certified'])(
  'a run of a campaign starts below 64 KiB, also after a thousand rounds: %s',
  (name) => {
    const input = continued(name);
    const state = campaignState.parse(input.state);
    const { look, ...first } = state.rounds[0]!;
    expect(look === undefined).toBe(name === 'better');
    const like = wide({
      ...first,
      ...(look && { why: 'w'.repeat(900), look: { ...look, gap: GAP, slices: DOUBTS } }),
    }) as RoundRecord;
    let largest = 0;
    for (let round = state.round + 1; round <= 1_000; round += 1) {
      state.round = round;
      state.latest = round;
      if (round % 3 === 0) state.best = round;
      state.rounds.push({ ...like, round, from: round - 1, to: round });
      state.policies.push({ ...like.policy, number: round });
      for (const stage of ['rollout', 'train', 'evaluate', 'decide'])
        state.stages.push({ stage, round, seconds: 1_234.567 });
      const seconds = total(state.stages);
      retire(state, olderRounds(state));
      expect(total(state.stages)).toBeCloseTo(seconds, 3);
      largest = Math.max(largest, Buffer.byteLength(JSON.stringify({ ...input, state })));
    }
    const kept = name === 'better' ? 12 : 8;
    expect(state.rounds.map(({ round }) => round)).toEqual(
      Array.from({ length: kept }, (_, index) => 1_001 - kept + index),
    );
    expect(largest).toBeLessThan(LIMIT);
  },
);

test('… and where most of 32 servers were given up in each move of each round', () => {
  const input = continued('certified');
  const state = campaignState.parse(input.state);
  const first = state.rounds[0]!;
  const servers = Array.from({ length: 30 }, (_, index) => ({
    url: `http://first-campaign-policy-${index}.first-campaign-policy.team-a-gpu.svc:8000`,
    why: 'w'.repeat(300),
  }));
  const givenUp = [{ policy: first.policy.name, servers }];
  for (let round = state.round + 1; round <= 100; round += 1) {
    Object.assign(state, { round, latest: round, givenUp: givenUp[0] });
    if (round === 50) state.best = round;
    state.rounds.push({ ...first, round, from: round - 1, to: round, givenUp });
    const older = olderRounds(state);
    retire(state, older);
    expect(older.every((one) => one.round < round)).toBe(true);
    expect(state.rounds.at(-1)?.round).toBe(round);
    expect(Buffer.byteLength(JSON.stringify({ ...input, state }))).toBeLessThan(LIMIT);
  }
  expect(state.rounds.some(({ to }) => to === state.best)).toBe(true);
  expect(state.rounds.length).toBeGreaterThan(2);
});

const total = (stages: readonly { seconds: number }[]): number => stages.reduce((sum, { seconds }) => sum + seconds, 0);

/** The same value with every fraction as long as a fraction can be, as measured ones are. */
function wide(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : 0.1234567890123457;
  if (Array.isArray(value)) return value.map(wide);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, wide(member)]));
}
