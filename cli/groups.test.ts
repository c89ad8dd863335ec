// The table of commands against the commands themselves.
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { commandsOf, GROUPS } from './groups.ts';

const run = async (): Promise<void> => undefined;

test.each(GROUPS.map(({ names, load }) => [names, load] as const))('%s', async (names, load) => {
  const program = new Command();
  (await load())(program, run);
  expect(program.commands.map((one) => one.name())).toEqual(names);
});

describe('loads', () => {
  test.each([
    [['status', 'x'], 1],
    [['--json', 'status'], 1],
    [['--temporal', 'ls', 'status'], 1],
    [['--temporal=ls', 'pool', 'ls'], 1],
    [['pool', '--help'], 1],
    [[], GROUPS.length],
    [['--help'], GROUPS.length],
    [['help', 'status'], GROUPS.length],
    [['sttus'], GROUPS.length],
    [['--temporal', 'status'], GROUPS.length],
  ])('%j: %i', async (argv, count) => expect(await commandsOf(argv)).toHaveLength(count));
});
