// Clauses of skills, held against what a session left and what it ran.
import { describe, expect, test } from 'vitest';
import { usedSkills } from '../contracts/adherence.ts';
import type { IncidentEnd } from '../contracts/incident.ts';
import type { ClauseCheck } from '../contracts/skill.ts';
import { checkClauses, type Session, type Touched, tallySkills } from './adherence.ts';

const code: Touched = { path: 'trainer/loop.py', before: 'a\nb\nc\n', after: 'a\nB\nc\n' };
const added: Touched = { path: 'tests/test_loop.py', before: null, after: 'def test():\n    assert True\n' };
const session = (touched: readonly Touched[], deeds?: Session['deeds']): Session => ({ touched, deeds });
const held = (check: ClauseCheck | undefined, of: Session) =>
  checkClauses([{ id: 'x', text: 'x', ...(check && { check }) }], of)[0]!.held;
const TESTS = ['**/*test*', '**/test*/**'];

describe('a clause', () => {
  test('that nothing checks is neither kept nor broken', () => expect(held(undefined, session([code]))).toBeNull());
  test('that asks for a test', () => {
    expect(held({ adds: TESTS }, session([code, added]))).toBe(true);
    expect(held({ adds: TESTS }, session([code]))).toBe(false);
    expect(held({ adds: TESTS }, session([{ ...added, before: added.after, after: null }]))).toBe(false);
    expect(held({ adds: TESTS }, session([{ ...added, after: '\n\n' }]))).toBe(false);
  });
  test('that tests stay as they are: more is no less, and what is moved is not gone', () => {
    const stood = { ...added, before: 'x\ny\n' };
    expect(held({ keeps: TESTS }, session([code, added]))).toBe(true);
    expect(held({ keeps: TESTS }, session([{ ...stood, after: 'y\nx\nz\n' }]))).toBe(true);
    expect(held({ keeps: TESTS }, session([{ ...stood, after: 'x\n' }]))).toBe(false);
    expect(held({ keeps: TESTS }, session([{ ...stood, after: null }]))).toBe(false);
    expect(held({ keeps: TESTS }, session([{ ...stood, before: 'x\nx\n', after: 'x\n' }]))).toBe(false);
  });
  test('that forbids paths', () => {
    const check = { untouched: ['**/.github/**'] };
    expect(held(check, session([code]))).toBe(true);
    expect(held(check, session([{ ...code, path: '.github/workflows/ci.yml' }]))).toBe(false);
  });
  test('that asks for little', () => {
    const check = { atMost: { files: 1, lines: 2 }, except: TESTS };
    expect(held(check, session([code, added]))).toBe(true);
    expect(held({ ...check, atMost: { files: 1, lines: 1 } }, session([code, added]))).toBe(false);
    expect(held(check, session([code, { ...code, path: 'other.py' }]))).toBe(false);
  });
  test('that asks for a command, before anything is edited', () => {
    const run = { kind: 'command', text: 'python3 -m unittest' } as const;
    const edit = { kind: 'edit', path: 'trainer/loop.py' } as const;
    const check: ClauseCheck = { ran: ['unittest', 'pytest'], before: 'edits' };
    expect(held(check, session([code], [run, edit]))).toBe(true);
    expect(held(check, session([code], [edit, run]))).toBe(false);
    // The test that shows the fault is written first.
    const test = { kind: 'edit', path: 'tests/test_loop.py' } as const;
    expect(held({ ...check, except: TESTS }, session([code], [test, run, edit]))).toBe(true);
    expect(held(check, session([code], [test, run, edit]))).toBe(false);
    expect(held({ ran: ['pytest'] }, session([code], [edit, run]))).toBe(false);
    expect(held({ ran: ['unittest'] }, session([code], [edit, run]))).toBe(true);
    // Of a program that ran by itself nobody knows what it did in which order.
    expect(held(check, session([code]))).toBeNull();
  });
});

test('by skill: uses, what is on the branch, clauses that were kept', () => {
  const use = (skill: string, how: string, clauses: [string, boolean | null][]) => ({
    ...{ skill, version: '1'.repeat(64), as: 'remedy', how },
    clauses: clauses.map(([id, held]) => ({ id, held, why: '' })),
  });
  const used = (incident: string, change: string | null, uses: ReturnType<typeof use>[]) =>
    usedSkills.parse({
      ...{ schema: 'anneal/used-skills/v1', incident, session: 'remedies-1', change, uses },
      at: '2031-02-03T04:05:06.000Z',
    });
  const change = 'c'.repeat(64);
  const sessions = [
    used('one', change, [
      use('a', 'proposed', [
        ['t', true],
        ['n', null],
      ]),
    ]),
    used('two', 'd'.repeat(64), [use('a', 'proposed', [['t', false]])]),
    used('three', null, [use('a', 'not-mine', []), use('b', 'came-to-nothing', [['t', false]])]),
  ];
  const ends = new Map([
    ['one', { how: 'merged', change } as IncidentEnd],
    // What was merged there was another change.
    ['two', { how: 'merged', change } as IncidentEnd],
  ]);
  expect(tallySkills(sessions, ends)).toEqual([
    { skill: 'a', uses: 2, notMine: 1, successes: 1, kept: 1, checked: 2, broken: [{ clause: 't', times: 1 }] },
    { skill: 'b', uses: 1, notMine: 0, successes: 0, kept: 0, checked: 1, broken: [{ clause: 't', times: 1 }] },
  ]);
});
