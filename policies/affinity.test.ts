import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AFFINITY, chooseAffine, type Load } from './affinity.ts';

const name = fc.stringMatching(/^[a-z0-9]{1,6}$/);
const idle = (names: readonly string[]): Load[] => names.map((one) => ({ name: one, busy: 0 }));
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 8 });
const keys = Array.from({ length: 400 }, (_, at) => `demo/r1/train.v0/g${at >> 2}/s${at & 3}`);

describe('a session', () => {
  it('comes back to its server, in whatever order they are named', () => {
    fc.assert(
      fc.property(fc.string(), names, (key, all) => {
        expect(chooseAffine(key, idle(all))).toBe(chooseAffine(key, idle(all.toReversed())));
      }),
    );
  });

  it('stays where it is when another server comes or goes', () => {
    fc.assert(
      fc.property(fc.string(), names, name, (key, all, more) => {
        const before = chooseAffine(key, idle(all));
        const after = chooseAffine(key, idle([...new Set([...all, more])]));
        if (after !== before) expect(after).toBe(more);
      }),
    );
  });

  it('does not wait where far more is done than elsewhere', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 8 }), (key, loads) => {
        const servers = loads.map((busy, at) => ({ name: `s${at}`, busy }));
        const { busy } = servers.find((one) => one.name === chooseAffine(key, servers))!;
        const total = loads.reduce((sum, one) => sum + one, 0);
        const fair = Math.ceil((AFFINITY.spill * (total + 1)) / loads.length);
        expect(busy).toBeLessThan(Math.max(AFFINITY.patience, fair));
      }),
    );
  });
});

it('sessions spread over servers whose names differ little', () => {
  const servers = idle([8001, 8002, 8003, 8004].map((port) => `http://127.0.0.1:${port}`));
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(chooseAffine(key, servers), (counts.get(chooseAffine(key, servers)) ?? 0) + 1);
  for (const { name: one } of servers) expect(counts.get(one)).toBeGreaterThan(60);
});

it('many that last fill all servers, none of them beyond its share', () => {
  const busy = new Map(['a', 'b', 'c'].map((one) => [one, 0]));
  for (const [at, key] of keys.entries()) {
    const chosen = chooseAffine(
      key,
      [...busy].map(([one, load]) => ({ name: one, busy: load })),
    );
    busy.set(chosen, busy.get(chosen)! + 1);
    expect(Math.max(...busy.values())).toBeLessThanOrEqual(Math.max(2, Math.ceil((1.25 * (at + 1)) / 3)));
  }
});
