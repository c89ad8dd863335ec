// What is decided in an incident: what speaks against a change, who is asked, and what two patches have in common.
import { describe, expect, test } from 'vitest';
import type { CheckedChange, PathFinding } from '../contracts/change.ts';
import { againstChange, asksOf, fewerPaths, fewerTests, isVerdict, sameChange } from './incident.ts';

const checked = (more: Partial<CheckedChange> = {}): CheckedChange => ({
  ...{ runner: 'scripted', failToPass: ['t'], passToPass: 1, broken: [], failing: [], unsteady: [], seconds: 0 },
  ...more,
});
const finding = (path: string, standing: PathFinding['standing'] = 'critical'): PathFinding => ({
  ...{ path, standing, rule: 'a rule', why: `${path}: it is so` },
});
const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `t${at}`);

test('only a change that a test bears out, that breaks nothing and touches nothing that is refused, has nothing against it', () => {
  expect(againstChange(checked(), [finding('a')])).toBeUndefined();
  expect(againstChange(checked({ failToPass: [] }), [])).toContain('no test fails without it');
  expect(againstChange(checked({ broken: ids(5) }), [])).toBe('it breaks t0; t1; t2 and 2 more');
  expect(againstChange(checked({ failing: ['t'] }), [])).toContain('tests of its own fail');
  expect(againstChange(checked(), [finding('a'), finding('b', 'refused')])).toContain('b: it is so');
});

test('a human is asked for a path, a taint, a review that does not accept, or always', () => {
  const nothing = {
    ...{ change: { tainted: false }, paths: [], ask: 'critical' as const },
    reviewed: { how: 'absent' as const, why: '' },
  };
  expect(asksOf(nothing)).toEqual([]);
  expect(asksOf({ ...nothing, paths: [finding('a')] })).toEqual(['a: it is so']);
  expect(asksOf({ ...nothing, change: { tainted: true } })).toHaveLength(1);
  expect(asksOf({ ...nothing, ask: 'always' })).toHaveLength(1);
  const by = { model: 'm', scripted: true };
  for (const [verdict, count] of [
    ['accept', 0],
    ['rework', 1],
    ['refuse', 1],
  ] as const)
    expect(asksOf({ ...nothing, reviewed: { how: 'reviewed', by, verdict, findings: [] } })).toHaveLength(count);
});

test('long lists are cut, and say so: what refuses is never cut away, and what is broken never empty', () => {
  const { broken, failToPass } = fewerTests(checked({ broken: ids(5_000) }));
  expect([broken.length, broken.at(-1), failToPass]).toEqual([101, 'and 4900 more', ['t']]);
  const paths = [...ids(300).map((path) => finding(path)), finding('last', 'refused')];
  const fewer = fewerPaths(paths);
  expect([fewer.length, fewer[0]?.path, fewer.at(-1)?.why]).toEqual([101, 'last', '201 more findings are not listed']);
  expect(fewerPaths(paths.slice(0, 3))).toEqual(paths.slice(0, 3));
});

test('a verdict speaks against the change; any other failure is the machine’s', () => {
  for (const code of ['merge.unfit', 'decision.altered', 'gate.expired']) expect(isVerdict(code)).toBe(true);
  for (const code of ['store.no_space', 'merge.locked', 'merge.repository', 'internal.bug', 'gate.closed'])
    expect(isVerdict(code)).toBe(false);
});

describe('two patches are the same change', () => {
  const patch = (
    more: { at?: number; index?: string; context?: string; added?: string; path?: string } = {},
  ): string => {
    const { at = 1, index = '1'.repeat(40), context = 'near', added = 'new', path = 'a.py' } = more;
    return `diff --git a/${path} b/${path}\nindex ${index}..${'2'.repeat(40)} 100644\n--- a/${path}\n+++ b/${path}\n@@ -${at},2 +${at},2 @@ def f\n ${context}\n-old\n+${added}\n`;
  };
  const binary = (words: string) =>
    `diff --git a/x b/x\nindex 1..2 100644\nGIT binary patch\nliteral 3\n${words}\n\nliteral 0\nHcmV?d00001\n`;
  test('wherever their lines stand, and whatever stands around them', () => {
    expect(sameChange(patch(), patch({ at: 90, index: '3'.repeat(40), context: 'far' }))).toBe(true);
  });
  test.each<[string, string]>([
    ['another line', patch({ added: 'newer' })],
    ['another file', patch({ path: 'b.py' })],
    ['a line more', `${patch()}+more\n`],
    ['a line less', patch().replace('-old\n', '')],
    ['a file more', patch() + patch({ path: 'b.py' })],
    ['a mode', patch().replace('index', 'old mode 100644\nnew mode 100755\nindex')],
    ['no newline at its end', `${patch()}\\ No newline at end of file\n`],
    // What looks like a header in the midst of a file is a line of it.
    ['a line that looks like a header', `${patch()}+index 0000000..1111111 100644\n`],
    ['a line that looks like a position', `${patch()}+@@ -1 +1 @@\n`],
    ['a line that looks like another file', `${patch()}+diff --git a/c b/c\n`],
    ['nothing', ''],
  ])('not with %s', (_, other) => {
    expect(sameChange(patch(), other)).toBe(false);
    expect(sameChange(other, patch())).toBe(false);
  });
  test('bytes count as they are written', () => {
    expect(sameChange(binary('Kabc'), binary('Kabc'))).toBe(true);
    expect(sameChange(binary('Kabc'), binary('Kabd'))).toBe(false);
    expect(sameChange(binary('index 1'), binary('index 2'))).toBe(false);
    expect(sameChange(binary('@@ 1'), binary('@@ 2'))).toBe(false);
  });
});
