// What an agent wrote and then has run, whatever it is called and by whatever runs it: a script is code once it is run, not before.
import type { Language } from './deed.ts';
import { placed } from './places.ts';
import type { Command } from './shell.ts';

const MOST_SCRIPTS = 200;
const MOST_SCRIPT = 256 * 1_024;
const MOST_RUN = 4 * 2 ** 20;

export type Ran = { readonly text: string; readonly as: Language | 'shell' };

/** Texts by path; what was run once is not read again, and all of it together is bounded. */
export interface Scripts {
  wrote(write: { readonly path: string; readonly how: 'whole' | 'append' | 'replace'; readonly text: string }): void;
  /** As it was written last, run or not. */
  textAt(path: string): string | undefined;
  /** What a command runs for the first time since it was written. */
  runBy(name: string, words: readonly string[], command: Command, folder: string): Ran[];
  /** Modules that a source asks for. */
  importedBy(source: string): Ran[];
  /** One that a source runs by its path. */
  runAt(path: string, as: Language): Ran[];
}

export const NO_SCRIPTS: Scripts = {
  wrote: () => undefined,
  textAt: () => undefined,
  runBy: () => [],
  importedBy: () => [],
  runAt: () => [],
};

const BY_ENDING: readonly (readonly [RegExp, Language | 'shell'])[] = [
  [/\.py$/, 'python'],
  [/\.[cm]?[jt]sx?$/, 'javascript'],
  [/\.(?:ba|z|k)?sh$/, 'shell'],
  [/\.(?:rb|pl|php|lua|c|cc|cpp|cxx|go|rs|java|kt|swift)$/, 'other'],
];
const INTERPRETERS: readonly (readonly [RegExp, Language | 'shell'])[] = [
  [/^(?:python[\d.]*|pypy\d?|ipython\d?|pytest|py\.test|coverage|uv|poetry)$/, 'python'],
  [/^(?:node|deno|bun|tsx|ts-node|vitest|jest|mocha)$/, 'javascript'],
  [/^(?:ba|da|a|z|k)?sh$|^(?:source|\.)$/, 'shell'],
  [/^(?:ruby|perl|php|lua|gcc|g\+\+|cc|c\+\+|clang(?:\+\+)?|tcc|go|rustc|javac?|kotlinc?|awk|gawk|sed)$/, 'other'],
];
const MAKES = /^(?:g?make|just|ninja)$/;
const PACKAGES = /^(?:npm|yarn|pnpm|bun)$/;
const MAKEFILE = /(?:^|\/)(?:GNU)?[Mm]akefile$|(?:^|\/)justfile$/;
const TESTS = /^(?:pytest|py\.test|tox|nox)$/;
const TEST = /(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.py$/;
const HEAD = /^#![^\n]*?\b(python|node|deno|bun|ruby|perl|php)?[\d.]*[^\n/]*(?:\n|$)/;

export function createScripts(): Scripts {
  const texts = new Map<string, string>();
  const ran = new Set<string>();
  let room = MOST_RUN;

  function run(path: string, by: Language | 'shell' | undefined): Ran[] {
    const text = texts.get(path);
    if (text === undefined || ran.has(path) || text.length > room) return [];
    const as = by ?? BY_ENDING.find(([ending]) => ending.test(path))?.[1] ?? headOf(text);
    if (as === undefined) return [];
    ran.add(path);
    room -= text.length;
    return [
      { text: MAKEFILE.test(path) ? recipesOf(text) : path.endsWith('package.json') ? scriptsOf(text) : text, as },
    ];
  }

  return {
    wrote({ path, how, text }) {
      if (path === '' || (texts.size >= MOST_SCRIPTS && !texts.has(path))) return;
      texts.set(path, (how === 'whole' ? text : `${texts.get(path) ?? ''}\n${text}`).slice(0, MOST_SCRIPT));
      ran.delete(path);
    },
    textAt: (path) => texts.get(path),
    runAt: (path, as) => run(path, as),
    runBy(name, words, command, folder) {
      if (texts.size === 0) return [];
      const by = INTERPRETERS.find(([names]) => names.test(name))?.[1];
      const at = (path: string): string => placed(path, folder);
      if (MAKES.test(name))
        return [...texts.keys()].filter((path) => MAKEFILE.test(path)).flatMap((path) => run(path, 'shell'));
      if (PACKAGES.test(name)) return run(at('package.json'), 'shell');
      const own = words[0]?.includes('/') === true ? run(at(words[0]), undefined) : [];
      if (by === undefined) return own;
      const module = words[words.indexOf('-m') + 1] ?? '';
      const isTests = TESTS.test(name) || /^(?:pytest|unittest)$/.test(module);
      const plain = words.slice(1).filter((word) => !word.startsWith('-'));
      const named = [...plain.map((word) => word.replace(/::.*$/, '')), ...command.input].map(at);
      const files = named.flatMap((path) =>
        run(
          path,
          BY_ENDING.some(([ending]) => ending.test(path))
            ? undefined
            : /^(?:go|java|uv|poetry)$/.test(name)
              ? undefined
              : by,
        ),
      );
      const tests = isTests
        ? [...texts.keys()].filter((path) => TEST.test(path)).flatMap((path) => run(path, 'python'))
        : [];
      return [...own, ...files, ...tests, ...(words.includes('-m') ? modules(module, at) : [])];
    },
    importedBy: (source) =>
      texts.size === 0
        ? []
        : [...source.matchAll(/(?:^|[;\n:])[ \t]*(?:import|from)[ \t]+([\w.]+(?:[ \t]*,[ \t]*[\w.]+)*)/g)]
            .slice(0, 200)
            .flatMap((match) => match[1]!.split(/[ \t]*,[ \t]*/))
            .flatMap((name) => modules(name, (path) => path)),
  };

  function modules(name: string, at: (path: string) => string): Ran[] {
    const path = name.replaceAll('.', '/');
    return [`${path}.py`, `${path}/__main__.py`, `${path}/__init__.py`].flatMap((one) => run(at(one), 'python'));
  }
}

/** Of a file whose name says nothing. */
function headOf(text: string): Language | 'shell' | undefined {
  const head = HEAD.exec(text);
  if (head === null) return /\0/.test(text) ? undefined : 'shell';
  const by = head[1];
  return by === 'python'
    ? 'python'
    : by === undefined
      ? 'shell'
      : /^(?:node|deno|bun)$/.test(by)
        ? 'javascript'
        : 'other';
}

const recipesOf = (text: string): string =>
  text
    .split('\n')
    .filter((line) => /^[\t ]/.test(line))
    .map((line) =>
      line
        .trim()
        .replace(/^[@-]+/, '')
        .replaceAll('$$', '$'),
    )
    .join('\n');

/** Of a package, whichever of them is run. */
function scriptsOf(text: string): string {
  try {
    const { scripts = {} } = JSON.parse(text) as { scripts?: object };
    return Object.values(scripts)
      .filter((one) => typeof one === 'string')
      .join('\n');
  } catch {
    return '';
  }
}
