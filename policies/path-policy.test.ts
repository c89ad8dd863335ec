import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { ChangedPath, FileMode } from '../contracts/change.ts';
import { judgePaths, standingOf } from './path-policy.ts';
import { ANNEAL_RULES, type PathRules, pathRules, USUAL_RULES } from './path-rules.ts';

const NONE: PathRules = { critical: [], refused: [] };
const OWN = pathRules.parse({
  critical: ['evals/', 'src/reward*.py', 'policies/**/{rules,gate}.ts'],
  refused: ['keys'],
});
const changed = (path: string, over: Partial<ChangedPath> = {}): ChangedPath => ({
  ...{ path, from: null, how: 'changed', binary: false, lines: { added: 1, removed: 1 } },
  mode: { before: '100644', after: '100644' },
  ...over,
});
const added = (path: string, after: FileMode = '100644'): ChangedPath =>
  changed(path, { how: 'added', mode: { before: null, after }, lines: { added: 3, removed: 0 } });
const renamed = (from: string, path: string): ChangedPath => changed(path, { how: 'renamed', from });
const judged = (one: ChangedPath, rules = OWN) => {
  const findings = judgePaths([one], rules);
  return { standing: standingOf(findings), rules: findings.map(({ rule }) => rule) };
};

describe('what is free', () => {
  test.each([
    ...['src/train.py', 'lib/index.js', 'README.md', 'docs/guide/how to.md', 'tests/test_train.py', 'src/model/mix.py'],
    ...[
      'docs/café.md',
      'docs/проект.md',
      'docs/文档.md',
      'src/reward/loss.py',
      'builder.py',
      'src/rewards/x.js',
      'a.lock.md',
    ],
  ])('%s', (path) => expect(judged(changed(path))).toEqual({ standing: 'free', rules: [] }));
  it('an added source, where an added generated file of the same text is not', () => {
    expect(judged(added('src/schema.ts')).standing).toBe('free');
    expect(judged(added('src/schema.generated.ts'))).toEqual({ standing: 'critical', rules: ['generated'] });
    expect(judged(added('dist/schema.ts'))).toEqual({ standing: 'critical', rules: ['generated'] });
    expect(judged(added('src/schema_pb2.py')).rules).toEqual(['generated']);
  });
});

describe('what a human decides', () => {
  test.each([
    ['.github/workflows/test.yml', 'continuous integration'],
    ['.GitHub/workflows/test.yml', 'continuous integration'],
    ['packages/a/.gitlab-ci.yml', 'continuous integration'],
    ['Jenkinsfile', 'continuous integration'],
    ['.ci/run', 'continuous integration'],
    ['Makefile', 'build'],
    ['sub/GNUMAKEFILE', 'build'],
    ['docker/Dockerfile.gpu', 'build'],
    ['package.json', 'packages'],
    ['packages/a/package-lock.json', 'packages'],
    ['requirements-dev.txt', 'packages'],
    ['PyProject.toml', 'packages'],
    ['go.sum', 'packages'],
    ['Cargo.lock', 'packages'],
    ['vendor/github.com/x/y.go', 'packages'],
    ['node_modules/left-pad/index.js', 'packages'],
    ['.gitattributes', 'settings of git'],
    ['.gitignore', 'settings of git'],
    ['.githooks/pre-commit', 'settings of git'],
    ['tests/conftest.py', 'what runs at start'],
    ['sitecustomize.py', 'what runs at start'],
    ['lib/evil.pth', 'what runs at start'],
    ['vitest.config.ts', 'what runs at start'],
    ['.vscode/tasks.json', 'what runs at start'],
    ['AGENTS.md', 'instructions of agents'],
    ['docs/claude.md', 'instructions of agents'],
    ['skills/debugging/SKILL.md', 'instructions of agents'],
    ['lib/fast.so', 'code that is run as it lies'],
    ['evals/verifiers/patch.py', 'evals/'],
    ['EVALS/x.py', 'evals/'],
    ['evàls/x.py', 'evals/'],
    ['src/reward_model.py', 'src/reward*.py'],
    ['src/Reward.PY', 'src/reward*.py'],
    ['policies/gate.ts', 'policies/**/{rules,gate}.ts'],
    ['policies/a/b/rules.ts', 'policies/**/{rules,gate}.ts'],
  ])('%s, by the rule of %s', (path, rule) =>
    expect(judged(changed(path))).toEqual({ standing: 'critical', rules: [rule] }),
  );

  test.each([
    ['Cyrillic а in a protected folder', 'evаls/x.py', ['evals/', 'look-alikes']],
    ['full width letters', 'ｅvals/x.py', ['evals/', 'look-alikes']],
    ['a letter of no width', 'ev\u200bals/x.py', ['evals/', 'look-alikes']],
    ['a space at the end', 'evals /x.py', ['evals/', 'look-alikes']],
    ['a stream of NTFS', 'evals::$INDEX_ALLOCATION/x.py', ['look-alikes']],
    ['a short name of NTFS', 'GITHUB~1/workflows/x.yml', ['look-alikes']],
    ['a word of look-alikes only', 'src/сору.py', ['look-alikes']],
    ['a name written from right to left', 'src/\u202etxt.py', ['look-alikes']],
  ])('%s', (_, path, rules) => expect(judged(changed(path))).toEqual({ standing: 'critical', rules }));

  test('a rename from and to a protected path', () => {
    expect(judged(renamed('evals/gate.py', 'src/gate.py'))).toEqual({ standing: 'critical', rules: ['evals/'] });
    expect(judged(renamed('src/gate.py', 'evals/gate.py'))).toEqual({ standing: 'critical', rules: ['evals/'] });
    expect(judged(renamed('src/a.py', 'src/b.py')).standing).toBe('free');
  });

  test('a file that may be executed now; one that may not any more is free', () => {
    const mode = { before: '100644', after: '100755' } as const;
    expect(judged(changed('src/run.sh', { mode })).rules).toEqual(['programs']);
    expect(judged(added('src/run.sh', '100755')).rules).toEqual(['programs']);
    expect(judged(changed('src/run.sh', { mode: { before: '100755', after: '100755' } })).standing).toBe('free');
    expect(judged(changed('src/run.sh', { mode: { before: '100755', after: '100644' } })).standing).toBe('free');
  });

  test('what nobody reads: binary, very long, very many', () => {
    expect(judged(changed('data/a.txt', { binary: true })).rules).toEqual(['binary']);
    expect(judged(changed('data/a.txt', { lines: { added: 1_000, removed: 600 } })).rules).toEqual(['size']);
    const many = Array.from({ length: 101 }, (_, at) => changed(`src/a${at}.py`));
    expect(judgePaths(many, NONE).map(({ rule }) => rule)).toEqual(['size']);
    expect(judgePaths(many.slice(1), NONE)).toEqual([]);
  });

  test('what git cannot have meant', () => {
    const rules = (over: Partial<ChangedPath>) => judged(changed('src/a.py', over)).rules;
    expect(rules({ how: 'added' })).toEqual(['not understood']);
    expect(rules({ how: 'removed' })).toEqual(['not understood']);
    expect(rules({ from: 'src/b.py' })).toEqual(['not understood']);
    expect(rules({ mode: { before: '100644', after: null } })).toEqual(['not understood']);
  });
});

describe('what no agent touches', () => {
  test.each<[string, ChangedPath, string]>([
    ['a link', added('src/a', '120000'), 'links'],
    ['a link that becomes a file', changed('src/a', { mode: { before: '120000', after: '100644' } }), 'links'],
    ['a link that is removed', changed('a', { how: 'removed', mode: { before: '120000', after: null } }), 'links'],
    ['a submodule', added('lib/other', '160000'), 'submodules'],
    ['where submodules come from', changed('.gitmodules'), 'submodules'],
    ['the same in other letters', changed('.GitModules'), 'submodules'],
    ['what the operator names', changed('keys/team.pem'), 'keys'],
    ['what a rename takes from there', renamed('KEYS/team.pem', 'team.pem'), 'keys'],
    ...['../a', '/etc/passwd', 'a/../../b', 'a//b', './a', 'a\\b', 'C:/a', 'a\nb', '', 'a\ufffdb', '\ud800'].map(
      (path): [string, ChangedPath, string] => [`the path ${JSON.stringify(path)}`, changed(path), 'paths'],
    ),
    ...['.git/config', 'a/.GIT/hooks/x', '.git /a', '.git. ./a', '.g\u200cit/a', 'GIT~1/a', '.git::$DATA'].map(
      (path): [string, ChangedPath, string] => [`git's own: ${JSON.stringify(path)}`, changed(path), 'paths'],
    ),
  ])('%s', (_, one, rule) => {
    const { standing, rules } = judged(one);
    expect(standing).toBe('refused');
    expect(rules).toContain(rule);
  });
});

describe('whatever the paths', () => {
  const PROTECTED = [
    'evals/a.py',
    '.github/workflows/a.yml',
    'sub/conftest.py',
    'keys/a',
    'src/reward.py',
    'package.json',
  ];
  const RANK = { free: 0, critical: 1, refused: 2 };
  const standing = (one: ChangedPath) => RANK[standingOf(judgePaths([one], OWN))];
  const anyPath = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });
  const LOOKS: Record<string, string> = { a: 'а', c: 'с', e: 'е', i: 'і', o: 'о', p: 'р', s: 'ѕ', y: 'у', j: 'ј' };

  it('letters that are written another way protect no less', () => {
    const way = fc.constantFrom('same', 'upper', 'look-alike', 'wide', 'unseen', 'accent');
    const disguised = (letter: string, how: string): string => {
      if (how === 'upper') return letter.toUpperCase();
      if (how === 'look-alike') return LOOKS[letter] ?? letter;
      if (!/[a-z]/.test(letter)) return letter;
      if (how === 'wide') return String.fromCodePoint(letter.codePointAt(0)! - 0x61 + 0xff41);
      return how === 'unseen' ? `${letter}\u2060` : how === 'accent' ? `${letter}\u0301` : letter;
    };
    const way16 = fc.array(way, { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(fc.constantFrom(...PROTECTED), way16, (path, ways) => {
        const other = [...path].map((letter, at) => disguised(letter, ways[at % ways.length]!)).join('');
        expect(standing(changed(other))).toBeGreaterThanOrEqual(standing(changed(path)));
      }),
    );
  });

  it('a rename stands as both its names do', () => {
    const path = fc.oneof(
      fc.constantFrom(...PROTECTED),
      anyPath.map((parts) => parts.join('/')),
    );
    fc.assert(
      fc.property(path, path, (from, to) => {
        fc.pre(from !== to);
        const both = Math.max(standing(changed(from)), standing(changed(to)));
        expect(standing(renamed(from, to))).toBe(both);
      }),
    );
  });

  it('more paths and more rules never free a change, and order does not matter', () => {
    const change = fc
      .oneof(
        fc.constantFrom(...PROTECTED),
        anyPath.map((parts) => parts.join('/')),
      )
      .map((path) => changed(path));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), change, (some, one) => {
        const before = RANK[standingOf(judgePaths(some, OWN))];
        expect(RANK[standingOf(judgePaths([...some, one], OWN))]).toBe(Math.max(before, standing(one)));
        expect(RANK[standingOf(judgePaths(some, NONE))]).toBeLessThanOrEqual(before);
        expect(judgePaths([...some].reverse(), OWN)).toEqual(judgePaths(some, OWN));
      }),
    );
  });

  it('judges thousands of deep paths by many rules in a moment', () => {
    const deep = Array.from({ length: 2_000 }, (_, at) => changed(`${'a/'.repeat(90)}x${at}`));
    const rules = { critical: Array.from({ length: 20 }, (_, at) => `**/a/**/a/**/a/**/*a*a*a*b${at}`), refused: [] };
    const from = performance.now();
    judgePaths(deep, rules);
    expect(performance.now() - from).toBeLessThan(20_000);
  });
});

describe('rules', () => {
  test.each(['/a', 'a//b', '../a', 'a/./b', '[a]', '!a', 'a\\b', '{a', '{a,{b}}', '{}', 'a}', '', '+(a)'])(
    '%j is no pattern',
    (pattern) => expect(pathRules.safeParse({ critical: [pattern] }).success).toBe(false),
  );
  test('a dot is no exception for stars, which stay in their folder', () => {
    const rules = pathRules.parse({ critical: ['*/x', 'b?d', '{c,d}/{e,f}.py', '**/deep/*.txt'] });
    const free = (path: string) => judged(changed(path), rules).standing === 'free';
    expect(['.a/x', '.a/x/y', 'bad', 'bad/z', 'c/f.py', 'deep/a.txt', 'a/b/deep/.txt'].map(free)).toEqual(
      Array(7).fill(false),
    );
    expect(['a/b/x', 'bd', 'baad', 'c/g.py', 'a/c/f.py', 'deep/a/b.txt', 'deep'].map(free)).toEqual(
      Array(7).fill(true),
    );
  });
  test('the usual ones are patterns that operators could write', () => {
    for (const { names } of USUAL_RULES) expect(pathRules.safeParse({ critical: names }).error).toBeUndefined();
    expect(USUAL_RULES.flatMap(({ names }) => names).filter((name) => name.includes('/'))).toEqual([]);
  });
  test("what Anneal's own name is there", () => {
    const there = (path: string) => existsSync(fileURLToPath(new URL(`../${path}`, import.meta.url)));
    expect([...ANNEAL_RULES.critical, ...ANNEAL_RULES.refused].filter((path) => !there(path))).toEqual([]);
    const own = (path: string) => judged(changed(path), ANNEAL_RULES).standing;
    expect(['evals/verifiers/verifier.ts', 'workflows/gate.ts', 'policies/promotion.ts'].map(own)).toEqual(
      Array(3).fill('critical'),
    );
    expect(['critical.yaml', 'infra/people/x.ts', 'policies/path-policy.ts'].map(own)).toEqual(
      Array(3).fill('refused'),
    );
    expect(['trainer/anneal_trainer/losses.py', 'docs/losses.md', 'agents/diagnosis/x.ts'].map(own)).toEqual(
      Array(3).fill('free'),
    );
  });
});
