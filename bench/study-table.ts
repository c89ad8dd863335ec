// What a campaign's JSON document says about its setting, and the table over all of them.
import { z } from 'zod';

const rate = z.looseObject({ passRate: z.number(), formatRate: z.number() });
const answer = z.looseObject({
  rounds: z.array(
    z.looseObject({
      visible: z.looseObject({ passRate: z.number() }),
      gate: rate,
      tokens: z.number(),
      verdict: z.string(),
    }),
  ),
  baseline: rate,
  conservation: z.looseObject({ prompts: z.int(), trained: z.int(), balanced: z.boolean() }),
  stages: z.array(z.looseObject({ stage: z.string(), seconds: z.number() })),
});

export interface StudyRun {
  readonly setting: string;
  readonly seed: number;
  /** Gate split: pass rate before, after each round; shares of 1. */
  readonly gate: readonly number[];
  readonly format: readonly number[];
  readonly visible: readonly number[];
  readonly verdicts: readonly string[];
  /** Share of the training rollouts that a gradient came from. */
  readonly signal: number;
  readonly tokens: number;
  readonly seconds: number;
}

export function studyRun(setting: string, seed: number, document: unknown): StudyRun {
  const { rounds, baseline, conservation, stages } = answer.parse(document);
  if (!conservation.balanced) throw new Error(`${setting}, seed ${seed}: its conservation does not balance`);
  return {
    setting,
    seed,
    gate: [baseline.passRate, ...rounds.map((r) => r.gate.passRate)],
    format: [baseline.formatRate, ...rounds.map((r) => r.gate.formatRate)],
    visible: rounds.map((r) => r.visible.passRate),
    verdicts: rounds.map((r) => r.verdict),
    signal: conservation.trained / conservation.prompts,
    tokens: rounds.reduce((sum, r) => sum + r.tokens, 0),
    seconds: stages.reduce((sum, s) => sum + s.seconds, 0),
  };
}

/** Markdown: a line a campaign, then the mean gain of each setting with the range over its seeds. */
export function studyTable(runs: readonly StudyRun[]): string {
  const lines = runs.map((r) =>
    row([
      r.setting,
      `${r.seed}`,
      path(r.gate),
      path(r.format),
      path(r.visible),
      r.verdicts.join(' '),
      percent(r.signal),
      `${r.tokens}`,
      r.seconds.toFixed(0),
    ]),
  );
  const settings = [...new Set(runs.map((r) => r.setting))];
  const sums = settings.map((setting) => {
    const own = runs.filter((r) => r.setting === setting);
    const gains = own.map((r) => r.gate.at(-1)! - r.gate[0]!);
    const formats = own.map((r) => r.format.at(-1)! - r.format[0]!);
    return row([
      setting,
      `${own.length}`,
      spread(gains),
      spread(formats),
      spread(own.map((r) => r.signal)),
      spreadOf(
        own.map((r) => r.seconds),
        (s) => s.toFixed(0),
      ),
    ]);
  });
  return [
    row([
      'setting',
      'seed',
      'gate pass %',
      'gate format %',
      'visible pass %',
      'verdicts',
      'signal %',
      'tokens',
      'seconds',
    ]),
    row(Array.from({ length: 9 }, () => '---')),
    ...lines,
    '',
    row(['setting', 'seeds', 'gate gain, points', 'format gain, points', 'signal %', 'seconds']),
    row(Array.from({ length: 6 }, () => '---')),
    ...sums,
    '',
  ].join('\n');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const percent = (share: number): string => (100 * share).toFixed(1);
const path = (shares: readonly number[]): string => shares.map(percent).join(' → ');
const spread = (shares: readonly number[]): string => spreadOf(shares, percent);

function spreadOf(values: readonly number[], show: (value: number) => string): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return `${show(mean)} (${show(Math.min(...values))} to ${show(Math.max(...values))})`;
}
