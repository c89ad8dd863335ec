// CSV after RFC 4180, with a header: rows as objects, typed by the columns that the task names. A byte order mark, as spreadsheets write it,
// and one blank line at the end are taken; neither says anything of the data.
import { checkedKey, createBounds, exactNumber, type JsonValue, type Parsed, Refusal, refusing } from './parsed.ts';

export type ColumnType = 'text' | 'number' | 'integer' | 'boolean';

export interface CsvForm {
  readonly delimiter: ',' | ';' | '\t';
  /** Every other column is text. */
  readonly types: Readonly<Record<string, ColumnType>>;
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
/** Tables of numbers that may be missing write whole ones as 5.0. */
const INTEGER = /^-?(0|[1-9]\d*)(?:\.0+)?$/;

export function parseCsv(text: string, form: CsvForm): Parsed {
  return refusing(() => {
    const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
    const [header, ...all] = records(plain, form.delimiter);
    if (header === undefined) throw new Refusal('has no header');
    const names = new Set<string>();
    for (const [index, name] of header.entries()) {
      if (name.trim() === '') throw new Refusal(`has no name for column ${index + 1}`);
      if (names.has(name)) throw new Refusal(`has the column ${JSON.stringify(name)} twice`);
      names.add(checkedKey(name));
    }
    // With one column a blank line is a row of nothing; so it is before another row.
    const blank = header.length > 1 && /\n\r?\n$/.test(plain) && isBlank(all.at(-1));
    return (blank ? all.slice(0, -1) : all).map((row, index) => {
      if (row.length !== header.length)
        throw new Refusal(`has ${row.length} fields instead of ${header.length} in row ${index + 1}`);
      return Object.fromEntries(header.map((name, column) => [name, typed(row[column]!, form.types[name] ?? 'text')]));
    });
  });
}

const isBlank = (row: readonly string[] | undefined): boolean => row?.length === 1 && row[0] === '';

/** What is not of its column's type stays text, and so does not match a schema that asks for the type. */
function typed(field: string, type: ColumnType): JsonValue {
  if (type === 'text') return field;
  if (field === '') return null;
  // In small letters, in capitals, or as Python says it.
  if (type === 'boolean') {
    const plain = /^(?:[Tt]rue|TRUE|[Ff]alse|FALSE)$/.test(field) ? field.toLowerCase() : field;
    return plain === 'true' ? true : plain === 'false' ? false : field;
  }
  return (type === 'integer' ? INTEGER : NUMBER).test(field) ? exactNumber(field) : field;
}

function records(text: string, delimiter: string): string[][] {
  const bounds = createBounds();
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  const endOfLine = (): number => (text[at] === '\n' ? 1 : text.startsWith('\r\n', at) ? 2 : 0);
  while (at < text.length) {
    bounds.value();
    row.push(text[at] === '"' ? quoted() : bare());
    if (text[at] === delimiter) {
      at += 1;
      // A delimiter at the very end begins one more field, which is empty.
      if (at === text.length) row.push('');
      else if (endOfLine() === 0) continue;
      else row.push('');
    }
    const end = endOfLine();
    if (end === 0 && at < text.length) throw new Refusal(`has text after a closing quote in row ${rows.length + 1}`);
    at += end;
    rows.push(row);
    row = [];
  }
  return rows;

  function bare(): string {
    const from = at;
    while (at < text.length && text[at] !== delimiter && endOfLine() === 0) {
      if (text[at] === '"') throw new Refusal(`has a quote inside a field without quotes in row ${rows.length + 1}`);
      at += 1;
    }
    return text.slice(from, at);
  }

  function quoted(): string {
    let field = '';
    for (;;) {
      const close = text.indexOf('"', at + 1);
      if (close === -1) throw new Refusal(`has a quote that is not closed in row ${rows.length + 1}`);
      field += text.slice(at + 1, close);
      at = close + 1;
      if (text[at] !== '"') return field;
      field += '"';
    }
  }
}
