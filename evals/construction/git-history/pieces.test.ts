// The parts of the source that decide by text alone: what a path is, which licence, which guess comes next, which bugs are planted.
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../policies/random.ts';
import { isRunnable, kindOf } from '../../repository-tests/classify.ts';
import { betterGuess } from '../../repository-tests/environment.ts';
import { artifactOf, textOf } from '../../verifiers/artifact.ts';
import { applyChanges } from '../../verifiers/patch/apply.ts';
import { parseDiff } from '../../verifiers/patch/diff.ts';
import { proposeBugs } from './inject.ts';
import { licenceOf } from './licence.ts';

test.each([
  ['src/a.py', 'source'],
  ['index.js', 'source'],
  ['tests/data/a.txt', 'test'],
  ['src/test_a.py', 'test'],
  ['src/a.test.mjs', 'test'],
  ['setup.py', 'other'],
  ['vitest.config.js', 'other'],
  ['README.md', 'other'],
  ['contest.py', 'source'],
])('%s is %s', (path, kind) => expect(kindOf(path)).toBe(kind));

test('helpers of tests are not run', () => {
  expect(isRunnable('tests/test_a.py', 'def test_a(): pass')).toBe(true);
  expect(isRunnable('tests/helpers.py', 'def test_a(): pass')).toBe(false);
  expect(isRunnable('test/a.js', "const test = require('node:test');")).toBe(true);
  expect(isRunnable('test/data.js', 'module.exports = 1;')).toBe(false);
});

describe('licenceOf', () => {
  test.each([
    [{ 'package.json': '{"license":"ISC"}' }, 'ISC'],
    [{ 'package.json': '{', LICENSE: 'Permission is hereby granted, free\nof charge, to any person' }, 'MIT'],
    [{ 'LICENSE.txt': 'Redistribution and use in source and binary forms … Neither the name' }, 'BSD-3-Clause'],
    [{ COPYING: 'GNU GENERAL PUBLIC LICENSE' }, 'GPL-3.0-only'],
    [{ 'README.md': 'MIT' }, 'unknown'],
  ])('%j: %s', (files, expected) => expect(licenceOf(artifactOf(files as Record<string, string>))).toBe(expected));
});

describe('betterGuess', () => {
  const tree = artifactOf({ 'src/names/__init__.py': '', 'lib/deep/other.py': '', 'tests/test_a.py': '' });
  const guess = { runner: 'unittest' as const, sources: [''] };
  test('finds the folder that a missing module lies in', () => {
    expect(betterGuess(guess, ["ModuleNotFoundError: No module named 'names'"], tree)).toEqual({
      ...guess,
      sources: ['', 'src'],
    });
    expect(betterGuess(guess, ["No module named 'other'"], tree)).toEqual({ ...guess, sources: ['', 'lib/deep'] });
  });
  test('gives up on what is not there', () => {
    expect(betterGuess(guess, ["No module named 'numpy'"], tree)).toBe('it needs the package numpy');
    expect(betterGuess(guess, ["Error: Cannot find module 'tape'"], tree)).toBe('it needs the package tape');
    expect(betterGuess({ ...guess, sources: ['', 'src'] }, ["No module named 'names'"], tree)).toBe(
      'it needs the package names',
    );
    expect(betterGuess(guess, ['SyntaxError: x'], tree)).toBe('its tests do not run: SyntaxError: x');
  });
});

describe('proposeBugs', () => {
  const text =
    'import os\n# a == b\ndef f(a, b):\n    for i in range(3):\n        a += i\n    return a == b and not b\n';
  const tree = artifactOf({ 'a.py': text, 'open.js': 'if (a && b) x(1)', 'tests/test_a.py': 'assert 1 == 1' });
  const bugs = proposeBugs(tree, createRandom('bugs', 1));

  test('changes one line of a source each time, and its repair undoes it', () => {
    expect(bugs.map(({ text: wrong }) => wrong)).toHaveLength(new Set(bugs.map(({ text: wrong }) => wrong)).size);
    expect(bugs.length).toBe(5);
    for (const { path, text: wrong, repair } of bugs) {
      const right = textOf(tree.get(path)!)!;
      const differing = right.split('\n').filter((line, index) => line !== wrong.split('\n')[index]);
      expect(differing).toHaveLength(1);
      expect(differing[0]).not.toMatch(/import|#|for /);
      const broken = new Map([...tree, [path, Buffer.from(wrong)]]);
      expect(textOf(applyChanges(broken, parseDiff(repair)).get(path)!)).toBe(right);
    }
  });
  test('in an order that the seed decides', () => {
    expect(proposeBugs(tree, createRandom('bugs', 1))).toEqual(bugs);
  });
});
