// Figures from the project's own tests: what of them must pass for a line of the acceptance, and the numbers that they tell. A test that was
// skipped has shown nothing, and a line that no test stands for does not hold.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type RanTest, runTests } from '../../support/vitest-run.ts';
import type { Figure, Tell } from '../figure.ts';
import type { Step } from '../steps.ts';

/** What names tests: those of the files whose whole name, with that of what they are described in, matches. */
export interface Among {
  readonly files: readonly string[];
  readonly named?: RegExp;
}

export interface ByTests extends Among {
  readonly name: string;
}

/** A number that each of the tests tells; the worst of them counts. */
export interface Told extends Among {
  readonly name: string;
  readonly figure: string;
  readonly least?: number;
  readonly most?: number;
  readonly shown?: (value: number) => string;
}

export interface TestStep {
  readonly name: string;
  readonly seconds: number;
  /** Whatever they need is installed first. */
  prepare?(tell: Tell): Promise<void>;
  readonly env?: Readonly<Record<string, string>>;
  readonly holds: readonly ByTests[];
  readonly told?: readonly Told[];
}

export function testStep({ name, seconds, prepare, env = {}, holds, told = [] }: TestStep): Step {
  return {
    name,
    seconds,
    async measure(tell) {
      await prepare?.(tell);
      const files = [...new Set([...holds, ...told].flatMap((one) => one.files))];
      const { tally, tests } = await runTests(files, (argv, TMPDIR) => vitest(argv, { ...env, TMPDIR }));
      for (const remark of tally.remarks ?? []) tell(remark);
      return figuresOf(tests, holds, told, tally.remarks ?? []);
    },
  };
}

/** @param remarks of the run: what passed only when it was run again says so */
export function figuresOf(
  tests: readonly RanTest[],
  holds: readonly ByTests[],
  told: readonly Told[] = [],
  remarks: readonly string[] = [],
): Figure[] {
  return [
    ...holds.map((one) => byTests(one, among(tests, one), remarks)),
    ...told.map((one) => byNumber(one, among(tests, one))),
  ];
}

const among = (tests: readonly RanTest[], { files, named = /./ }: Among): RanTest[] =>
  tests.filter(({ file, name }) => files.includes(file) && named.test(name));

function byTests({ name }: ByTests, own: readonly RanTest[], remarks: readonly string[]): Figure {
  const passed = own.filter(({ status }) => status === 'passed').length;
  const others = own.filter(({ status }) => status !== 'passed').map((one) => `${one.status}: ${one.name}`);
  const again = own.filter(({ file, name: of }) =>
    remarks.some((one) => one.startsWith(`FLAKY`) && one.includes(`${file} › ${of}:`)),
  );
  const value = [
    `${passed} of ${own.length} tests pass`,
    ...(again.length > 0 ? [`${again.length} of them only when run alone`] : []),
    ...others.slice(0, 3),
  ];
  return {
    name,
    value: value.join('; '),
    bound: 'all, and none skipped',
    holds: own.length > 0 && passed === own.length,
  };
}

function byNumber({ name, figure, least, most, shown = String }: Told, own: readonly RanTest[]): Figure {
  const values = own.flatMap(({ figures, before }) => [
    figures[figure],
    ...(before?.[figure] === undefined ? [] : [before[figure]]),
  ]);
  const bound = [
    ...(least === undefined ? [] : [`at least ${shown(least)}`]),
    ...(most === undefined ? [] : [`at most ${shown(most)}`]),
  ].join(', ');
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0 || known.length < values.length)
    return { name, value: `told by ${known.length} of ${values.length} tests`, bound: bound || 'told', holds: false };
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return {
    name,
    value: low === high ? shown(low) : `${shown(low)} to ${shown(high)}`,
    bound: bound || 'shown',
    holds: (least === undefined || low >= least) && (most === undefined || high <= most),
  };
}

/** Its lines go to stderr, as progress does: what is printed is the figures alone. */
function vitest(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join('node_modules', '.bin', 'vitest'), ...argv], {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, ...env },
    });
    child.on('error', () => resolve(127));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
