// A deliverable spec: what a document or a deck has to say, as far as it can be checked without an opinion. The same spec serves whoever
// makes the task, whoever solves it and whoever accepts it.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';

const range = z
  .strictObject({ min: z.int().nonnegative().default(0), max: z.int().positive().default(1_000_000) })
  .refine(({ min, max }) => min <= max, 'min is above max');

/** A number that follows from a CSV file that the policy was given. */
const figure = z.strictObject({
  file: relativePath,
  column: z.string().min(1),
  how: z.enum(['sum', 'mean', 'count', 'min', 'max', 'only']),
  /** Rows in which a column has this value. */
  where: z.strictObject({ column: z.string().min(1), is: z.string() }).optional(),
});

const table = z.strictObject({
  /** Under a heading; case aside. */
  section: z.string().min(1).optional(),
  /** All of these, case aside; others may stand beside them. */
  columns: z.array(z.string().min(1)).min(1),
  rows: range.optional(),
});

/** What the rows of a table hold: one for each row of a CSV file that the policy was given, in any order. */
const tableData = z.strictObject({
  file: relativePath,
  /** Columns of the file by those of the table. */
  columns: z.record(z.string().min(1), z.string().min(1)),
  /** The one of the table's whose values tell its rows apart. */
  key: z.string().min(1),
  /** Rows of the file in which a column has this value. */
  where: z.strictObject({ column: z.string().min(1), is: z.string() }).optional(),
  /** Decimals to which a number may be rounded. */
  places: z.int().min(0).max(6).default(6),
});

const tableOfData = z
  .strictObject({ ...table.shape, data: tableData.optional() })
  .refine(
    ({ columns, data }) =>
      data === undefined || [...Object.keys(data.columns), data.key].every((one) => columns.includes(one)),
    'data names a column that the table does not have',
  )
  .refine(({ data }) => data === undefined || data.columns[data.key] !== undefined, 'data.columns lacks the key')
  .refine(
    ({ data }) => data === undefined || Object.keys(data.columns).length > 1,
    'data has nothing to compare beside its key',
  );

/** Of versions 2 and 3, which count the rows of a table and compare none. */
export const contentSpecThree = z.strictObject({
  words: range.nullable(),
  tables: z.array(table),
  /** Passages of files that the policy was given, which have to be quoted word by word. */
  facts: z.array(z.strictObject({ name: z.string().min(1), file: relativePath, quote: z.string().min(1) })),
  /** What is said behind a label, everywhere where the label stands, and at least once. */
  numbers: z.array(
    z.strictObject({
      name: z.string().min(1),
      label: z.string().min(1),
      is: figure,
      /** Decimals to which it may be rounded. */
      places: z.int().min(0).max(6).default(0),
    }),
  ),
  /**
   * Every other number has to come from somewhere too: from a file that was given, or from a figure above. Below `from`, and
   * within `also`, nobody asks. Null: numbers may be free.
   */
  traceable: z
    .strictObject({ from: z.number().nonnegative().default(13), also: z.array(z.number()).default([]) })
    .nullable(),
  /** Beside the placeholders that are never allowed. */
  forbidden: z.array(z.string().min(1)).default([]),
  /** `[@key]` cites the source with that key. Null: nothing may be cited at all. */
  citations: z
    .strictObject({
      sources: z.record(z.string().regex(/^[A-Za-z][\w-]*$/), relativePath),
      atLeast: z.int().nonnegative(),
    })
    .nullable(),
});
export const contentSpec = z.strictObject({ ...contentSpecThree.shape, tables: z.array(tableOfData) });
export type ContentSpec = z.infer<typeof contentSpec>;
export type TableSpec = ContentSpec['tables'][number];
export type Figure = z.infer<typeof figure>;
export type Range = z.infer<typeof range>;
