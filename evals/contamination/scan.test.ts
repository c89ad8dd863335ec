import { describe, expect, test } from 'vitest';
import type { GuardedTask } from '../../policies/overlap.ts';
import { scanForSealed, scanForTasks } from './scan.ts';

const instruction =
  'Write a function that takes the opening hours of a harbour and returns for every ship the first hour at which it may enter.';
const tasks: GuardedTask[] = [
  { task: 'harbour#1', texts: [instruction, 'def enter(hours, ships): ...'], canary: 'canary-4be1-90aa-77c3' },
  {
    task: 'clock#1',
    texts: ['Return the angle between the hands of a clock at the given minute of the day, in degrees.'],
    canary: '',
  },
];
const given = (kind: 'skill' | 'memory' | 'prompt' | 'patch', text: string) => [{ kind, name: 'x.md', text }];

describe('the search of a round', () => {
  test('names what overlaps, and repeats none of it', () => {
    const [found] = scanForTasks(given('skill', `# Harbours\n\n${instruction}\nStart with the ships.`), tasks);
    expect(found!.why).toBe('The skill x.md shares 12 of 12 runs of words with harbour#1, 24 words in one piece.');
    expect(found!.overlaps).toHaveLength(1);
  });

  test('of a sealed split tells how much, and nothing of what', () => {
    const both = `canary-4be1-90aa-77c3 ${instruction} ${tasks[1]!.texts[0]}`;
    const found = scanForSealed(given('memory', both), tasks);
    expect(found).toEqual([
      {
        ...{ kind: 'memory', name: 'x.md' },
        why: 'The memory x.md shares 18 of 18 runs of words with 2 sealed tasks, and holds the canary of 1 sealed task.',
      },
    ]);
    expect(scanForSealed(given('memory', 'Read the docstring first.'), tasks)).toEqual([]);
  });

  test('finds canaries in memory and prompts', () => {
    expect(scanForTasks(given('memory', 'seen: CANARY-4BE1-90AA-77C3'), tasks)[0]!.why).toBe(
      'The memory x.md holds the canary of harbour#1.',
    );
    const both = `canary-4be1-90aa-77c3 ${tasks[1]!.texts[0]}`;
    expect(scanForTasks(given('prompt', both), tasks)[0]!.why).toContain(' and overlaps with 1 more.');
  });

  test('reads of a patch what it adds', () => {
    const patch = (sign: string) => `--- a/s.md\n+++ b/s.md\n@@ -1 +1 @@\n context\n${sign}${instruction}\n`;
    expect(scanForTasks(given('patch', patch('+')), tasks)).toHaveLength(1);
    expect(scanForTasks(given('patch', patch('-')), tasks)).toEqual([]);
    expect(scanForTasks(given('patch', patch(' ')), tasks)).toEqual([]);
    // One sentence over several added lines, and a file that is no diff at all.
    const broken = `@@ -0,0 +1,9 @@\n${instruction
      .split(' ')
      .map((word) => `+${word}`)
      .join('\n')}`;
    expect(scanForTasks(given('patch', broken), tasks)).toHaveLength(1);
    expect(scanForTasks(given('patch', instruction), tasks)).toHaveLength(1);
  });

  test('lets harmless texts and shared templates pass', () => {
    expect(scanForTasks(given('skill', 'Read the docstring first. Then write tests for the edges.'), tasks)).toEqual(
      [],
    );
    expect(scanForTasks(given('prompt', instruction), tasks, [instruction])).toEqual([]);
    expect(scanForTasks([], tasks)).toEqual([]);
  });
});
