// Small .xlsx files, whole and broken, for the corpus: a writer that does what it is told.
import { crc32, deflateRawSync } from 'node:zlib';

export type Typed = number | string | boolean | { readonly f: string; readonly cached?: number | string };
export type Sheets = Readonly<Record<string, Readonly<Record<string, Typed>>>>;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const REL = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';

function cellXml(name: string, cell: Typed): string {
  if (typeof cell === 'number') return `<c r="${name}"><v>${cell}</v></c>`;
  if (typeof cell === 'boolean') return `<c r="${name}" t="b"><v>${cell ? 1 : 0}</v></c>`;
  if (typeof cell === 'string') return `<c r="${name}" t="inlineStr"><is><t>${escaped(cell)}</t></is></c>`;
  const value = cell.cached === undefined ? '' : `<v>${cell.cached}</v>`;
  return `<c r="${name}"><f>${escaped(cell.f)}</f>${value}</c>`;
}

export function sheetXml(cells: Readonly<Record<string, Typed>>): string {
  const rows = Map.groupBy(Object.entries(cells), ([name]) => Number(/\d+/.exec(name)?.[0]));
  const data = [...rows]
    .sort(([a], [b]) => a - b)
    .map(([row, some]) => `<row r="${row}">${some.map(([name, cell]) => cellXml(name, cell)).join('')}</row>`);
  return `${HEAD}<worksheet xmlns="${MAIN}"><sheetData>${data.join('')}</sheetData></worksheet>`;
}

/** The parts of a workbook, by name; to change or to add to. */
export function workbookParts(sheets: Sheets): Record<string, string> {
  const names = Object.keys(sheets);
  return {
    '[Content_Types].xml': `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>`,
    '_rels/.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="r1" Type="${REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${REL}"><sheets>${names.map((name, index) => `<sheet name="${escaped(name)}" sheetId="${index + 1}" r:id="r${index + 1}"/>`).join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${names.map((_name, index) => `<Relationship Id="r${index + 1}" Type="${REL}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`).join('')}</Relationships>`,
    ...Object.fromEntries(names.map((name, index) => [`xl/worksheets/sheet${index + 1}.xml`, sheetXml(sheets[name]!)])),
  };
}

export const xlsx = (sheets: Sheets): Uint8Array => zip(workbookParts(sheets));

/** @param claims sizes to write into the directory in place of the true ones */
export function zip(
  parts: Readonly<Record<string, string | Uint8Array>>,
  options: {
    readonly deflate?: boolean;
    readonly claims?: Readonly<Record<string, number>>;
    readonly flags?: number;
  } = {},
): Uint8Array {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(parts)) {
    const data = Buffer.from(content);
    const packed = options.deflate === true ? deflateRawSync(data) : data;
    const header = Buffer.alloc(26);
    header.writeUInt16LE(20, 0);
    header.writeUInt16LE(options.flags ?? 0, 2);
    header.writeUInt16LE(options.deflate === true ? 8 : 0, 4);
    header.writeUInt32LE(crc32(data), 10);
    header.writeUInt32LE(packed.length, 14);
    header.writeUInt32LE(options.claims?.[name] ?? data.length, 18);
    header.writeUInt16LE(Buffer.byteLength(name), 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    local.push(Buffer.from([0x50, 0x4b, 3, 4]), header, Buffer.from(name), packed);
    directory.push(Buffer.from([0x50, 0x4b, 1, 2, 20, 0]), header, place, Buffer.from(name));
    offset += 30 + Buffer.byteLength(name) + packed.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Object.keys(parts).length, 4);
  end.writeUInt16LE(Object.keys(parts).length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, listed, Buffer.from([0x50, 0x4b, 5, 6]), end]);
}
