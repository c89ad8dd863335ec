import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Classified, classify, type MergingCompletion, type Registered, savings } from './merging.ts';

/** A token is a character; a message reads `<name>text`, an answer begins after `<a>`, as the question's last tokens say. */
const codes = (text: string): number[] => [...text].map((character) => character.codePointAt(0)!);
const render = (history: readonly string[]): string => `${history.map((text) => `<${text}>`).join('')}<`;

/** A request of so many messages, answered. `ids` where the tokens are others than those of the messages. */
function said(
  index: number,
  history: readonly string[],
  answer: string,
  more: Partial<MergingCompletion> = {},
): MergingCompletion {
  const text = { promptIds: codes(render(history)), completionIds: codes(`${answer}>`) };
  return { id: `c${index}`, index, ...text, history, answer, ...more };
}
const kindsOf = (classified: readonly Classified[]): string[] =>
  classified.map((one) => {
    if (one.kind === 'break') return one.reason;
    const why = one.kind === 'continuation' && one.reason !== undefined ? ` (${one.reason})` : '';
    return one.kind === 'root' ? 'root' : `continues ${one.of}${why}`;
  });
const last = (...all: MergingCompletion[]): string => kindsOf(classify(all)).at(-1)!;

const first = said(0, ['sys', 'u1'], 'a1');
const second = said(1, ['sys', 'u1', 'a1', 't1'], 'a2');
const third = said(2, ['sys', 'u1', 'a1', 't1', 'a2', 't2'], 'a3');

describe('what a completion is', () => {
  it('a root, and what goes on exactly', () => {
    expect(kindsOf(classify([first, second, third]))).toEqual(['root', 'continues c0', 'continues c1']);
  });

  it('messages left out or summarised are a compaction', () => {
    expect(last(first, second, third, said(3, ['sys', 'u1', 'a2', 't2', 'a3', 't3'], 'a4'))).toBe('compaction');
    expect(last(first, second, third, said(3, ['sys', 'summary of a1 and a2'], 'a4'))).toBe('compaction');
    expect(last(first, second, third, said(3, ['sys', 'u1', 'summary', 'a3', 't3'], 'a4'))).toBe('compaction');
  });

  it('a message changed in place is a rewrite', () => {
    const changed = said(3, ['sys', 'u1', 'a1', 'T1', 'a2', 't2', 'a3', 't3'], 'a4');
    expect(last(first, second, third, changed)).toBe('continues c0 (rewrite)');
    expect(last(first, second, said(2, ['sys', 'u1', 'a1', 't1', 'better a2', 't2'], 'a3'))).toBe(
      'continues c0 (rewrite)',
    );
    expect(last(first, said(1, ['sys', 'u1', 'better a1', 't1'], 'a2'))).toBe('rewrite');
  });

  it('the same question again, or another way from an earlier point, is a branch', () => {
    expect(last(first, said(1, ['sys', 'u1'], 'other'))).toBe('branch');
    expect(last(first, second, third, said(3, ['sys', 'u1', 'a1', 'other way'], 'b2'))).toBe('continues c0 (branch)');
  });

  it('a conversation of its own is a sub-agent’s, named or not', () => {
    expect(last(first, said(1, ['other sys', 'task'], 'b1'))).toBe('sub-agent');
    const [, named] = classify([first, said(1, ['other sys', 'task'], 'b1', { agent: 'searcher' })]);
    expect(named).toMatchObject({ kind: 'break', reason: 'sub-agent', evidence: 'registered' });
    const own = said(2, ['other sys', 'task', 'b1', 'more'], 'b2', { agent: 'searcher' });
    expect(last(first, said(1, ['other sys', 'task'], 'b1', { agent: 'searcher' }), own)).toBe('continues c1');
  });

  it('the same messages in other tokens: as text the same, or rendered otherwise', () => {
    const merged = codes(render(['sys', 'u1', 'answer', 't1']));
    const at = render(['sys', 'u1']).length;
    const asked = said(0, ['sys', 'u1'], 'answer');
    // The tokens of `ns` came back as one.
    const again = [...merged.slice(0, at + 1), 9_000, ...merged.slice(at + 3)];
    const retold = said(1, ['sys', 'u1', 'answer', 't1'], 'a2', { promptIds: again });
    expect(last(asked, retold)).toBe('re-tokenisation');
    const reasoned = said(0, ['sys', 'u1'], 'answer', { completionIds: codes('(thinks) answer>') });
    expect(last(reasoned, said(1, ['sys', 'u1', 'answer', 't1'], 'a2'))).toBe('template');
    const dated = said(1, ['sys', 'u1', 'answer', 't1'], 'a2', { promptIds: [...codes('today '), ...merged] });
    expect(last(asked, dated)).toBe('template');
    const decode = (ids: readonly number[]): string =>
      ids.map((id) => (id === 9_000 ? 'ns' : String.fromCodePoint(id))).join('');
    expect(kindsOf(classify([asked, retold], [], { decode }))[1]).toBe('re-tokenisation');
    expect(kindsOf(classify([asked, retold], [], { decode: (ids) => ids.join() }))[1]).toBe('template');
    const begun = said(1, ['sys', 'u1', 'answer', 't1'], 'a2', { promptIds: merged.with(0, 9_000) });
    expect(kindsOf(classify([asked, begun], [], { decode }))[1]).toBe('template');
  });

  it('each attempt begins with lines of its own, and what another one did explains nothing of them', () => {
    const again = said(2, ['sys', 'u1'], 'b1', { attempt: 1 });
    const more = said(3, ['sys', 'u1', 'b1', 't1'], 'b2', { attempt: 1 });
    const shorter = said(4, ['sys', 'summary'], 'b3', { attempt: 1 });
    const moved: Registered = { kind: 'fork', next: 4, attempt: 0 };
    const all = [first, second, again, more, shorter];
    expect(kindsOf(classify(all, [moved]))).toEqual(['root', 'continues c0', 'root', 'continues c2', 'compaction']);
    expect(classify(all, [moved])[4]).toMatchObject({ evidence: 'seen' });
    expect(classify(all, [{ ...moved, attempt: 1 }])[4]).toMatchObject({ reason: 'branch', evidence: 'registered' });
  });

  it('what the agent registered is believed, on its own line and once', () => {
    const moved = said(3, ['sys', 'u1', 'summary'], 'b');
    const kinds = (registered: Registered[]): Classified => classify([first, second, third, moved], registered).at(-1)!;
    expect(kinds([{ kind: 'fork', next: 3 }])).toMatchObject({ reason: 'branch', evidence: 'registered' });
    expect(
      kinds([
        { kind: 'summarise', next: 3 },
        { kind: 'note', next: 3 },
      ]),
    ).toMatchObject({ reason: 'compaction' });
    expect(kinds([{ kind: 'rewrite', next: 2 }])).toMatchObject({ evidence: 'seen' });
    expect(kinds([{ kind: 'rewrite', next: 4 }])).toMatchObject({ evidence: 'seen' });
    expect(kinds([{ kind: 'rewrite', next: 3, agent: 'other' }])).toMatchObject({ evidence: 'seen' });
  });

  it('what has no tokens, or no messages to tell by, is unknown', () => {
    expect(last(first, said(1, ['sys', 'u1', 'a1', 't1'], 'a2', { promptIds: [], completionIds: [] }))).toBe('unknown');
    const bare = { history: undefined, answer: undefined };
    expect(last(said(0, [], '', { promptIds: [1, 2], ...bare }), said(1, [], '', { promptIds: [2, 3], ...bare }))).toBe(
      'unknown',
    );
  });
});

/** Sessions of an agent that goes on, goes back, forgets, and calls others. */
const step = fc.record({
  does: fc.constantFrom('go on', 'go on', 'go on', 'branch', 'compact', 'sub-agent', 'again'),
  at: fc.nat(),
  text: fc.stringMatching(/^[a-z]{1,4}$/),
});
function play(steps: readonly { does: string; at: number; text: string }[]): MergingCompletion[] {
  let history = ['sys', 'task'];
  const all: MergingCompletion[] = [];
  for (const [index, { does, at, text }] of steps.entries()) {
    const before = all.at(-1);
    if (does === 'compact' && history.length > 4) history = [...history.slice(0, 2), ...history.slice(-2)];
    if (does === 'branch' && history.length > 2) history = history.slice(0, 2 + (at % (history.length - 2)));
    const own = does === 'sub-agent' ? ['helper', text] : does === 'again' && before ? before.history! : history;
    const answer = `a${index}${text}`;
    all.push(said(index, own, answer));
    if (own === history) history = [...history, answer, `t${index}`];
  }
  return all;
}

describe('of any session', () => {
  const sessions = fc.array(step, { maxLength: 20 }).map(play);
  const starts = (one: MergingCompletion, ids: readonly number[]): boolean =>
    ids.every((id, at) => one.promptIds[at] === id);

  it('a completion continues another exactly where it begins with all of it, and never otherwise', () => {
    fc.assert(
      fc.property(sessions, (all) => {
        for (const [at, found] of classify(all).entries()) {
          const within = all
            .slice(0, at)
            .filter((one) => starts(all[at]!, [...Array.from(one.promptIds), ...Array.from(one.completionIds)]));
          const sizes = within.map((one) => one.promptIds.length + one.completionIds.length);
          expect([at, found.kind === 'continuation']).toEqual([at, within.length > 0]);
          if (found.kind !== 'continuation') continue;
          const of = within.find((one) => one.id === found.of)!;
          expect(of.promptIds.length + of.completionIds.length).toBe(Math.max(...sizes));
          expect(found.shared).toBeGreaterThanOrEqual(Math.max(...sizes));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('each has a reason, whatever is registered and however often it is asked', () => {
    const registered = fc.array(
      fc.record({ kind: fc.constantFrom('truncate', 'note', 'fork', 'sub-agent-end'), next: fc.nat({ max: 20 }) }),
    );
    fc.assert(
      fc.property(sessions, registered as fc.Arbitrary<Registered[]>, (all, operations) => {
        const found = classify(all, operations);
        expect(found.map(({ id }) => id)).toEqual(all.map(({ id }) => id));
        expect(found.every((one) => one.kind !== 'break' || one.reason.length > 0)).toBe(true);
        expect(classify(all, operations)).toEqual(found);
      }),
    );
  });

  it('savings lie between what is there and what differs, and one rollout alone comes to the least', () => {
    fc.assert(
      fc.property(fc.array(sessions, { maxLength: 3 }), (batch) => {
        const each = batch.map((one) => ({ said: one, classified: classify(one) }));
        const { before, after, least, breaks } = savings(each);
        expect(least).toBeLessThanOrEqual(after);
        expect(after).toBeLessThanOrEqual(before);
        const counted = Object.values(breaks).reduce((sum, { completions }) => sum + completions, 0);
        const found = each.flatMap(({ classified }) => classified);
        expect(counted).toBe(found.filter((one) => one.kind !== 'root' && one.reason !== undefined).length);
        const beginnings = new Set(
          batch.flat().flatMap((one) => {
            const ids = [...Array.from(one.promptIds), ...Array.from(one.completionIds)];
            return ids.map((_, end) => ids.slice(0, end + 1).join());
          }),
        );
        expect(least).toBe(beginnings.size);
        for (const one of each) expect(savings([one]).after).toBe(savings([one]).least);
      }),
      { numRuns: 50 },
    );
  });
});

it('a thousand completions of up to a hundred thousand tokens take seconds', () => {
  // Ids of one long history; every tenth completion forgets its middle.
  const long = Int32Array.from({ length: 100_000 }, (_, at) => (at * 7919) % 32_000);
  const all = Array.from({ length: 1_000 }, (_, index): MergingCompletion => {
    const end = 1_000 + index * 98;
    const promptIds = index % 10 === 9 ? long.slice(0, end).fill(-index, 500, 900) : long.subarray(0, end);
    return { id: `c${index}`, index, promptIds, completionIds: long.subarray(end, end + 50) };
  });
  const started = performance.now();
  const classified = classify(all);
  expect(classified.filter(({ kind }) => kind === 'continuation')).toHaveLength(900 - 1);
  expect(savings([{ said: all, classified }]).after).toBeLessThan(6_000_000);
  // 50 million tokens; of the bound is nothing promised but that it is not quadratic.
  expect(performance.now() - started).toBeLessThan(30_000);
});
