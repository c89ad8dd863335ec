// Commands of one team at once, each read, look, swap and start a step of its own, in any order, with crashes, a list that is behind
// and a clock that goes on: what runs is never over the quota, and what is reserved comes free.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaignName } from '../contracts/ids.ts';
import { teamSpec } from '../contracts/team.ts';
import {
  type EndedUse,
  type Reservation,
  reservation,
  reservationsName,
  type TeamBook,
} from '../contracts/team-reservation.ts';
import type { Use } from './team-quota.ts';
import {
  askForPlace,
  type Execution,
  RESERVED_MS,
  type Request,
  renewPlace,
  type Seen,
  standingOf,
} from './team-reservations.ts';

const team = teamSpec.parse({
  ...{ name: 'one', members: ['a'], temporal: { namespace: 'one' }, kubernetes: { namespace: 'one' } },
  quota: { gpus: 8, tokens: 1_000, campaigns: 3 },
});
const NOW = Date.parse('2026-01-05T09:00:00.000Z');
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const isPilot = ({ workflow }: Reservation): boolean => workflow.startsWith('pilot/');
const request = (n: number, change: Partial<Request> = {}): Request => {
  const campaign = campaignName.parse(`c${n}`);
  const what = { attempt: uuid(n), campaign, workflow: `campaign/${campaign}`, owner: 'a', cluster: true };
  return { ...what, gpus: 4, tokens: 100, ...change };
};
const held = (n: number, change: Partial<Reservation> = {}): Reservation => {
  const { cluster: _, ...of } = request(n);
  return reservation.parse({ ...of, at: new Date(NOW).toISOString(), before: null, ...change });
};
const seen = (executions: Record<string, Execution>, uses: Use[] = []): Seen => ({
  executions: new Map(Object.entries(executions)),
  uses,
});
const book = (reservations: readonly Reservation[], ended: readonly EndedUse[] = []): TeamBook => ({
  reservations: [...reservations],
  ended: [...ended],
});
const ask = (asked: Request, on: readonly Reservation[], at = seen({}), now = NOW, ended: readonly EndedUse[] = []) =>
  askForPlace(team, asked, book(on, ended), at, isPilot, now);

describe('a reservation', () => {
  const running = { run: 'r1', running: true };
  const closed = { run: 'r1', running: false };
  it.each([
    ['waits until its time is over', null, undefined, RESERVED_MS - 1, 'waiting'],
    ['is given up then', null, undefined, RESERVED_MS, 'expired'],
    ['of a clock that is far ahead is given up too', null, undefined, -RESERVED_MS, 'expired'],
    ['never ends while its workflow runs', null, running, 100 * RESERVED_MS, 'running'],
    ['is over when that has closed', null, closed, 0, 'over'],
    ['waits where only the run before it has closed', 'r1', closed, 1, 'waiting'],
    ['is over when a later run has closed', 'r0', closed, 1, 'over'],
  ] as const)('%s', (_name, before, execution, later, standing) => {
    expect(standingOf(held(1, { before }), execution, NOW + later)).toBe(standing);
  });

  it('counts for others of its team, and not beside another attempt at the same campaign', () => {
    expect(ask(request(3), [held(1), held(2)]).ruling).toMatchObject({ allowed: false, shortages: [{ what: 'gpus' }] });
    expect(ask(request(3), [held(1), held(2)]).waiting.map(({ campaign }) => campaign)).toEqual(['c1', 'c2']);
    const again = ask(request(1, { attempt: uuid(9) }), [held(1), held(2)]);
    expect(again.ruling.allowed).toBe(true);
    expect(again.next?.reservations.map(({ attempt }) => attempt)).toEqual([uuid(1), uuid(2), uuid(9)]);
    // Both attempts are one campaign.
    expect(
      ask(
        request(2),
        again.next!.reservations.filter(({ campaign }) => campaign === 'c1'),
      ).ruling.allowed,
    ).toBe(true);
  });

  it('is not made for what runs already', () => {
    expect(ask(request(1), [held(1)], seen({ 'campaign/c1': running }))).toMatchObject({
      ruling: { allowed: true },
      next: undefined,
    });
  });

  it('of a pilot counts until that is over', () => {
    const pilot = held(1, { workflow: 'pilot/c1', gpus: 8 });
    expect(ask(request(2), [pilot], seen({ 'pilot/c1': running })).ruling.allowed).toBe(false);
    expect(ask(request(2), [pilot], seen({ 'pilot/c1': closed })).next?.reservations).toHaveLength(1);
  });

  it('of a campaign that is over becomes what it used, which counts for the window without Temporal', () => {
    const use = { campaign: 'c1', owner: 'a', gpus: 0, tokens: 100, spent: 80, endedAt: NOW };
    const { next } = ask(request(2), [held(1)], seen({ 'campaign/c1': closed }, [use]));
    expect(next?.reservations.map(({ campaign }) => campaign)).toEqual(['c2']);
    expect(next?.ended).toEqual([{ campaign: 'c1', owner: 'a', spent: 80, endedAt: new Date(NOW).toISOString() }]);
    const later = (days: number, tokens: number) =>
      ask(request(3, { tokens }), [], seen({}), NOW + days * 86_400_000, next!.ended);
    expect(later(29, 921).ruling).toMatchObject({ allowed: false, shortages: [{ what: 'tokens' }] });
    expect(later(29, 920)).toMatchObject({ ruling: { allowed: true }, next: { ended: next!.ended } });
    expect(later(30, 1_000)).toMatchObject({ ruling: { allowed: true }, next: { ended: [] } });
    // Taken up again it counts once, as a running one.
    const again = { ...use, gpus: 4, endedAt: undefined };
    const both = ask(request(3, { tokens: 900 }), [], seen({ 'campaign/c1': running }, [again]), NOW, next!.ended);
    expect(both).toMatchObject({ ruling: { allowed: true }, next: { ended: [] } });
  });

  it('is renewed as long as it is on record; one that is not, or whose workflow has closed since, is lost', () => {
    const late = NOW + 3 * RESERVED_MS;
    const ended = [{ campaign: held(3).campaign, owner: 'a', spent: 1, endedAt: new Date(NOW).toISOString() }];
    expect(renewPlace(uuid(1), book([held(1), held(2)], ended), undefined, late)).toEqual(
      book([held(1, { at: new Date(late).toISOString() }), held(2)], ended),
    );
    expect(renewPlace(uuid(1), book([held(1)]), running, late)).toBe('runs');
    expect(renewPlace(uuid(1), book([held(1)]), closed, late)).toBe('lost');
    expect(renewPlace(uuid(1), book([held(2)]), undefined, late)).toBe('lost');
  });

  it("has a name in the store that is its team's", () => {
    expect(reservationsName(team.name)).toBe('teams/one/reservations');
  });
});

/** Everything that a step may change. */
function world(demands: readonly { gpus: number; tokens: number }[], actors: readonly number[]) {
  let [now, version] = [NOW, 0];
  let record = book([]);
  const started: string[] = [];
  const campaigns = demands.map((demand, n) => ({
    ...{ ...demand, name: `c${n}`, workflow: `campaign/c${n}`, listed: false, spent: 0, endedAt: 0 },
    newest: undefined as Execution | undefined,
  }));
  type Read = { version: number; held: TeamBook };
  const commands = actors.map((n, index) => ({
    of: campaigns[n]!,
    request: request(n, { ...demands[n]!, attempt: uuid(index) }),
    phase: 'read' as 'read' | 'look' | 'swap' | 'renew' | 'renewed' | 'start' | 'done',
    read: { version: 0, held: record } as Read,
    seen: seen({}),
    lookedAt: 0,
    renewedAt: 0,
  }));
  const swap = (from: Read, next: TeamBook): boolean => {
    if (from.version !== version) return false;
    [version, record] = [version + 1, next];
    return true;
  };
  function look({ reservations: on }: TeamBook): Seen {
    const known = campaigns.filter(
      ({ name, newest, listed, endedAt }) =>
        listed || ((newest || endedAt > 0) && on.some((one) => one.campaign === name)),
    );
    const uses = known.map(
      ({ name, newest, gpus, tokens, spent, endedAt }): Use => ({
        ...{ campaign: name, owner: 'a', tokens, spent },
        ...(newest?.running ? { gpus, endedAt: undefined } : { gpus: 0, endedAt }),
      }),
    );
    const executions = new Map(campaigns.map(({ workflow, newest }) => [workflow, newest]));
    return { executions, uses };
  }
  type Command = (typeof commands)[number];
  const steps: Record<Command['phase'], (command: Command) => Command['phase']> = {
    read(command) {
      command.read = { version, held: record };
      return 'look';
    },
    look(command) {
      // From before the look: what had to be started by then is seen.
      command.lookedAt = now;
      command.seen = look(command.read.held);
      return 'swap';
    },
    swap({ request, read, seen, lookedAt }) {
      const { ruling, next } = askForPlace(team, request, read.held, seen, isPilot, lookedAt);
      if (!ruling.allowed) return 'done';
      return next === undefined || swap(read, next) ? 'renew' : 'read';
    },
    renew(command) {
      command.read = { version, held: record };
      command.seen = look(record);
      return 'renewed';
    },
    renewed(command) {
      const { request, read, seen, of } = command;
      const next = renewPlace(request.attempt, read.held, seen.executions.get(of.workflow), now);
      if (next === 'lost') return 'read';
      if (next === 'runs') return 'done';
      if (!swap(read, next)) return 'renew';
      command.renewedAt = now;
      return 'start';
    },
    start({ of, renewedAt }) {
      // What the whole rests on: from the renewal to the start is one call with a deadline.
      if (now - renewedAt >= RESERVED_MS) return 'done';
      if (!of.newest?.running) of.newest = { run: `r${started.push(of.name)}`, running: true };
      return 'done';
    },
    done: () => 'done',
  };
  return {
    campaigns,
    step: (n: number) => {
      const command = commands[n % commands.length]!;
      command.phase = steps[command.phase](command);
    },
    kill: (n: number) => {
      commands[n % commands.length]!.phase = 'done';
    },
    fail: (n: number) => {
      const command = commands[n % commands.length]!;
      if (command.phase !== 'renew') return;
      command.phase = 'done';
      [version, record] = [
        version + 1,
        {
          ...record,
          reservations: record.reservations.filter(({ attempt }) => attempt !== command.request.attempt),
        },
      ];
    },
    end: (n: number) => {
      const one = campaigns[n % campaigns.length]!;
      if (!one.newest?.running) return;
      one.newest = { run: one.newest.run, running: false };
      [one.spent, one.endedAt] = [one.tokens, now];
    },
    show: (n: number) => {
      const one = campaigns[n % campaigns.length]!;
      one.listed ||= one.newest !== undefined;
    },
    /** Temporal's retention is over: only the store and the book know of it. */
    forget: (n: number) => {
      const one = campaigns[n % campaigns.length]!;
      if (one.newest?.running === false) [one.newest, one.listed] = [undefined, false];
    },
    tick: (n: number) => {
      now += (n % 8) * 120_000;
    },
    /** What a new campaign would find when every command is gone. */
    later: () => {
      now += RESERVED_MS;
      const asked = request(99, { gpus: 8, tokens: 1 });
      return askForPlace(team, asked, record, look(record), isPilot, now);
    },
  };
}

describe('whatever happens in whatever order', () => {
  const demand = fc.record({ gpus: fc.integer({ min: 1, max: 8 }), tokens: fc.integer({ min: 1, max: 500 }) });
  const action = fc.oneof(
    { weight: 12, arbitrary: fc.constant('step' as const) },
    { weight: 3, arbitrary: fc.constantFrom('kill', 'fail', 'end', 'show', 'tick') },
    { weight: 2, arbitrary: fc.constantFrom('end', 'forget', 'tick') },
  );
  const moves = fc.array(fc.tuple(action, fc.nat(40)), { minLength: 20, maxLength: 200 });
  const demands = fc.array(demand, { minLength: 4, maxLength: 4 });
  const actors = fc.array(fc.nat(3), { minLength: 2, maxLength: 9 });

  it('what runs is within the quota', () => {
    let started = 0;
    fc.assert(
      fc.property(demands, actors, moves, (asked, commands, order) => {
        const all = world(asked, commands);
        for (const [what, n] of order) {
          all[what](n);
          const running = all.campaigns.filter(({ newest }) => newest?.running);
          const ended = all.campaigns.filter(({ newest }) => newest?.running !== true);
          const sum = (of: typeof running, amount: (one: (typeof running)[number]) => number): number =>
            of.reduce((total, one) => total + amount(one), 0);
          started = Math.max(started, running.length);
          const tokens = sum(running, (one) => Math.max(one.tokens, one.spent)) + sum(ended, ({ spent }) => spent);
          const { quota } = team;
          const within = sum(running, ({ gpus }) => gpus) <= quota.gpus && running.length <= quota.campaigns;
          if (!within || tokens > quota.tokens) expect.fail(JSON.stringify(all.campaigns));
        }
      }),
      { numRuns: 5_000 },
    );
    // Else the model would admit nothing and prove nothing.
    expect(started).toBeGreaterThan(1);
  });

  it('what is reserved comes free: by itself after its time, or when its campaign has closed', () => {
    fc.assert(
      fc.property(demands, actors, moves, (asked, commands, order) => {
        const all = world(asked, commands);
        for (const [what, n] of order) all[what](n);
        for (const [n] of all.campaigns.entries()) {
          all.end(n);
          all.show(n);
        }
        const { ruling, next } = all.later();
        expect(ruling.allowed || ruling.shortages.map(({ what }) => what)).toSatisfy(
          (found: true | string[]) => found === true || found.join() === 'tokens',
        );
        if (ruling.allowed) expect(next?.reservations.map(({ campaign }) => campaign)).toEqual(['c99']);
      }),
      { numRuns: 500 },
    );
  });
});
