// Secret figures for a workbook's inputs. What a formula gives has to change with them, or whoever types in its value is as good as the
// formula: it is drawn until each cell that is checked by them takes values that nobody can type in at once.
import { AnnealError } from '../../../contracts/errors.ts';
import { createRandom, type Random } from '../../../policies/random.ts';
import type { Tolerance } from '../program/compare.ts';
import type { Calculated, CellName } from './recalculate.ts';

export interface SecretInput extends CellName {
  readonly least: number;
  readonly most: number;
}

export type Change = CellName & { readonly value: number };
type Round = readonly Change[];

/** A round of figures, with what the task's formulas give for them. */
export interface Drawn {
  readonly inputs: Round;
  readonly values: readonly Calculated[];
}

/** How many are drawn at a time, until the values differ. */
const POOLS = [16, 48, 192] as const;
/** A result of few values is guessed by something simpler than its formula: it is asked for more often. */
const FEW = 3;
const ROUNDS_OF_FEW = 12;

export interface Wanted {
  readonly secret: string;
  readonly inputs: readonly SecretInput[];
  /** At the least. */
  readonly rounds: number;
  /** As many at a time as the engine can do for a workbook of this size. */
  readonly most: number;
  /** The cells that have to follow, by where they stand in the values. */
  readonly follow: readonly { readonly index: number; readonly name: string }[];
  readonly tolerance: Tolerance;
  /** By the task's own formulas, in the real engine. */
  readonly calculate: (rounds: readonly Round[]) => Promise<readonly (readonly Calculated[])[]>;
}

/** @throws AnnealError `verifier.failed` when a cell's value is the same for all that may be drawn: the task is none */
export async function drawSecretFigures(wanted: Wanted): Promise<readonly Drawn[]> {
  const random = createRandom('spreadsheet', wanted.secret);
  const pool: Drawn[] = [];
  const settled = ({ index }: Wanted['follow'][number]): boolean => turnOf(index, pool, wanted.tolerance) !== undefined;
  for (const size of POOLS) {
    const rounds = Array.from({ length: Math.min(size, wanted.most) }, (_, number) =>
      roundOf(wanted.inputs, number, random),
    );
    const values = await wanted.calculate(rounds);
    pool.push(...rounds.map((inputs, number) => ({ inputs, values: values[number]! })));
    if (wanted.follow.every(settled)) break;
  }
  const stuck = wanted.follow.find((cell) => !settled(cell));
  if (stuck !== undefined) {
    const why = `gives the same for each of ${pool.length} draws of the secret inputs`;
    throw new AnnealError(
      'verifier.failed',
      `the formula of ${stuck.name} ${why}, so that its value could be typed in`,
    );
  }
  const few = wanted.follow.some(({ index }) => distinct(pool.map(({ values }) => values[index]!)) <= FEW);
  const chosen = new Set(
    pool.slice(0, few ? Math.max(Math.min(ROUNDS_OF_FEW, wanted.most), wanted.rounds) : wanted.rounds),
  );
  for (const { index } of wanted.follow) {
    const own = [...chosen];
    if (turnOf(index, own, wanted.tolerance) !== undefined) continue;
    const turn = turnOf(index, pool, wanted.tolerance);
    for (const one of turn ?? []) chosen.add(one);
  }
  return [...chosen];
}

/** Every third of any size, then small ones, then large ones: a sum of many would hardly ever pass a limit at an end of what it can be. */
function roundOf(inputs: readonly SecretInput[], number: number, random: Random): Round {
  const share = number % 3 === 0 ? 1 : random.unit();
  return inputs.map(({ sheet, cell, least, most }) => {
    const span = 1 + Math.floor((most - least) * share);
    const drawn = random.below(span);
    return { sheet, cell, value: number % 3 === 2 ? most - drawn : least + drawn };
  });
}

/** Two draws of which no value can be right for both. */
function turnOf(index: number, pool: readonly Drawn[], tolerance: Tolerance): readonly [Drawn, Drawn] | undefined {
  const [first] = pool;
  const other = pool.find(({ values }) => apart(values[index]!, first!.values[index]!, tolerance));
  if (other !== undefined) return [first!, other];
  // Near values of a wide tolerance: the two ends are the last that could be apart.
  const numbers = pool.filter(({ values }) => typeof values[index] === 'number');
  const sorted = numbers.sort((a, b) => (a.values[index] as number) - (b.values[index] as number));
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined) return undefined;
  return apart(low.values[index]!, high.values[index]!, tolerance) ? [low, high] : undefined;
}

/** No third value is within the tolerance of both. */
function apart(a: Calculated, b: Calculated, { absolute, relative }: Tolerance): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return JSON.stringify(a) !== JSON.stringify(b);
  const room = (value: number) => Math.max(absolute, relative * Math.abs(value));
  return Math.abs(a - b) > room(a) + room(b);
}

const distinct = (values: readonly Calculated[]): number => new Set(values.map((value) => JSON.stringify(value))).size;
