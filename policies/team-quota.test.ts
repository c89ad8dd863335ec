import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TeamSpec, teamsSpec } from '../contracts/team.ts';
import { type Demand, maySubmit, type Use } from './team-quota.ts';

const DAY = 86_400_000;
const { teams } = teamsSpec.parse({
  apiVersion: 'anneal/v1',
  kind: 'Teams',
  teams: [
    {
      name: 'one',
      members: ['a', 'b'],
      quota: { gpus: 96, tokens: 1_000_000, campaigns: 3, window: '30d' },
      temporal: { namespace: 'one' },
      kubernetes: { namespace: 'one-gpu', queue: 'one' },
    },
    { name: 'two', members: ['c'], quota: { gpus: 0, tokens: 500 }, temporal: { namespace: 'two' } },
  ],
});
const demand = (change: Partial<Demand> = {}): Demand => ({
  ...{ campaign: 'new', owner: 'a', gpus: 32, tokens: 100_000, cluster: true },
  ...change,
});
const use = (change: Partial<Use> = {}): Use => ({
  ...{ campaign: 'old', owner: 'b', gpus: 32, tokens: 100_000, spent: 0, endedAt: undefined },
  ...change,
});
const rule = (asked: Partial<Demand>, ...uses: Use[]) => maySubmit(teams, demand(asked), uses, 100 * DAY);
const shortages = (asked: Partial<Demand>, ...uses: Use[]) => {
  const ruling = rule(asked, ...uses);
  return ruling.allowed ? [] : ruling.shortages.map(({ what }) => what);
};

describe('an owner', () => {
  it('of a team may submit within its quota', () => {
    expect(rule({})).toMatchObject({ allowed: true, team: { name: 'one' } });
    expect(rule({ gpus: 64 }, use())).toMatchObject({ allowed: true });
  });

  it('of no team may not', () => {
    expect(rule({ owner: 'stranger' })).toMatchObject({
      allowed: false,
      shortages: [{ what: 'member', why: 'stranger is in no team; there are one, two' }],
    });
  });

  it('is told everything that is short at once, and by how much', () => {
    const uses = [1, 2, 3].map((n) => use({ campaign: `old-${n}`, tokens: 300_000 }));
    expect(rule({ gpus: 8, tokens: 200_000 }, ...uses)).toMatchObject({
      shortages: [
        { what: 'campaigns', why: '3 of 3 campaigns run already' },
        { what: 'gpus', why: '8 are asked for, 0 are left of 96 GPUs' },
        { what: 'tokens', why: '200,000 are asked for, 100,000 are left of 1,000,000 tokens in 30d' },
      ],
    });
    expect(shortages({ owner: 'c', gpus: 1, tokens: 501 })).toEqual(['cluster', 'gpus', 'tokens']);
    expect(shortages({ owner: 'c', gpus: 0, tokens: 500, cluster: false })).toEqual([]);
  });
});

describe('what counts', () => {
  it('of a running campaign is its whole budget, or more where it has used more', () => {
    expect(shortages({ tokens: 900_000 }, use({ tokens: 100_000, spent: 5 }))).toEqual([]);
    expect(shortages({ tokens: 900_001 }, use({ tokens: 100_000, spent: 5 }))).toEqual(['tokens']);
    expect(shortages({ tokens: 900_000 }, use({ tokens: 100_000, spent: 100_001 }))).toEqual(['tokens']);
  });

  it('of an ended one is what it used, for as long as the window lasts, and no GPU', () => {
    const ended = (days: number) => use({ endedAt: (100 - days) * DAY, spent: 600_000, tokens: 900_000, gpus: 96 });
    expect(shortages({ gpus: 96, tokens: 400_000 }, ended(29))).toEqual([]);
    expect(shortages({ tokens: 400_001 }, ended(29))).toEqual(['tokens']);
    expect(shortages({ tokens: 1_000_000 }, ended(30))).toEqual([]);
  });

  it('is never the campaign itself: it may be submitted or resumed again', () => {
    expect(shortages({ campaign: 'old', gpus: 96, tokens: 1_000_000 }, use({ gpus: 96, tokens: 1_000_000 }))).toEqual(
      [],
    );
  });
});

describe('whatever is submitted', () => {
  const owner = fc.constantFrom('a', 'b', 'c', 'stranger');
  const demands = fc.array(fc.record({ owner, gpus: fc.nat(128), tokens: fc.nat(1_500_000), cluster: fc.boolean() }), {
    maxLength: 30,
  });
  const uses = fc.array(
    fc.record({
      campaign: fc.string({ minLength: 1 }),
      owner,
      gpus: fc.nat(128),
      tokens: fc.nat(1_000_000),
      spent: fc.nat(1_000_000),
      endedAt: fc.option(fc.nat(100 * DAY), { nil: undefined }),
    }),
    { maxLength: 12 },
  );
  const held = (team: TeamSpec, all: readonly Use[], of: (one: Use) => number): number =>
    all.filter((one) => team.members.includes(one.owner)).reduce((total, one) => total + of(one), 0);

  it('campaigns that are all admitted never overrun a quota', () => {
    fc.assert(
      fc.property(demands, (asked) => {
        const running: Use[] = [];
        for (const [index, one] of asked.entries()) {
          const next = { ...one, campaign: `c${index}` };
          if (maySubmit(teams, next, running, 0).allowed) running.push(use({ ...next, spent: 0 }));
        }
        for (const team of teams) {
          expect(held(team, running, (one) => one.gpus)).toBeLessThanOrEqual(team.quota.gpus);
          expect(held(team, running, (one) => one.tokens)).toBeLessThanOrEqual(team.quota.tokens);
          expect(held(team, running, () => 1)).toBeLessThanOrEqual(team.quota.campaigns);
        }
      }),
    );
  });

  it('a ruling is not changed by order, nor by other teams', () => {
    fc.assert(
      fc.property(demands, uses, (asked, all) => {
        for (const one of asked) {
          const next = { ...one, campaign: 'new' };
          const ruling = maySubmit(teams, next, all, 100 * DAY);
          expect(maySubmit(teams, next, all.toReversed(), 100 * DAY)).toEqual(ruling);
          const own = all.filter((other) => ruling.team?.members.includes(other.owner));
          expect(maySubmit(teams, next, own, 100 * DAY)).toEqual(ruling);
        }
      }),
    );
  });

  it('less of everything is never refused for more: fewer campaigns, a smaller demand, a later time', () => {
    fc.assert(
      fc.property(demands, uses, fc.nat(50), (asked, all, days) => {
        for (const one of asked) {
          const next = { ...one, campaign: 'new' };
          if (!maySubmit(teams, next, all, 100 * DAY).allowed) continue;
          const smaller = { ...next, gpus: next.gpus >> 1, tokens: next.tokens >> 1 };
          expect(maySubmit(teams, smaller, all, 100 * DAY).allowed).toBe(true);
          expect(maySubmit(teams, next, all.slice(1), 100 * DAY).allowed).toBe(true);
          expect(maySubmit(teams, next, all, (100 + days) * DAY).allowed).toBe(true);
        }
      }),
    );
  });

  it('a refusal says what is short', () => {
    fc.assert(
      fc.property(demands, uses, (asked, all) => {
        for (const one of asked) {
          const ruling = maySubmit(teams, { ...one, campaign: 'new' }, all, 100 * DAY);
          if (!ruling.allowed) expect(ruling.shortages.length).toBeGreaterThan(0);
        }
      }),
    );
  });
});
