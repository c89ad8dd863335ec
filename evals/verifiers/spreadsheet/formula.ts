// Formulas as text: places by name, and the same formula at another place.

export interface Place {
  readonly row: number;
  readonly column: number;
}

const MOST_ROWS = 1_048_576;
const MOST_COLUMNS = 16_384;

/** `B2` as row 2, column 2; undefined for what is no place of a sheet. */
export function placeOf(name: string): Place | undefined {
  const [, letters, digits] = /^([A-Z]{1,3})([1-9]\d{0,6})$/.exec(name) ?? [];
  if (letters === undefined) return undefined;
  const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
  const row = Number(digits);
  return row <= MOST_ROWS && column <= MOST_COLUMNS ? { row, column } : undefined;
}

export function nameOf({ row, column }: Place): string {
  let letters = '';
  for (let left = column; left > 0; left = Math.floor((left - 1) / 26))
    letters = String.fromCharCode(65 + ((left - 1) % 26)) + letters;
  return `${letters}${row}`;
}

/** Texts and names of sheets are left alone; so is a function's name that looks like a place, and a name that goes on. */
const PART = /"(?:[^"]|"")*"|'(?:[^']|'')*'|(?<![\w.$])(\$?)([A-Z]{1,3})(\$?)([1-9]\d{0,6})(?![\w.(])/g;

/** A shared formula, written for its first place, at another one. */
export function moved(formula: string, from: Place, to: Place): string {
  return formula.replace(PART, (all, fixedColumn, letters, fixedRow, digits) => {
    const place = letters === undefined ? undefined : placeOf(`${letters}${digits}`);
    if (place === undefined) return all;
    const row = fixedRow === '$' ? place.row : place.row + to.row - from.row;
    const column = fixedColumn === '$' ? place.column : place.column + to.column - from.column;
    if (row < 1 || column < 1 || row > MOST_ROWS || column > MOST_COLUMNS) return '#REF!';
    const [name] = [nameOf({ row, column })];
    const cut = name.search(/\d/);
    return `${fixedColumn}${name.slice(0, cut)}${fixedRow}${name.slice(cut)}`;
  });
}

/** Prefixes by which files mark newer functions. */
export const plainFormula = (text: string): string => text.trim().replace(/_xlfn\.|_xlws\./g, '');

/**
 * `--x`, which makes numbers of truth values, as `1*x`: the engine drops the two signs before it looks at what follows. Only where the
 * two mean the same: not after a division, a power or a further sign.
 */
export const withoutDoubleSigns = (formula: string): string =>
  formula.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'|(^|[(,=<>&+*;])(\s*)--(?=[\w($])/g, (all, before, space) =>
    before === undefined ? all : `${before}${space}1*`,
  );

/** A name of a sheet may hold the mark that texts begin with: both are read from the left, or one could hide what stands between. */
const withoutTexts = (formula: string): string =>
  formula.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, (part) => (part.startsWith('"') ? '""' : part.replaceAll('"', '')));

/** Why a formula is not calculated: it reaches out of the file, or gives another value each time. */
export function forbidden(formula: string): string | undefined {
  const code = withoutTexts(formula);
  if (/\[[^\]]*\][^!\]]*'?!|\|/.test(code)) return 'refers to another file';
  const reaching = /\b(WEBSERVICE|RTD|DDE|CALL|REGISTER\.ID|EXEC|FILTERXML|IMAGE|STOCKHISTORY|HYPERLINK)\s*\(/i.exec(
    code,
  );
  if (reaching !== null) return `calls ${reaching[1]!.toUpperCase()}`;
  const changing = /\b(NOW|TODAY|RAND|RANDBETWEEN|RANDARRAY|INFO|CELL)\s*\(/i.exec(code);
  return changing === null ? undefined : `calls ${changing[1]!.toUpperCase()}, which gives another value each time`;
}
