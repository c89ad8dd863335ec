// An .xlsx file as cells: what was typed into each. Values that another program left beside a formula are not even read.
import { textOf } from '../artifact.ts';
import { exactNumber, Refusal } from '../structured-data/parsed.ts';
import { forbidden, moved, type Place, placeOf, plainFormula } from './formula.ts';
import { type Tables, tablesOf, withoutTables } from './tables.ts';
import { childrenOf, type Element, parseXml, wholeText } from './xml.ts';
import { unzip } from './zip.ts';

export type CellValue = number | string | boolean;
export type Cell = { readonly formula: string } | { readonly value: CellValue };

export interface Sheet {
  readonly name: string;
  /** By place, for example `B2`. */
  readonly cells: ReadonlyMap<string, Cell>;
}

export interface Workbook {
  readonly sheets: readonly Sheet[];
  readonly names: readonly (readonly [string, string])[];
}

const MOST_CELLS = 50_000;
const MOST_FORMULA = 8_192;
const ACTIVE =
  /(^|\/)(vbaProject|vbaData|macrosheets|dialogsheets|externalLinks|activeX|ctrlProps|embeddings|connections|queryTables|webextensions|customUI|oleObject|xlm)/i;

/** @throws Refusal: why the file is not taken */
export function readWorkbook(bytes: Uint8Array): Workbook {
  const parts = unzip(bytes);
  const active = [...parts.keys()].find((name) => ACTIVE.test(name));
  if (active !== undefined) throw new Refusal(`holds more than sheets: ${active}`);
  const part = (name: string): Element => {
    const bytes = parts.get(name);
    const text = bytes === undefined ? undefined : textOf(bytes);
    if (text === undefined) throw new Refusal(`has no ${name} in UTF-8`);
    return parseXml(text);
  };
  for (const name of parts.keys()) if (name.endsWith('.rels')) refuseLinks(part(name));
  if (parts.has('[Content_Types].xml') && /macroEnabled/i.test(JSON.stringify(part('[Content_Types].xml'))))
    throw new Refusal('is a file with macros');

  const book = part('xl/workbook.xml');
  const targets = new Map(
    childrenOf(part('xl/_rels/workbook.xml.rels'), 'Relationship').map(({ attributes }) => [
      attributes.Id ?? '',
      attributes.Target ?? '',
    ]),
  );
  const texts = parts.has('xl/sharedStrings.xml') ? childrenOf(part('xl/sharedStrings.xml'), 'si').map(richText) : [];
  const placed = childrenOf(book, 'sheets', 'sheet').map(({ attributes }) => {
    const target = targets.get(attributes['r:id'] ?? '') ?? '';
    return { name: attributes.name ?? '', path: target.startsWith('/') ? target.slice(1) : `xl/${target}` };
  });
  const tables = tablesOf(placed, (path) => (parts.has(path) ? part(path) : undefined));
  let left = MOST_CELLS;
  const sheets = placed.map(({ name, path }): Sheet => {
    const cells = cellsOf(part(path), texts, tables);
    left -= cells.size;
    if (left < 0) throw new Refusal(`has more than ${MOST_CELLS} cells`);
    return { name, cells };
  });
  const seen = new Set(sheets.map(({ name }) => name.toLowerCase()));
  if (sheets.length === 0 || seen.size !== sheets.length || seen.has(''))
    throw new Refusal('has no sheets with names of their own');
  const names = childrenOf(book, 'definedNames', 'definedName')
    .filter(({ attributes }) => attributes.localSheetId === undefined && !attributes.name?.startsWith('_xlnm.'))
    .map((one) => {
      const name = one.attributes.name ?? '';
      return [name, checkedFormula(wholeText(one), name, tables)] as const;
    });
  return { sheets, names };
}

/** The workbook, or why the file is not taken. */
export function tryRead(bytes: Uint8Array): Workbook | { why: string } {
  try {
    return readWorkbook(bytes);
  } catch (failure) {
    if (failure instanceof Refusal) return { why: failure.message };
    throw failure;
  }
}

/** Addresses that a person may click on reach nothing by themselves. */
function refuseLinks(relationships: Element): void {
  for (const { attributes } of childrenOf(relationships, 'Relationship'))
    if (attributes.TargetMode === 'External' && !attributes.Type?.endsWith('/hyperlink'))
      throw new Refusal(`refers to another file: ${attributes.Target?.slice(0, 100)}`);
}

function cellsOf(sheet: Element, texts: readonly string[], tables: Tables): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  const shared = new Map<string, { readonly formula: string; readonly at: Place }>();
  for (const element of childrenOf(sheet, 'sheetData', 'row', 'c')) {
    const name = element.attributes.r ?? '';
    const at = placeOf(name);
    if (at === undefined || cells.has(name))
      throw new Refusal(`has a cell without a place of its own: ${name.slice(0, 20)}`);
    const cell = formulaOf(element, at, shared, tables) ?? typedIn(element, texts);
    if (cell !== undefined) cells.set(name, cell);
  }
  return cells;
}

function formulaOf(
  element: Element,
  at: Place,
  shared: Map<string, { readonly formula: string; readonly at: Place }>,
  tables: Tables,
): Cell | undefined {
  const [found] = childrenOf(element, 'f');
  if (found === undefined) return undefined;
  const name = element.attributes.r!;
  const { t, si = '' } = found.attributes;
  const own = plainFormula(wholeText(found));
  if (t === 'dataTable') throw new Refusal(`has a data table at ${name}`);
  if (t !== 'shared') return { formula: checkedFormula(own, name, tables, at) };
  if (own !== '') shared.set(si, { formula: checkedFormula(own, name, tables, at), at });
  const first = shared.get(si);
  if (first === undefined) throw new Refusal(`shares a formula that there is not, at ${name}`);
  return { formula: moved(first.formula, first.at, at) };
}

function checkedFormula(text: string, where: string, tables: Tables, at?: Place): string {
  const formula = withoutTables(plainFormula(text), tables, at);
  if (formula === '' || formula.length > MOST_FORMULA)
    throw new Refusal(`has no formula of ordinary length at ${where}`);
  const why = forbidden(formula);
  if (why !== undefined) throw new Refusal(`${why}, at ${where}`);
  return formula;
}

function typedIn(element: Element, texts: readonly string[]): Cell | undefined {
  const { r: name = '', t: type = 'n' } = element.attributes;
  if (type === 'inlineStr') return { value: childrenOf(element, 'is').map(richText).join('') };
  const [found] = childrenOf(element, 'v');
  if (found === undefined) return undefined;
  const text = wholeText(found);
  if (type === 's') {
    const shared = /^\d{1,7}$/.test(text) ? texts[Number(text)] : undefined;
    if (shared === undefined) throw new Refusal(`names a text that there is not, at ${name}`);
    return { value: shared };
  }
  if (type === 'b') return { value: text === '1' };
  if (type === 'n') {
    if (!/^-?(\d+(\.\d*)?|\.\d+)(E[+-]?\d+)?$/i.test(text)) throw new Refusal(`has no number at ${name}`);
    return { value: exactNumber(text) };
  }
  return { value: text };
}

/** A text may be in runs of different looks; hints for its pronunciation are no part of it. */
const richText = (element: Element): string =>
  element.children
    .filter(({ name }) => name === 't' || name === 'r')
    .map((child) => (child.name === 't' ? wholeText(child) : childrenOf(child, 't').map(wholeText).join('')))
    .join('');
