// spreadsheet@1: cells of a workbook after we have recalculated it. What the file says its formulas give is never looked at; where the
// task allows, its inputs are changed in secret, so that a number typed in for a formula does not do.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import type { EvidenceRun, GateResult } from '../../../contracts/judgement.ts';
import type { Sandbox } from '../../../contracts/ports.ts';
import { bounded } from '../bounded.ts';
import { broken, held, refused, sha256Of } from '../gates.ts';
import { within } from '../program/compare.ts';
import { defineVerifier, type Instruments } from '../verifier.ts';
import { cellOf, sameCell, sameName, sizeOf, withFormulas, withInputs } from './cells.ts';
import { type Calculate, MOST_EDGES, notAtEdge } from './edges.ts';
import { placeOf } from './formula.ts';
import { type Calculated, recalculate } from './recalculate.ts';
import { type Change, type Drawn, drawSecretFigures } from './secret-figures.ts';
import { tryRead, type Workbook } from './workbook.ts';

const cellName = {
  sheet: z.string().min(1).max(31),
  cell: z.string().refine((name) => placeOf(name) !== undefined, 'a cell, for example B2'),
};

export const spreadsheetCheck = z.strictObject({
  file: relativePath,
  /** What has to stand in a cell; `formula` gives it anew when inputs are changed. */
  cells: z
    .array(
      z.strictObject({
        ...cellName,
        value: z.union([z.number(), z.string(), z.boolean()]),
        formula: z.string().min(1).optional(),
        weight: z.number().positive().default(1),
      }),
    )
    .min(1)
    .max(1_000),
  absolute: z.number().nonnegative().default(1e-9),
  relative: z.number().nonnegative().default(1e-9),
  /** Cells that have to keep what the given workbook has there. */
  unchanged: z.array(z.strictObject(cellName)).default([]),
  /**
   * Inputs that take secret values, whole numbers from `least` to `most`: cells with a formula then have to give what their formula gives
   * in the workbook that was given.
   */
  secretInputs: z
    .strictObject({
      given: relativePath,
      inputs: z.array(z.strictObject({ ...cellName, least: z.int(), most: z.int() })).min(1),
      rounds: z.int().min(1).max(5).default(2),
    })
    .nullable(),
});
export type SpreadsheetCheck = z.infer<typeof spreadsheetCheck>;

export const spreadsheet = defineVerifier<SpreadsheetCheck>({
  ref: { name: 'spreadsheet', version: 1 },
  format: 'spreadsheet',
  check: spreadsheetCheck,
  async judge({ check, artifact, given, instruments }) {
    const bytes = artifact.get(check.file);
    if (bytes === undefined || bytes.length === 0)
      return refused([broken('workbook', `${check.file} is missing or empty`)]);
    const book = await bounded('workbook', tryRead, true, bytes);
    if ('why' in book) return refused([broken('workbook', `${check.file} ${book.why}`)]);
    const gates: GateResult[] = [held('workbook', 'sheets, and nothing else that does anything')];
    const lost = check.cells.find(({ sheet }) => !book.sheets.some(({ name }) => sameName(name, sheet)));
    if (lost !== undefined) return refused([...gates, broken('sheets', `there is no sheet ${lost.sheet}`)]);
    const altered = check.unchanged.find((at) => !sameCell(book, reference(check, given), at));
    if (altered !== undefined)
      return refused([...gates, broken('unchanged', `${altered.sheet}!${altered.cell} was changed`)]);

    const { sandbox } = instruments;
    const typed = check.secretInputs === null ? undefined : check.cells.find((one) => isTyped(book, one));
    if (typed !== undefined) {
      const why = `${typed.sheet}!${typed.cell} holds a value, and a formula was asked for`;
      return refused([...gates, broken('secret inputs', why)]);
    }
    const task = check.secretInputs === null ? undefined : referenceFor(check, given, sandbox);
    const drawn = task === undefined ? [] : await drawnFor(check, task, instruments);
    const books = [book, ...drawn.map(({ inputs }) => withInputs(book, inputs))];
    const answered = await recalculatedInTurn(sandbox, books, check.cells);
    if ('why' in answered) return refused([...gates, broken('recalculates', answered.why)], answered.runs);
    const [values = [], ...changed] = answered.values;
    gates.push(held('recalculates', `${check.cells.length} cells read`));
    if (task !== undefined) {
      const wrong = await notFollowing(check, drawn, changed, task, async (rounds) => {
        const sides = await recalculatedInTurn(
          sandbox,
          rounds.map((inputs) => withInputs(book, inputs)),
          check.cells,
        );
        return 'why' in sides ? undefined : sides.values;
      });
      if (wrong !== undefined) {
        const why = `${wrong.sheet}!${wrong.cell} does not follow its inputs`;
        return refused([...gates, broken('secret inputs', why)], answered.runs);
      }
      gates.push(held('secret inputs', `${drawn.length} rounds`));
    }
    const components = check.cells.map(({ sheet, cell, value, weight }, index) => {
      const seen = values[index]!;
      const score = sameValue(value, seen, check) ? 1 : 0;
      return {
        name: `${sheet}!${cell}`,
        kind: 'outcome' as const,
        score,
        weight,
        why: JSON.stringify(seen).slice(0, 200),
      };
    });
    return {
      gates,
      components,
      runs: answered.runs,
      seen: check.cells.map(({ sheet, cell }, index) => [sheet, cell, values[index]!]),
    };
  },
  impossible: (check) => ({
    ...check,
    cells: check.cells.map((one, index) => (index === 0 ? { ...one, value: flipped(one.value, check) } : one)),
  }),
});

/** @throws AnnealError `verifier.failed` when the workbook that was given is not there or cannot be read */
function reference({ secretInputs, file }: SpreadsheetCheck, given: ReadonlyMap<string, Uint8Array>): Workbook {
  const path = secretInputs?.given ?? file;
  const bytes = given.get(path);
  const book = bytes === undefined ? { why: 'is missing' } : tryRead(bytes);
  if ('why' in book) throw new AnnealError('verifier.failed', `the given workbook ${path} ${book.why}`);
  return book;
}

/** The workbook that was given, with the task's formulas. */
interface Reference {
  readonly cells: number;
  /** What they give for some figures, in a sandbox of its own. */
  calculate(rounds: readonly (readonly Change[])[]): Promise<readonly (readonly Calculated[])[]>;
}

function referenceFor(check: SpreadsheetCheck, given: ReadonlyMap<string, Uint8Array>, sandbox: Sandbox): Reference {
  const book = withFormulas(reference(check, given), check.cells);
  return {
    cells: sizeOf(book),
    async calculate(rounds) {
      const books = rounds.map((round) => withInputs(book, round));
      const answered = await recalculatedInTurn(sandbox, books, check.cells);
      if ('why' in answered) throw new AnnealError('verifier.failed', `the reference workbook ${answered.why}`);
      return answered.values;
    },
  };
}

/** Secret figures with what the task's formulas give for them. */
async function drawnFor(
  { cells, secretInputs, ...tolerance }: SpreadsheetCheck,
  task: Reference,
  { secret }: Instruments,
): Promise<readonly Drawn[]> {
  if (secretInputs === null) return [];
  return drawSecretFigures({
    secret: sha256Of(`spreadsheet\n${secret}`),
    ...secretInputs,
    most: Math.max(secretInputs.rounds, Math.floor(MOST_CELLS_AT_ONCE / task.cells)),
    follow: cells.flatMap(({ sheet, cell, formula }, index) =>
      formula === undefined ? [] : [{ index, name: `${sheet}!${cell}` }],
    ),
    tolerance,
    calculate: task.calculate,
  });
}

/** A cell whose formula gives something else than the task's, and not at an edge alone. */
async function notFollowing(
  check: SpreadsheetCheck,
  drawn: readonly Drawn[],
  answered: readonly (readonly Calculated[])[],
  task: Reference,
  judged: Calculate,
): Promise<SpreadsheetCheck['cells'][number] | undefined> {
  const same = (expected: Calculated, value: Calculated): boolean => sameValue(expected, value, check);
  const unlike = check.cells.flatMap(({ formula }, index) =>
    drawn.flatMap(({ inputs, values }, number) => {
      const [expected, seen] = [values[index]!, answered[number]![index]!];
      return formula === undefined || same(expected, seen) ? [] : [{ inputs, index, expected, seen }];
    }),
  );
  const counts = Map.groupBy(unlike, ({ index }) => index);
  const [often] = [...counts.values()].find(({ length }) => length > drawn.length * MOST_EDGES) ?? [];
  const wrong = unlike.length === 0 ? undefined : (often ?? (await notAtEdge(unlike, task.calculate, judged, same)));
  return wrong === undefined ? undefined : check.cells[wrong.index];
}

/** Some seconds of the engine's. */
const MOST_CELLS_AT_ONCE = 200_000;

/** A candidate's workbook may be larger than the one that was given: as many at a time as the engine can do. */
async function recalculatedInTurn(sandbox: Sandbox, books: readonly Workbook[], cells: SpreadsheetCheck['cells']) {
  const values: (readonly Calculated[])[] = [];
  const runs: EvidenceRun[] = [];
  const size = Math.max(1, Math.floor(MOST_CELLS_AT_ONCE / sizeOf(books[0]!)));
  for (let at = 0; at < books.length; at += size) {
    const answered = await recalculate(sandbox, books.slice(at, at + size), cells);
    runs.push(answered.run);
    if ('why' in answered) return { why: answered.why, runs };
    values.push(...answered.values);
  }
  return { values, runs };
}

/** A value where the task has a formula follows nothing. */
const isTyped = (book: Workbook, { formula, ...at }: SpreadsheetCheck['cells'][number]): boolean => {
  const cell = cellOf(book, at);
  return formula !== undefined && cell !== undefined && 'value' in cell;
};

/** Types agree; a number within the tolerance; an error agrees with nothing that is expected by a value. */
function sameValue(expected: Calculated, seen: Calculated, tolerance: SpreadsheetCheck): boolean {
  if (typeof expected === 'number') return typeof seen === 'number' && within(expected, seen, tolerance);
  return JSON.stringify(expected) === JSON.stringify(seen);
}

function flipped(
  value: number | string | boolean,
  { absolute, relative }: SpreadsheetCheck,
): number | string | boolean {
  if (typeof value === 'number') return value + 1 + 3 * (absolute + relative * Math.abs(value));
  return typeof value === 'boolean' ? !value : `${value} flipped`;
}
