import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type TicketSpent, ticketName, ticketPriority } from '../contracts/ticket.ts';
import { backOffMs, isStalled, nextAttempt, nextTicket, type SeenTurn } from './ticket.ts';

const TICKET = ticketName.parse('ticket-0123456789ab');
const BACK_OFF = { firstMs: 1_000, mostMs: 60_000 };
const BUDGET = { turns: 60, tokens: 10_000, seconds: 600 };
const spent = fc.record({ turns: fc.integer({ min: 1, max: 80 }), tokens: fc.nat(12_000), seconds: fc.nat(700) });

describe('which ticket comes next', () => {
  test('is the most pressing one, and of those the first', () => {
    const waiting = fc.array(fc.record({ priority: fc.constantFrom(...ticketPriority.options) }), { maxLength: 20 });
    fc.assert(
      fc.property(waiting, (all) => {
        const at = nextTicket(all);
        if (all.length === 0) return at === -1;
        const ranks = all.map(({ priority }) => ticketPriority.options.indexOf(priority));
        return at === ranks.indexOf(Math.min(...ranks));
      }),
    );
  });
});

describe('another attempt', () => {
  test('is never given more than is left, nor made once the budget or the attempts are used up', () => {
    fc.assert(
      fc.property(fc.array(spent, { maxLength: 8 }), fc.integer({ min: 1, max: 6 }), (all, most) => {
        const next = nextAttempt({ ticket: TICKET, spent: all, most, budget: BUDGET, backOff: BACK_OFF });
        if (next.how === 'stop') return next.why !== '';
        expect(all.length).toBeLessThan(most);
        for (const what of ['turns', 'tokens', 'seconds'] as const) {
          const used = all.reduce((sum, one) => sum + one[what], 0);
          expect(next.budget[what] + used).toBeLessThanOrEqual(BUDGET[what]);
          expect(next.budget[what]).toBeGreaterThan(0);
        }
        return next.afterMs === 0 || all.length > 0;
      }),
    );
  });

  test('ends, whatever each of them spends', () => {
    const sessions: TicketSpent[] = [];
    const ask = () => nextAttempt({ ticket: TICKET, spent: sessions, most: 20, budget: BUDGET, backOff: BACK_OFF });
    while (ask().how === 'attempt') sessions.push({ turns: 1, tokens: 0, seconds: 0 });
    expect(sessions).toHaveLength(20);
    expect(ask()).toEqual({ how: 'stop', why: 'all 20 attempts came to nothing' });
    sessions.push({ turns: 60, tokens: 0, seconds: 0 });
    expect(ask()).toEqual({ how: 'stop', why: 'its budget of turns is used up (60)' });
  });

  test('waits longer each time, not longer than the bound, and not as long as another ticket', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (failures) => {
        const whole = Math.min(BACK_OFF.mostMs, BACK_OFF.firstMs * 2 ** Math.min(30, failures - 1));
        const waits = backOffMs(TICKET, failures, BACK_OFF);
        return waits >= whole / 2 && waits <= whole && waits === backOffMs(TICKET, failures, BACK_OFF);
      }),
    );
    const many = Array.from({ length: 50 }, (_, at) => ticketName.parse(`ticket-${String(at).padStart(12, '0')}`));
    expect(new Set(many.map((ticket) => backOffMs(ticket, 3, BACK_OFF))).size).toBeGreaterThan(40);
  });
});

describe('an agent stands still', () => {
  const turn = (did: string, saw: string, edits = false): SeenTurn => ({ did, saw, edits });
  const repeated = (times: number, one: (at: number) => SeenTurn) => Array.from({ length: times }, (_, at) => one(at));

  test.each<[string, readonly SeenTurn[], boolean]>([
    ['the same call again and again', repeated(5, () => turn('ls', 'a')), true],
    ['other calls that show the same', repeated(5, (at) => turn(`echo ${at}`, 'a')), true],
    ['two calls in turn', repeated(8, (at) => turn(at % 2 ? 'a' : 'b', at % 2 ? 'x' : 'y')), true],
    ['the same edit again and again', repeated(5, () => turn('edit', 'done', true)), true],
    ['something new each time', repeated(30, (at) => turn('ls', `${at}`)), false],
    ['other edits with the same answer', repeated(30, (at) => turn(`edit ${at}`, 'done', true)), false],
    ['too short to tell', repeated(3, () => turn('ls', 'a')), false],
    ['it stood still, and went on', [...repeated(6, () => turn('ls', 'a')), turn('cat', 'new')], false],
  ])('%s: %#', (_, turns, is) => expect(isStalled(turns, 3)).toBe(is));

  test('never while each turn shows something new; always after so many that do not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(30), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 2, max: 8 }),
        (saw, after) => {
          const turns = saw.map((one, at) => turn(`${at}`, `${one}`));
          if (new Set(saw).size === saw.length) expect(isStalled(turns, after)).toBe(false);
          expect(isStalled([...turns, ...repeated(after, () => turns[0]!)], after)).toBe(true);
        },
      ),
    );
  });
});
