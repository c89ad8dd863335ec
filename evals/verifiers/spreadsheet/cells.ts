// Cells of a workbook as it was read: found by name, compared, and put in another's place.
import type { CellName } from './recalculate.ts';
import type { Change } from './secret-figures.ts';
import type { Cell, Workbook } from './workbook.ts';

type Asked = CellName & { readonly value: number | string | boolean; readonly formula?: string | undefined };

export const sizeOf = ({ sheets }: Workbook): number => sheets.reduce((sum, { cells }) => sum + cells.size, 1);

export const withInputs = (book: Workbook, inputs: readonly Change[]): Workbook =>
  inputs.reduce((changed, { value, ...at }) => withCell(changed, at, { value }), book);
export const withFormulas = (book: Workbook, cells: readonly Asked[]): Workbook =>
  cells.reduce(
    (changed, { formula, value, ...at }) => withCell(changed, at, formula === undefined ? { value } : { formula }),
    book,
  );

const withCell = (book: Workbook, { sheet, cell }: CellName, content: Cell): Workbook => ({
  ...book,
  sheets: (book.sheets.some(({ name }) => sameName(name, sheet))
    ? book.sheets
    : [...book.sheets, { name: sheet, cells: new Map() }]
  ).map((one) => (sameName(one.name, sheet) ? { ...one, cells: new Map([...one.cells, [cell, content]]) } : one)),
});

export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export function sameCell(book: Workbook, other: Workbook, { sheet, cell }: CellName): boolean {
  const [a, b] = [book, other].map((one) => cellOf(one, { sheet, cell }));
  return JSON.stringify(a) === JSON.stringify(b);
}

export const cellOf = (book: Workbook, { sheet, cell }: CellName): Cell | undefined =>
  book.sheets.find(({ name }) => sameName(name, sheet))?.cells.get(cell);
