import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { addCritical, CRITICAL_FLOOR, type CriticalAction, matchChange, parseCriticalList } from './critical.ts';

type Content = { actions: CriticalAction[] };
const content = (): Content => parse(readFileSync(new URL('../critical.yaml', import.meta.url), 'utf8')) as Content;
const list = parseCriticalList(content());
const names = (...paths: string[]) =>
  matchChange(
    list,
    paths.map((path) => ({ path })),
  ).map((action) => action.name);

describe('the list', () => {
  it('is valid as committed', () => {
    expect(list.map((action) => action.name)).toEqual(expect.arrayContaining(Object.keys(CRITICAL_FLOOR)));
  });

  it('is refused without any one of the floor, or of its paths', () => {
    for (const [name, paths] of Object.entries(CRITICAL_FLOOR)) {
      const shortened = content();
      shortened.actions = shortened.actions.filter((action) => action.name !== name);
      expect(() => parseCriticalList(shortened), name).toThrow(`lacks: ${name}`);
      for (const path of paths) {
        const narrowed = content();
        const action = narrowed.actions.find((one) => one.name === name)!;
        action.paths = action.paths.filter((one) => one !== path);
        expect(() => parseCriticalList(narrowed), path).toThrow(`lacks: ${name}: ${path}`);
      }
    }
  });

  it('is refused when malformed or ambiguous', () => {
    const twice = content();
    twice.actions.push(twice.actions[0]!);
    expect(() => parseCriticalList(twice)).toThrow('names twice: release');
    for (const bad of [null, {}, [], { ...content(), actions: [] }, { ...content(), extra: 1 }])
      expect(() => parseCriticalList(bad)).toThrow(expect.objectContaining({ code: 'spec.invalid' }));
  });
});

describe('addCritical', () => {
  const addition: fc.Arbitrary<CriticalAction> = fc.record({
    name: fc.constantFrom('release', 'change-gate', 'delete-record', 'own-rule', 'other-rule'),
    what: fc.string({ minLength: 1 }),
    why: fc.string({ minLength: 1 }),
    risk: fc.string({ minLength: 1 }),
    safe: fc.string({ minLength: 1 }),
    paths: fc.array(fc.constantFrom('docs/**', 'critical.yaml', 'x'), { maxLength: 3 }),
  });

  it('only ever adds: what was listed stays, word for word, with every path', () => {
    fc.assert(
      fc.property(fc.array(addition, { maxLength: 6 }), (added) => {
        const merged = addCritical(list, added);
        list.forEach((action, index) => {
          const { paths, ...words } = merged[index]!;
          const { paths: before, ...same } = action;
          expect(words).toEqual(same);
          expect(paths).toEqual(expect.arrayContaining(before));
        });
        for (const action of added) {
          const found = merged.filter((one) => one.name === action.name);
          expect(found).toHaveLength(1);
          expect(found[0]!.paths).toEqual(expect.arrayContaining(action.paths));
        }
      }),
    );
  });
});

describe('matchChange', () => {
  it('names what a change amounts to', () => {
    expect(names('evals/verifiers/python.ts')).toEqual(['change-verifier']);
    expect(names('infra/sandbox/seccomp.ts', 'policies/promotion.ts')).toEqual(['change-promotion', 'change-sandbox']);
    expect(names('examples/quickstart/campaign.yaml')).toEqual(['change-task-set']);
    expect(names('critical.yaml')).toEqual(['change-gate']);
    expect(names('docs/guide.md', 'policies/random.ts', 'infra/store/folder.ts')).toEqual([]);
    expect(names()).toEqual([]);
  });

  it('sees through spelling, renames, links, and folders replaced whole', () => {
    for (const path of [
      './critical.yaml',
      'docs/../critical.yaml',
      'CRITICAL.YAML',
      'docs\\..\\critical.yaml',
      'critical.yaml/',
    ])
      expect(names(path), path).toContain('change-gate');
    expect(names('evals')).toEqual(['change-verifier']);
    expect(names('infra')).toEqual(['change-sandbox', 'change-gate']);
    const through = (change: object) =>
      matchChange(list, [{ path: 'docs/innocent.md', ...change }]).map((action) => action.name);
    expect(through({ renamedFrom: 'evals/verifiers/python.ts' })).toEqual(['change-verifier']);
    expect(through({ resolvesTo: 'infra/identity/keys.ts' })).toEqual(['change-gate']);
    expect(through({})).toEqual([]);
  });

  it('takes what it cannot see into for critical', () => {
    const all = list.filter((action) => action.paths.length > 0).map((action) => action.name);
    for (const path of ['../outside', '/etc/passwd', 'docs/../../x', 'a\0b']) expect(names(path), path).toEqual(all);
    expect(matchChange(list, [{ path: 'vendor', submodule: true }]).map((action) => action.name)).toEqual(all);
  });

  it('matches patterns part by part', () => {
    const one = (pattern: string): CriticalAction[] => [{ ...list[0]!, paths: [pattern] }];
    const hits = (pattern: string, path: string) => matchChange(one(pattern), [{ path }]).length === 1;
    expect(hits('a/*/c.yaml', 'a/b/c.yaml')).toBe(true);
    expect(hits('a/*/c.yaml', 'a/b/x/c.yaml')).toBe(false);
    expect(hits('a/*.ts', 'a/b.ts')).toBe(true);
    expect(hits('a/*.ts', 'a/b.tsx')).toBe(false);
    expect(hits('a.ts', 'abts')).toBe(false);
    expect(hits('a/b.ts', 'a/b.ts.bak')).toBe(false);
    expect(hits('a/**', 'ab/c')).toBe(false);
  });
});
