import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  avoidedNodes,
  currentEntries,
  merged,
  NO_QUARANTINE,
  noteNode,
  noteStop,
  pruned,
  QUARANTINE_RULES,
  type Quarantine,
  quarantine,
  type SeenStop,
} from './quarantine.ts';
import { NODE_TROUBLES } from './quarantine-health.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const accelerator = (attempt: string, ...nodes: string[]): SeenStop => ({
  attempt,
  cause: 'exited',
  exitCode: 43,
  nodes,
});
const lost = (attempt: string, ...nodes: string[]): SeenStop => ({ attempt, cause: 'node_lost', exitCode: 137, nodes });
const avoid = (list: Quarantine, nowMs: number, known = 1_000) => avoidedNodes(list, nowMs, known);

/** What happens to a list, in the order of time. */
const node = fc.constantFrom('n1', 'n2', 'n3', 'n4', 'n5');
const happening = fc.record({
  afterMs: fc.nat(2 * HOUR),
  what: fc.oneof(
    fc.record({
      node,
      troubles: fc.subarray([...NODE_TROUBLES]).map((all) => all.map((reason) => ({ reason, detail: 'd' }))),
    }),
    fc.record({
      attempt: fc.nat(20).map((number) => `c-r${number}-train-a1`),
      cause: fc.constantFrom<SeenStop['cause']>('exited', 'node_lost', 'out_of_memory', 'preempted'),
      exitCode: fc.constantFrom(42, 43, 137),
      nodes: fc.array(node, { maxLength: 5 }),
    }),
  ),
});
const history = fc.array(happening, { maxLength: 30 });
type Happening = { afterMs: number; what: { node: string; troubles: readonly never[] } | SeenStop };

function play(happenings: readonly unknown[], list = NO_QUARANTINE): { list: Quarantine; nowMs: number } {
  let nowMs = 0;
  let played = list;
  for (const { afterMs, what } of happenings as readonly Happening[]) {
    nowMs += afterMs;
    const before = currentEntries(played, nowMs);
    played = 'attempt' in what ? noteStop(played, what, nowMs) : noteNode(played, what.node, what.troubles, nowMs);
    // Whatever is said, nothing that counts ends sooner by it.
    const ends = new Map(played.entries.map((one) => [`${one.node} ${one.reason}`, one.untilMs]));
    for (const one of before) expect(ends.get(`${one.node} ${one.reason}`)).toBeGreaterThanOrEqual(one.untilMs);
  }
  return { list: played, nowMs };
}

describe('the quarantine', () => {
  it('keeps away from a node for some time after its last word, not for ever', () => {
    const trouble = [{ reason: 'not_ready' as const, detail: 'taint' }];
    let list = noteNode(NO_QUARANTINE, 'n1', trouble, 0);
    list = noteNode(list, 'n1', trouble, 300_000);
    expect(avoid(list, 300_000 + QUARANTINE_RULES.lastsMs.not_ready - 1)).toEqual(['n1']);
    expect(avoid(list, 300_000 + QUARANTINE_RULES.lastsMs.not_ready)).toEqual([]);
    expect(currentEntries(list, 300_000)).toMatchObject([
      { node: 'n1', reason: 'not_ready', detail: 'taint', sinceMs: 0 },
    ]);
    // Being well again is not a reason to trust it at once.
    expect(noteNode(list, 'n1', [], 310_000)).toEqual(list);
  });

  it('takes a lost node for lost, and an accelerator’s failure for one of those that were named', () => {
    expect(avoid(noteStop(NO_QUARANTINE, lost('a1', 'n1', 'n2', 'n3'), 0), 1)).toEqual(['n1', 'n2', 'n3']);
    expect(avoid(noteStop(NO_QUARANTINE, accelerator('a1', 'n1', 'n2'), 0), 1)).toEqual(['n1', 'n2']);
    let list = noteStop(NO_QUARANTINE, accelerator('a1', 'n1', 'n2', 'n3', 'n4'), 0);
    expect(avoid(list, 1)).toEqual([]);
    // The node that is there every time.
    list = noteStop(list, accelerator('a2', 'n4', 'n5', 'n6', 'n7'), 1);
    expect(avoid(list, 2)).toEqual(['n4']);
    expect(currentEntries(list, 2)).toMatchObject([{ reason: 'accelerator_failure', detail: 'a1, a2' }]);
  });

  it('counts a stop once, and keeps away for longer each time', () => {
    const once = noteStop(NO_QUARANTINE, lost('a1', 'n1'), 0);
    expect(noteStop(once, lost('a1', 'n1'), 1_000)).toEqual(once);
    const twice = noteStop(once, lost('a2', 'n1'), 1_000);
    const [first, second] = [once, twice].map((list) => currentEntries(list, 1_000)[0]!);
    expect(second!.untilMs - 1_000).toBe(2 * first!.untilMs);
  });

  it('forgets blame that is a day old', () => {
    const once = noteStop(NO_QUARANTINE, accelerator('a1', 'n1', 'n2', 'n3', 'n4'), 0);
    const next = accelerator('a2', 'n1', 'n5', 'n6', 'n7');
    expect(avoid(noteStop(once, next, DAY - 1), DAY)).toEqual(['n1']);
    expect(avoid(noteStop(once, next, DAY), DAY)).toEqual([]);
  });

  it('ends an entry no sooner because old blame has faded', () => {
    const at = (list: Quarantine, hours: number) => noteStop(list, accelerator(`a${hours}`, 'n1'), hours * HOUR);
    const four = [0, 1, 22, 23].reduce(at, NO_QUARANTINE);
    expect(at(four, 25.5).entries[0]?.untilMs).toBe((23 + 16) * HOUR);
  });

  it('learns nothing from a large gang that fails, however often', () => {
    const gang = Array.from({ length: 17 }, (_, index) => `n${index}`);
    const list = gang.reduce(
      (noted, _, index) => noteStop(noted, accelerator(`a${index}`, ...gang), index),
      NO_QUARANTINE,
    );
    expect(avoid(list, 20)).toEqual([]);
  });

  it('says since when, anew after an end', () => {
    const trouble = [{ reason: 'not_ready' as const, detail: 'taint' }];
    const [early, late] = [0, 1_000].map((atMs) => noteNode(NO_QUARANTINE, 'n1', trouble, atMs)) as [
      Quarantine,
      Quarantine,
    ];
    expect(merged(late, early).entries).toMatchObject([{ sinceMs: 0, untilMs: late.entries[0]?.untilMs }]);
    expect(noteNode(early, 'n1', trouble, DAY).entries).toMatchObject([{ sinceMs: DAY }]);
  });

  it.each([
    [{ attempt: 'a1', cause: 'exited', exitCode: 42, nodes: ['n1'] } as const],
    [{ attempt: 'a1', cause: 'out_of_memory', exitCode: 43, nodes: ['n1'] } as const],
    [{ attempt: 'a1', cause: 'preempted', exitCode: 43, nodes: ['n1'] } as const],
    [accelerator('a1')],
    [accelerator('a1', ...Array.from({ length: 17 }, (_, index) => `n${index}`))],
  ])('blames nobody for %j', (stop) => expect(avoid(noteStop(NO_QUARANTINE, stop, 0), 1)).toEqual([]));

  it('never keeps more than a part of the nodes from work because jobs failed on them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(60), (known, failures) => {
        let list: Quarantine = NO_QUARANTINE;
        for (let index = 0; index < failures; index += 1)
          list = noteStop(list, accelerator(`a${index}`, `n${index % known}`), index);
        expect(avoid(list, failures, known).length).toBeLessThanOrEqual(
          Math.max(1, known * QUARANTINE_RULES.mostSuspected),
        );
      }),
    );
  });

  it('holds only nodes that were named, each with an end, whatever happens', () => {
    fc.assert(
      fc.property(history, (happenings) => {
        const { list, nowMs } = play(happenings);
        expect(quarantine.parse(JSON.parse(JSON.stringify(list)))).toEqual(list);
        for (const one of list.entries) {
          expect(one.untilMs).toBeGreaterThan(one.sinceMs);
          expect(one.untilMs).toBeLessThanOrEqual(nowMs + QUARANTINE_RULES.longestMs);
        }
        expect(new Set(list.entries.map((one) => `${one.node} ${one.reason}`)).size).toBe(list.entries.length);
        // Nothing more said: a day later all are free, and nothing is remembered.
        expect(avoid(list, nowMs + DAY)).toEqual([]);
        expect(pruned(list, nowMs + DAY)).toEqual(NO_QUARANTINE);
      }),
    );
  });

  it('loses nothing that counts by being pruned', () => {
    fc.assert(
      fc.property(history, fc.nat(DAY), (happenings, laterMs) => {
        const { list, nowMs } = play(happenings);
        expect(avoid(pruned(list, nowMs), nowMs + laterMs)).toEqual(avoid(list, nowMs + laterMs));
      }),
    );
  });

  it('of two workers is the same whoever adds the other’s, and ends nothing sooner', () => {
    fc.assert(
      fc.property(history, history, history, fc.nat(DAY), (one, other, third, atMs) => {
        const [a, b, c] = [one, other, third].map((happenings) => play(happenings).list) as [
          Quarantine,
          Quarantine,
          Quarantine,
        ];
        const both = merged(a, b);
        expect(merged(b, a)).toEqual(both);
        expect(merged(both, b)).toEqual(both);
        expect(merged(both, c)).toEqual(merged(a, merged(b, c)));
        const names = (list: Quarantine) =>
          new Set(currentEntries(list, atMs).map((entry) => `${entry.node} ${entry.reason}`));
        expect(names(both)).toEqual(new Set([...names(a), ...names(b)]));
      }),
    );
  });

  it('stays small however many nodes speak', () => {
    let list: Quarantine = NO_QUARANTINE;
    for (let index = 0; index < 1_500; index += 1)
      list = noteNode(list, `n${index}`, [{ reason: 'unreachable', detail: 'taint' }], index);
    list = pruned(noteStop(list, lost('a1', 'suspect'), 2_000), 2_000);
    expect(list.entries).toHaveLength(QUARANTINE_RULES.mostKept);
    expect(avoid(list, 2_000)).toContain('suspect');
    expect(avoid(list, 2_000)).toHaveLength(QUARANTINE_RULES.mostAvoided);
  });
});

it('a cluster is never emptied, however ill all of it is', () => {
  fc.assert(
    fc.property(history, fc.integer({ min: 1, max: 8 }), (happenings, known) => {
      const { list, nowMs } = play(happenings);
      expect(avoidedNodes(list, nowMs, known).length).toBeLessThan(known);
    }),
  );
});
