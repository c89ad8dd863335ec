import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcomes } from '../repository-tests/environment.ts';
import { artifactOf } from '../verifiers/artifact.ts';
import { type Compared, compared } from './compare.ts';
import { treesOf } from './trees.ts';

const NAMES = ['before', 'beforeWithItsTests', 'after', 'afterWithTheirTests'] as const;
const outcomes = (text: string): Outcomes =>
  new Map(
    text
      .split(' ')
      .filter(Boolean)
      .map((one) => [`t.py::${one.slice(1)}`, one.startsWith('+')]),
  );
const runs = (...four: string[]): Compared =>
  Object.fromEntries(NAMES.map((name, at) => [name, outcomes(four[at] ?? '')])) as unknown as Compared;

describe('four trees', () => {
  it('tests, what they read, and what runs with them go with the tests; the rest with the sources', () => {
    const before = {
      'a.py': '1',
      'tests/t.py': '1',
      'tests/data/x': '1',
      'tests/gone.py': '1',
      'conftest.py': '1',
      'same.py': '',
    };
    const after = {
      'a.py': '2',
      'tests/t.py': '2',
      'tests/data/x': '1',
      'conftest.py': '2',
      'test_new.py': '2',
      'same.py': '',
      x: '2',
    };
    const trees = treesOf(artifactOf(before), artifactOf(after));
    const text = (name: (typeof NAMES)[number]) =>
      Object.fromEntries([...trees[name]].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]));
    expect(text('beforeWithItsTests')).toEqual({
      ...before,
      'tests/t.py': '2',
      'conftest.py': '2',
      'test_new.py': '2',
    });
    expect(text('afterWithTheirTests')).toEqual({
      ...{
        'a.py': '2',
        x: '2',
        'same.py': '',
        'tests/t.py': '1',
        'tests/data/x': '1',
        'tests/gone.py': '1',
        'conftest.py': '1',
      },
    });
  });
  it('what lies in the way gives way', () => {
    const trees = treesOf(artifactOf({ 'tests/t.py': '1' }), artifactOf({ tests: '2', 'tests.py/a': '3' }));
    expect([...trees.afterWithTheirTests.keys()].sort()).toEqual(['tests.py/a', 'tests/t.py']);
  });
});

describe('what they say', () => {
  it('is told of each test', () => {
    const found = compared(
      runs(
        '-old +ok +worse +gone -stays',
        '-old -new +ok +worse',
        '+old +new +ok +worse -own -stays',
        '+old +ok -worse',
      ),
      ['t.py'],
    );
    expect(found).toEqual({
      failToPass: ['t.py::new', 't.py::old'],
      passToPass: 1,
      broken: ['t.py::gone', 't.py::worse'],
      failing: ['t.py::own'],
      unsteady: [],
    });
  });
  it('is not believed of a file of its own that says nothing', () => {
    expect(compared(runs('+a', '+a', '', '+a'), ['t.py', 'u.py']).failing).toEqual(['t.py', 'u.py']);
  });
  it('and not of what differs the second time, in the files that were run again', () => {
    const first = runs('+a +b', '+a +b -c', '+a +b +c', '-a -b');
    const second = runs('+a +b', '+a +b +c', '+a +b +c', '-a +b');
    const again = { outcomes: second, files: new Set(['t.py']) };
    expect(compared(first, [], again)).toMatchObject({
      failToPass: [],
      broken: ['t.py::a'],
      unsteady: ['t.py::b', 't.py::c'],
    });
    expect(compared(first, [], { ...again, files: new Set() }).unsteady).toEqual([]);
    const silent = compared(runs('', '', '', ''), ['t.py'], {
      outcomes: runs('', '', '+a', ''),
      files: new Set(['t.py']),
    });
    expect(silent).toMatchObject({ failing: [], unsteady: ['t.py', 't.py::a'] });
  });

  const some = fc
    .dictionary(fc.constantFrom(...'abcdef'), fc.boolean())
    .map((all) => new Map(Object.entries(all).map(([name, passed]) => [`t.py::${name}`, passed])));
  const four = fc
    .tuple(some, some, some, some)
    .map((all) => Object.fromEntries(NAMES.map((name, at) => [name, all[at]])) as unknown as Compared);
  it('never counts a test both ways, and a change that changes nothing breaks nothing', () => {
    fc.assert(
      fc.property(four, four, (first, second) => {
        const found = compared(first, ['t.py'], { outcomes: second, files: new Set(['t.py']) });
        const told = [...found.failToPass, ...found.broken, ...found.failing];
        expect(told.filter((one) => found.unsteady.includes(one))).toEqual([]);
        expect(found.failToPass.filter((one) => found.broken.includes(one))).toEqual([]);
        expect(found.broken.filter((one) => first.before.get(one) !== true)).toEqual([]);
        const same = compared(
          { ...first, beforeWithItsTests: first.before, after: first.before, afterWithTheirTests: first.before },
          [],
        );
        expect(same).toMatchObject({ failToPass: [], broken: [], failing: [] });
      }),
    );
  });
});
