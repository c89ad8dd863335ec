import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GuardedTask, indexTasks } from './overlap.ts';
import { wordsOf } from './plain-words.ts';

const numbered = (from: number, to: number, word = 'w') =>
  Array.from({ length: to - from }, (_, at) => `${word}${from + at}`).join(' ');
const task = (name: string, ...texts: string[]): GuardedTask => ({ task: name, texts, canary: '' });

describe('runs of 13 words', () => {
  const index = indexTasks([task('a', numbered(0, 40)), task('b', numbered(100, 120))]);

  it('are found whatever stands around and between them', () => {
    const [only, ...others] = index.search(`Before. ${numbered(5, 20).toUpperCase().replaceAll(' ', ',\n  ')}! After.`);
    expect(others).toEqual([]);
    expect(only).toEqual({ task: 'a', canary: false, shared: 3, runs: 28, stretch: numbered(5, 20) });
  });

  it('are not found in 12 words, nor in words of another order', () => {
    expect(index.search(numbered(5, 17))).toEqual([]);
    expect(index.search(numbered(0, 40).split(' ').reverse().join(' '))).toEqual([]);
    expect(index.search('')).toEqual([]);
  });

  it('name every task they stand in, the worst first', () => {
    const both = index.search(`${numbered(100, 113)} ${numbered(0, 30)}`);
    expect(both.map(({ task: name, shared }) => [name, shared])).toEqual([
      ['a', 18],
      ['b', 1],
    ]);
  });

  it('of common wording are no evidence', () => {
    const template = numbered(0, 20, 'common');
    const tasks = [task('a', `${template} ${numbered(0, 15)}`)];
    expect(indexTasks(tasks).search(template)).toHaveLength(1);
    expect(indexTasks(tasks, [template]).search(template)).toEqual([]);
    expect(indexTasks(tasks, [template]).search(numbered(0, 15))).toHaveLength(1);
  });

  it('of a short text are the text as a whole, unless it is anybody’s', () => {
    const short = indexTasks([task('nine', numbered(0, 9)), task('seven', numbered(50, 57))]);
    expect(short.search(`x ${numbered(0, 9)} y ${numbered(50, 57)}`).map((found) => found.task)).toEqual(['nine']);
  });

  it('find every task text in itself, wherever it is pasted', () => {
    const text = fc.array(fc.constantFrom('def', 'return', 'x', 'list', 'sum', 'für', '値', '42'), {
      minLength: 13,
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, text, text, (before, own, after) => {
        const found = indexTasks([task('t', own.join(' '))]).search([...before, ...own, ...after].join(' '));
        expect(found[0]).toMatchObject({ task: 't', shared: found[0]!.runs });
        expect(wordsOf(found[0]!.stretch).length).toBeGreaterThanOrEqual(13);
      }),
    );
  });
});

describe('canaries', () => {
  const index = indexTasks([{ task: 'a', texts: ['short'], canary: 'anneal-canary-7f3a91c2' }, task('b', 'none')]);

  it('are found as written, broken up, in other case or form', () => {
    for (const text of [
      'x anneal-canary-7f3a91c2 y',
      'ANNEAL CANARY 7F3A91C2',
      'anneal\n-canary\n-7f3a\u200b91c2',
      'ａｎｎｅａｌ-canary-7f3a91c2',
    ])
      expect(index.search(text), text).toMatchObject([{ task: 'a', canary: true, shared: 0 }]);
    expect(index.search('anneal-canary-7f3a91c3')).toEqual([]);
  });

  it('come before runs, and are long enough to mean something', () => {
    const both = indexTasks([task('run', numbered(0, 13)), { task: 'canary', texts: [], canary: 'zq81-xv77' }]);
    expect(both.search(`${numbered(0, 13)} zq81xv77`).map((found) => found.task)).toEqual(['canary', 'run']);
    expect(() => indexTasks([{ task: 'a', texts: [], canary: 'abc-123' }])).toThrow(RangeError);
  });
});

describe('what a reader takes for the same', () => {
  const text =
    'Write a function that takes a list of intervals with inclusive ends and merges those which touch or overlap each other into one interval';
  const index = indexTasks([task('a', text)]);
  const ways: Record<string, (text: string) => string> = {
    'signs of no width': (one) => one.replaceAll(/(\w)(\w)/g, '$1\u200b$2'),
    'soft hyphens': (one) => one.replaceAll(/(\w)(\w)/g, '$1\u00ad$2'),
    'letters of Cyrillic': (one) => one.replaceAll(/[aeopc]/g, (letter) => 'аеорс'['aeopc'.indexOf(letter)]!),
    'letters of Greek': (one) => one.replaceAll('o', 'ο').replaceAll('A', 'Α'),
    accents: (one) => one.replaceAll(/[aeiou]/g, '$&\u0301'),
    'a word put in': (one) =>
      one
        .split(' ')
        .map((word, at) => (at % 12 === 11 ? `um ${word}` : word))
        .join(' '),
    underscores: (one) => one.replaceAll(' ', '_'),
    camelCase: (one) => one.replaceAll(/ (\w)/g, (_, letter: string) => letter.toUpperCase()),
    'no spaces at all': (one) => one.replaceAll(' ', ''),
    'a hyphen in each word': (one) => one.replaceAll(/(\w)(\w)/g, '$1-$2'),
  };

  it.each(Object.keys(ways))('is found: %s', (way) => {
    expect(index.search(`Before it. ${ways[way]!(text)} And behind.`)).toMatchObject([{ task: 'a' }]);
  });

  it('is found in any two of these ways at once', () => {
    const way = fc.constantFrom('signs of no width', 'soft hyphens', 'letters of Cyrillic', 'accents', 'underscores');
    fc.assert(
      fc.property(way, way, (one, other) => {
        expect(index.search(ways[one]!(ways[other]!(text)))).toHaveLength(1);
      }),
    );
  });

  it('is found with one word put in anywhere', () => {
    const words = text.split(' ');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 12 }), (from, at) => {
        const run = words.slice(from % (words.length - 12)).slice(0, 13);
        expect(index.search([...run.slice(0, at), 'zzz', ...run.slice(at)].join(' '))).toHaveLength(1);
      }),
    );
  });

  it('is not what only sounds alike', () => {
    expect(
      index.search('Write a function that takes a list of numbers with their names and merges those which are equal'),
    ).toEqual([]);
    expect(
      index.search(
        text
          .split(' ')
          .filter((_, at) => at % 3 !== 0)
          .join(' '),
      ),
    ).toEqual([]);
  });
});
