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
/** Something simpler than the formula gives the same for most figures: what a formula does beside that shows in some of many rounds. */
const ROUNDS = 16;
/** Where so few values come up, each is right on its side of a limit: rounds close to it are looked for, between so many pairs of rounds. */
const FEW = 5;
const PAIRS = 6;
const STEPS = 16;
/** Of so many rounds one has figures that are all the same. */
const ALL_ALIKE = 12;

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
  const order = random.shuffle([...wanted.inputs.keys()]);
  const pool: Drawn[] = [];
  const settled = ({ index }: Wanted['follow'][number]): boolean => turnOf(index, pool, wanted.tolerance) !== undefined;
  for (const size of POOLS) {
    const rounds = Array.from({ length: Math.min(size, wanted.most) }, (_, number) =>
      roundOf(wanted.inputs, number, order, random),
    );
    const values = await wanted.calculate(rounds);
    pool.push(...rounds.map((inputs, number) => ({ inputs, values: values[number]! })));
    if (wanted.follow.every(settled)) break;
  }
  const close = await closeRounds(wanted, pool);
  const stuck = wanted.follow.find((cell) => !settled(cell));
  if (stuck !== undefined) {
    const why = `gives the same for each of ${pool.length} draws of the secret inputs`;
    throw new AnnealError(
      'verifier.failed',
      `the formula of ${stuck.name} ${why}, so that its value could be typed in`,
    );
  }
  // Two right formulas may fail in different ways.
  const sound = pool.filter(({ values }) => wanted.follow.every(({ index }) => !isError(values[index]!)));
  const chosen = new Set(sound.slice(0, Math.max(Math.min(ROUNDS, wanted.most), wanted.rounds)));
  for (const { index } of wanted.follow) {
    const own = [...chosen];
    if (own.length > 0 && turnOf(index, own, wanted.tolerance) !== undefined) continue;
    const turn =
      (sound.length > 0 ? turnOf(index, sound, wanted.tolerance) : undefined) ?? turnOf(index, pool, wanted.tolerance);
    for (const one of turn ?? []) chosen.add(one);
  }
  return [...new Set([...chosen, ...close])];
}

/** Between two rounds of different values, the last one on either side of where the value changes. */
async function closeRounds(wanted: Wanted, pool: readonly Drawn[]): Promise<readonly Drawn[]> {
  const pairs = wanted.follow
    .filter(({ index }) => distinct(pool.map(({ values }) => values[index]!)) <= FEW)
    .flatMap(({ index }) => {
      const groups = [...Map.groupBy(pool, ({ values }) => JSON.stringify(values[index])).values()];
      return Array.from({ length: groups.length < 2 ? 0 : PAIRS }, (_, turn) => {
        const [one, other] = [groups[turn % groups.length]!, groups[(turn + 1) % groups.length]!];
        return { index, from: one[turn % one.length]!, to: other[turn % other.length]! };
      });
    })
    .slice(0, Math.floor(wanted.most / STEPS));
  if (pairs.length === 0) return [];
  const ways = pairs.map(({ from, to }) =>
    Array.from({ length: STEPS - 1 }, (_, step) => between(from.inputs, to.inputs, (step + 1) / STEPS)),
  );
  const values = await wanted.calculate(ways.flat());
  return pairs.flatMap(({ index, from, to }, pair) => {
    const own = ways[pair]!.map((inputs, step) => ({ inputs, values: values[pair * (STEPS - 1) + step]! }));
    const way = [from, ...own, to];
    const change = way.findIndex(
      ({ values }, at) => at > 0 && JSON.stringify(values[index]) !== JSON.stringify(way[at - 1]!.values[index]),
    );
    return way
      .slice(Math.max(0, change - 1), change + 1)
      .filter(({ values }) => wanted.follow.every((cell) => !isError(values[cell.index]!)));
  });
}

const between = (from: Round, to: Round, share: number): Round =>
  from.map(({ value, ...at }, index) => ({ ...at, value: Math.round(value + (to[index]!.value - value) * share) }));

/**
 * Every third of any size, each time with one figure at the least and another one at the most that it may be, where guards and limits are;
 * then small ones, then large ones: a sum of many would hardly ever pass a limit at an end of what it can be. Where nothing is larger than
 * anything else there are guards too, in a round that is meant for it: elsewhere two are the same by chance alone, since which of them comes
 * first is for nobody to say.
 */
function roundOf(inputs: readonly SecretInput[], number: number, order: readonly number[], random: Random): Round {
  if (number % ALL_ALIKE === 1) {
    const height = number === 1 ? 0 : random.unit();
    const at = ({ least, most }: SecretInput): number => least + Math.floor((most - least) * height);
    return inputs.map((input) => ({ sheet: input.sheet, cell: input.cell, value: at(input) }));
  }
  const turn = Math.floor(number / 3);
  const share = number % 3 === 0 ? 1 : random.unit() ** 3;
  const low = order[turn % order.length];
  const high = order[(turn + Math.ceil(order.length / 2)) % order.length];
  return inputs.map(({ sheet, cell, least, most }, index) => {
    const width = most - least;
    const span = 1 + Math.max(Math.floor(width * share), Math.floor(Math.min(width / 8, inputs.length * 4)));
    const drawn = random.below(span);
    if (number % 3 === 2) return { sheet, cell, value: most - drawn };
    const isLow = index === low && (low !== high || turn % 2 === 0);
    if (number % 3 === 0 && (isLow || index === high)) return { sheet, cell, value: isLow ? least : most };
    return { sheet, cell, value: least + drawn };
  });
}

const isError = (value: Calculated): boolean => typeof value === 'object' && value !== null;

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
