import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type OnCallSpec, onCallSpec } from '../contracts/on-call.ts';
import { everybody, nextAfter, onCallAt, quietUntil, reaching, tellings } from './on-call.ts';

const slack = (who: string) => ({ kind: 'slack', url: `https://hooks.example.org/${who}` });
const SPEC = onCallSpec.parse({
  ...{ apiVersion: 'anneal/v1', kind: 'OnCall' },
  people: { ada: [slack('ada')], ben: [slack('ben')], cyd: [slack('cyd'), { kind: 'email', to: ['cyd@example.org'] }] },
  channels: { team: slack('team') },
  rotation: {
    people: ['ada', 'ben', 'cyd'],
    from: '2026-03-02',
    days: 7,
    handover: '09:00',
    timezone: 'Europe/Berlin',
  },
  quiet: { from: '22:00', to: '07:00', timezone: 'Europe/Berlin' },
  escalation: [
    { after: '0s', tell: ['on-call'] },
    { after: '20m', tell: ['on-call', 'next'] },
    { after: '2h', tell: ['cyd', 'team'] },
  ],
  mail: { server: 'smtp://mail.example.org:25', from: 'anneal@example.org' },
});
const at = (text: string) => new Date(text);

describe('who is on call', () => {
  test.each([
    ['2026-03-02T07:59:00Z', 'cyd', 'ada'],
    ['2026-03-02T08:00:00Z', 'ada', 'ben'],
    ['2026-03-09T07:59:59Z', 'ada', 'ben'],
    ['2026-03-09T08:00:00Z', 'ben', 'cyd'],
    ['2026-03-16T08:00:00Z', 'cyd', 'ada'],
    // Summer time began on the 29th: nine o'clock is an hour earlier.
    ['2026-03-30T06:59:00Z', 'ada', 'ben'],
    ['2026-03-30T07:00:00Z', 'ben', 'cyd'],
  ])('at %s it is %s, then %s', (instant, person, next) => {
    expect([onCallAt(SPEC, at(instant)), nextAfter(SPEC, at(instant))]).toEqual([person, next]);
  });

  it('is whoever stands in for them, the last one that was written down', () => {
    const overrides = [
      { person: 'ben', from: '2026-03-03T00:00:00Z', to: '2026-03-05T00:00:00Z' },
      { person: 'cyd', from: '2026-03-04T00:00:00+01:00', to: '2026-03-04T12:00:00+01:00' },
    ];
    const during = (text: string) => onCallAt({ ...SPEC, overrides }, at(text));
    expect(during('2026-03-02T23:59:00Z')).toBe('ada');
    expect(during('2026-03-03T00:00:00Z')).toBe('ben');
    expect(during('2026-03-04T08:00:00Z')).toBe('cyd');
    expect(during('2026-03-05T00:00:00Z')).toBe('ada');
  });
});

describe('whose say is lent', () => {
  const gate = {
    kind: 'integrity',
    openedAt: at('2026-03-03T10:00:00Z'),
    deadline: at('2026-03-04T10:00:00Z'),
  } as const;
  const all = tellings(SPEC, gate);
  const whomOf = (index: number, lent: { from: string; to: string }[]) =>
    reaching(SPEC, all[index]!, all, lent).map(({ whom, channel }) => `${whom} by ${channel.kind}`);

  it('is not told: whom it was lent to is, once a step, by all their ways', () => {
    expect(all.map(({ whom }) => whom)).toEqual(['ada', 'ada', 'ben', 'cyd', 'cyd', 'team']);
    expect(whomOf(0, [{ from: 'Ada', to: 'cyd' }])).toEqual(['cyd by slack', 'cyd by email']);
    expect([3, 4].map((index) => whomOf(index, [{ from: 'cyd', to: 'ben' }]))).toEqual([['ben by slack'], []]);
    expect(whomOf(2, [{ from: 'ada', to: 'cyd' }])).toEqual(['ben by slack']);
  });

  it('is told all the same where the file does not know whom it was lent to', () => {
    expect(whomOf(0, [{ from: 'ada', to: 'somebody' }])).toEqual(['ada by slack']);
    expect(whomOf(5, [{ from: 'team', to: 'ben' }])).toEqual(['team by slack']);
  });
});

test('everybody is everybody of the escalation, each way once, whatever the hour', () => {
  const told = everybody(SPEC, at('2026-03-03T23:30:00Z')).map(({ whom, channel }) => `${whom} by ${channel.kind}`);
  expect(told).toEqual(['ada by slack', 'ben by slack', 'cyd by slack', 'cyd by email', 'team by slack']);
});

describe('quiet hours', () => {
  const quiet = SPEC.quiet!;
  test.each([
    ['2026-03-03T20:59:00Z', undefined],
    ['2026-03-03T21:00:00Z', '2026-03-04T06:00:00.000Z'],
    ['2026-03-04T02:30:40Z', '2026-03-04T06:00:00.000Z'],
    ['2026-03-04T06:00:00Z', undefined],
    // The night in which the clock is put forward, and the one in which it is put back.
    ['2026-03-28T21:30:00Z', '2026-03-29T05:00:00.000Z'],
    ['2026-10-24T21:30:00Z', '2026-10-25T06:00:00.000Z'],
  ])('from %s last until %s', (instant, until) => {
    expect(quietUntil(quiet, at(instant))?.toISOString()).toBe(until);
  });

  it('end at their end on any night, in any timezone', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Sydney');
    const clocks = fc.constantFrom('00:00', '05:30', '07:00', '12:00', '21:15', '23:59');
    fc.assert(
      fc.property(
        fc.date({ min: at('2026-01-01T00:00:00Z'), max: at('2027-12-31T00:00:00Z'), noInvalidDate: true }),
        zones,
        clocks,
        clocks,
        (now, timezone, from, to) => {
          const until = quietUntil({ from, to, timezone }, now);
          if (until === undefined) return;
          expect(until.getTime()).toBeGreaterThan(now.getTime());
          expect(until.getTime() - now.getTime()).toBeLessThanOrEqual(25 * 3_600_000);
          const shown = until.toLocaleTimeString('en-GB', { timeZone: timezone, hour: '2-digit', minute: '2-digit' });
          expect(shown).toBe(to);
        },
      ),
    );
  });
});

describe('tellings', () => {
  const gate = (openedAt: string, deadline: string, kind: 'release' | 'integrity' = 'release') => ({
    ...{ kind, openedAt: at(openedAt), deadline: at(deadline) },
  });
  const told = (...of: Parameters<typeof gate>) =>
    tellings(SPEC, gate(...of)).map(
      ({ at: when, whom, channel }) => `${when.toISOString().slice(5, 16)} ${whom} ${channel.kind}`,
    );

  it('go up the chain until somebody answers', () => {
    expect(told('2026-03-03T10:00:00Z', '2026-03-04T10:00:00Z')).toEqual([
      '03-03T10:00 ada slack',
      '03-03T10:20 ada slack',
      '03-03T10:20 ben slack',
      '03-03T12:00 cyd slack',
      '03-03T12:00 cyd email',
      '03-03T12:00 team slack',
    ]);
  });

  it('wait for the morning, but for what is urgent, and for a gate that would be over by then', () => {
    // Three steps in one moment: each of them once.
    expect(told('2026-03-03T21:00:00Z', '2026-03-05T10:00:00Z')).toEqual(
      ['ada slack', 'ben slack', 'cyd slack', 'cyd email', 'team slack'].map((one) => `03-04T06:00 ${one}`),
    );
    expect(told('2026-03-03T21:00:00Z', '2026-03-05T10:00:00Z', 'integrity')[0]).toBe('03-03T21:00 ada slack');
    expect(told('2026-03-03T21:00:00Z', '2026-03-04T03:00:00Z')[0]).toBe('03-04T02:00 ada slack');
    // Less than its lead is left: at once.
    expect(told('2026-03-03T21:00:00Z', '2026-03-03T21:30:00Z')).toEqual([
      '03-03T21:00 ada slack',
      '03-03T21:20 ada slack',
      '03-03T21:20 ben slack',
    ]);
  });

  it('are in order, once each, never before they are due nor after the deadline', () => {
    const instant = fc.date({ min: at('2026-01-01T00:00:00Z'), max: at('2026-12-31T00:00:00Z'), noInvalidDate: true });
    fc.assert(
      fc.property(
        instant,
        fc.integer({ min: 1, max: 72 * 60 }),
        fc.constantFrom('release', 'integrity'),
        (openedAt, minutes, kind) => {
          const deadline = new Date(openedAt.getTime() + minutes * 60_000);
          const found = tellings(SPEC, { kind: kind as 'release', openedAt, deadline });
          expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
          expect(found.map((one) => one.at.getTime())).toEqual(
            found.map((one) => one.at.getTime()).toSorted((a, b) => a - b),
          );
          for (const one of found) {
            expect(one.at.getTime()).toBeGreaterThanOrEqual(openedAt.getTime());
            expect(one.at.getTime()).toBeLessThan(deadline.getTime());
          }
          // Somebody is told of every gate.
          expect(found.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('the file', () => {
  const problems = (change: object): string[] => {
    const parsed = onCallSpec.safeParse({ ...(SPEC as OnCallSpec), ...change });
    return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };
  it('is refused with everything that is wrong', () => {
    expect(problems({})).toEqual([]);
    expect(
      problems({
        channels: { ada: slack('x') },
        rotation: { ...SPEC.rotation, people: ['ada', 'dan'] },
        overrides: [{ person: 'eve', from: '2026-03-05T00:00:00Z', to: '2026-03-05T00:00:00Z' }],
        escalation: [{ after: '0s', tell: ['on-call', 'nobody'] }],
        mail: undefined,
      }),
    ).toEqual([
      'rotation.people.1: a person of people, not dan',
      'overrides.0.person: a person of people, not eve',
      'overrides.0.to: an instant after from',
      'escalation.0.tell.1: on-call, next, a person or a channel, not nobody',
      'people.ada: a name that nothing else has',
      'mail: the server that takes mail, since some are told by mail',
    ]);
    expect(problems({ quiet: { from: '25:00', to: '7', timezone: 'Europe/Atlantis' } })).toHaveLength(3);
  });
});
