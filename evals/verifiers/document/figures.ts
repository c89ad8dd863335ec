// Numbers: what a document states, and what follows from the data that it was written from.
import { AnnealError } from '../../../contracts/errors.ts';
import { type Artifact, textOf } from '../artifact.ts';
import { parseCsv } from '../structured-data/csv.ts';
import type { Figure } from './spec.ts';

/** A number as it is written: sign, groups of three, decimals. A unit may follow at once; one that ends a name (`A4`) is none. */
const NUMBER =
  /(?<![\p{L}\p{N}_])(?<!(?<!\p{L})\.)(?:(?<!\p{N}[-−])[-−+])?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:[\u00a0\u2009\u202f]\d{3})+|\d+)(?:\.\d+)?(?!\p{N}|[.,]\d)/gu;

export interface Stated {
  readonly value: number;
  /** Decimals that are written. */
  readonly places: number;
  readonly text: string;
  readonly at: number;
}

export const numbersIn = (text: string): Stated[] =>
  [...text.matchAll(NUMBER)].map((match) => {
    const plain = match[0].replaceAll(/[,\u00a0\u2009\u202f+]/g, '').replace('−', '-');
    return {
      value: Number(plain),
      places: (/\.(\d+)$/.exec(plain)?.[1] ?? '').length,
      text: match[0],
      at: match.index,
    };
  });

/** A figure in other signs than 0 to 9, or in circles or raised: a reader reads a number, and `numbersIn` does not. */
export const strangeFigure = (text: string): string | undefined => /(?![0-9])\p{Nd}|[\p{No}\p{Nl}]{2}/u.exec(text)?.[0];

/** Numbers of a file that was given: where commas stand between cells they group nothing. */
export const numbersOf = (text: string): number[] =>
  [...numbersIn(text), ...numbersIn(text.replaceAll(/[,;\t"]/g, '\n'))].map(({ value }) => value);

/** Whether what is stated is the value, rounded to the decimals that are written. */
export const states = ({ value, places }: Stated, expected: number): boolean =>
  Math.abs(value - expected) <= 0.5 * 10 ** -places + 1e-9;

/** Of a value: as many as it takes to write it, up to six. */
export const decimals = (value: number): number =>
  (/\.(\d+)$/.exec(String(Number(value.toFixed(6))))?.[1] ?? '').length;

/** @throws AnnealError `verifier.failed`: the task's own data do not hold it */
export function figureOf({ file, column, how, where }: Figure, given: Artifact): number {
  const rows = rowsOf(file, given, where);
  const values = rows.map((row) => (how === 'count' ? 1 : Number(row[column] ?? Number.NaN)));
  if (values.length === 0 || values.some((value) => !Number.isFinite(value)))
    throw new AnnealError('verifier.failed', `${file} has no numbers in ${column} to make a ${how} of`);
  const sum = values.reduce((total, value) => total + value, 0);
  switch (how) {
    case 'sum':
    case 'count':
      return sum;
    case 'mean':
      return sum / values.length;
    case 'min':
      return Math.min(...values);
    case 'max':
      return Math.max(...values);
    case 'only':
      if (values.length !== 1)
        throw new AnnealError('verifier.failed', `${file} has ${values.length} rows for ${column}`);
      return values[0]!;
  }
}

/** @throws AnnealError `verifier.failed`: the file is not there, or is no CSV file */
export function rowsOf(file: string, given: Artifact, where?: Figure['where']): Record<string, string>[] {
  const bytes = given.get(file);
  const text = bytes === undefined ? undefined : textOf(bytes);
  if (text === undefined) throw new AnnealError('verifier.failed', `${file} is not among the given files`);
  const parsed = parseCsv(text, { delimiter: ',', types: {} });
  if ('why' in parsed) throw new AnnealError('verifier.failed', `${file} ${parsed.why}`);
  const rows = parsed.value as Record<string, string>[];
  return rows.filter((row) => where === undefined || row[where.column] === where.is);
}
