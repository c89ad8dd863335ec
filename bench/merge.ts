// Prefix-tree merging: what an agent's sessions cost to evaluate when each turn is alone, when what they share is evaluated once, and at
// the very least; and what that does to a training step.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { loadConfig } from '../infra/config.ts';
import { trainerPython } from '../tests/support/trainer-python.ts';
import { spread } from './load.ts';

const TURNS = 5;

const merging = z.strictObject({
  samples: z.int(),
  breaks: z.record(z.string(), z.int()),
  alone: z.int(),
  merged: z.int(),
  least: z.int(),
  toLeast: z.number(),
  toLeastInShortRows: z.number(),
  saved: z.number(),
  wronglyMerged: z.int(),
  secondsPerMillion: z.number(),
});
const byWay = <S extends z.ZodType>(value: S) => z.strictObject({ merged: value, alone: value });
const measured = z.strictObject({
  merging: z.array(merging),
  stepping: z.array(
    z.strictObject({
      seconds: byWay(z.array(z.number())),
      tokens: byWay(z.int()),
      rows: byWay(z.int()),
      furthest: z.number(),
    }),
  ),
  peakMiB: z.number(),
  jax: z.string(),
});

export type Merged = z.infer<typeof measured>;

export async function measureMerging(): Promise<Merged> {
  const python = await trainerPython();
  const { stdout } = await promisify(execFile)(python, [join(import.meta.dirname, 'merge_sessions.py'), `${TURNS}`], {
    env: { ...process.env, PYTHONPATH: loadConfig().paths.trainer },
    maxBuffer: 2 ** 24,
  });
  return measured.parse(JSON.parse(stdout));
}

/** How many times as fast a step is, of each turn. */
export const timesFaster = ({ stepping }: Pick<Merged, 'stepping'>): number[] =>
  stepping.flatMap(({ seconds }) => seconds.alone.map((alone, turn) => alone / seconds.merged[turn]!));

export async function run(): Promise<void> {
  const found = await measureMerging();
  const { merging: merges, stepping, peakMiB, jax } = found;
  const breaks = Object.entries(
    merges.reduce<Record<string, number>>((sums, one) => {
      for (const [why, count] of Object.entries(one.breaks)) sums[why] = (sums[why] ?? 0) + count;
      return sums;
    }, {}),
  );
  const rows: readonly (readonly [string, string])[] = [
    [
      'samples; histories broken',
      `${sum(merges, 'samples')}; ${breaks.map(([why, n]) => `${n} by ${why}`).join(', ')}`,
    ],
    ['tokens, each alone ÷ merged', shown(merges.map(({ saved }) => saved))],
    [
      'tokens, merged ÷ least, in rows of 65,536 (goal 1.01)',
      shown(
        merges.map(({ toLeast }) => toLeast),
        4,
      ),
    ],
    [
      '… in rows of 4,096, where trees are cut more often',
      shown(
        merges.map((one) => one.toLeastInShortRows),
        4,
      ),
    ],
    ['wrongly merged (goal 0)', `${sum(merges, 'wronglyMerged')}`],
    ['seconds of processor a million tokens', shown(merges.map((one) => one.secondsPerMillion))],
    [
      'a step on the same samples: tokens, each alone ÷ merged',
      shown(stepping.map(({ tokens }) => tokens.alone / tokens.merged)),
    ],
    ['… time, each alone ÷ merged', shown(timesFaster(found))],
    ['… gradients differ by at most', Math.max(...stepping.map(({ furthest }) => furthest)).toExponential(1)],
    ['peak memory, MiB', peakMiB.toFixed(0)],
  ];
  console.log(`JAX ${jax}, ${TURNS} draws; medians (range)\n\n| | |\n| --- | --- |`);
  for (const [what, value] of rows) console.log(`| ${what} | ${value} |`);
}

type Counted = 'samples' | 'wronglyMerged';
const sum = (merges: readonly z.infer<typeof merging>[], what: Counted): number =>
  merges.reduce((total, one) => total + one[what], 0);

function shown(values: readonly number[], digits = 2): string {
  const { median, low, high } = spread(values);
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
