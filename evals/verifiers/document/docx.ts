// A Word document as data: headings by their style or outline level, paragraphs, list entries, tables. Nothing of it is run or fetched.
// ECMA-376, part 1, chapter 17.
import { textOf } from '../artifact.ts';
import { childrenOf, type Element, parseXml } from '../spreadsheet/xml.ts';
import { unzip } from '../spreadsheet/zip.ts';
import { Refusal } from '../structured-data/parsed.ts';
import type { Block, Unreadable } from './blocks.ts';
import { squeezed } from './blocks.ts';
import { type Seen, seenIn } from './docx-seen.ts';

const MAIN = 'word/document.xml';
/** What can run, be fetched, or show something other than what is read here. */
const REFUSED = /vbaProject|activeX|embeddings|\.bin$|afchunk|externalLink/i;

export function parseDocx(bytes: Uint8Array): { readonly blocks: readonly Block[] } | Unreadable {
  try {
    const parts = unzip(bytes);
    const odd = [...parts.keys()].find((name) => REFUSED.test(name));
    if (odd !== undefined) throw new Refusal(`holds ${odd}`);
    refuseExternal(parts);
    const body = childrenOf(part(parts, MAIN), 'body')[0];
    if (body === undefined) throw new Refusal('has no body');
    const styles = parts.has('word/styles.xml') ? part(parts, 'word/styles.xml') : undefined;
    const reading = { levels: styles === undefined ? new Map() : headingStyles(styles), seen: seenIn(styles) };
    return { blocks: body.children.flatMap((child) => blocksOf(child, reading)) };
  } catch (failure) {
    if (failure instanceof Refusal) return { why: failure.message };
    if (failure instanceof RangeError) return { why: 'is nested too deeply' };
    throw failure;
  }
}

function part(parts: ReadonlyMap<string, Uint8Array>, name: string): Element {
  const bytes = parts.get(name);
  if (bytes === undefined) throw new Refusal(`has no ${name}`);
  const text = textOf(bytes);
  if (text === undefined) throw new Refusal(`${name} is not UTF-8`);
  return parseXml(text);
}

/** A link that a reader may follow is text; a picture, template or font from elsewhere is a part that is not here. */
function refuseExternal(parts: ReadonlyMap<string, Uint8Array>): void {
  for (const name of parts.keys()) {
    if (!name.endsWith('.rels')) continue;
    for (const { attributes } of childrenOf(part(parts, name), 'Relationship')) {
      if (attributes.TargetMode === 'External' && !attributes.Type?.endsWith('/hyperlink'))
        throw new Refusal(`refers to ${attributes.Target?.slice(0, 80) ?? 'something outside'}`);
    }
  }
}

/** Style id to heading level. */
function headingStyles(styles: Element): Map<string, number> {
  const levels = new Map<string, number>();
  for (const style of childrenOf(styles, 'style')) {
    const id = style.attributes['w:styleId'] ?? '';
    const name = childrenOf(style, 'name')[0]?.attributes['w:val'] ?? '';
    const outline = childrenOf(style, 'pPr', 'outlineLvl')[0]?.attributes['w:val'];
    const level = outline === undefined ? headingLevel(name) : Number(outline) + 1;
    if (level !== undefined && level >= 1 && level <= 6) levels.set(id, level);
  }
  return levels;
}

function headingLevel(name: string): number | undefined {
  if (/^title$/i.test(name)) return 1;
  const level = /^heading ?([1-6])$/i.exec(name)?.[1];
  return level === undefined ? undefined : Number(level);
}

interface Reading {
  /** Of headings, by style. */
  readonly levels: ReadonlyMap<string, number>;
  readonly seen: Seen;
}

function blocksOf(element: Element, reading: Reading): Block[] {
  if (element.name === 'p') return paragraph(element, reading);
  if (element.name === 'tbl') return [table(element, reading)];
  if (element.name === 'sdt')
    return childrenOf(element, 'sdtContent').flatMap((one) =>
      one.children.flatMap((child) => blocksOf(child, reading)),
    );
  return [];
}

function paragraph(element: Element, { levels, seen }: Reading): Block[] {
  const text = squeezed(seen.paragraph(element));
  if (text === '') return [];
  const properties = childrenOf(element, 'pPr')[0];
  const style = properties === undefined ? undefined : childrenOf(properties, 'pStyle')[0]?.attributes['w:val'];
  const outline = properties === undefined ? undefined : childrenOf(properties, 'outlineLvl')[0]?.attributes['w:val'];
  const level = outline === undefined ? (levels.get(style ?? '') ?? headingLevel(style ?? '')) : Number(outline) + 1;
  if (level !== undefined && level <= 6) return [{ kind: 'heading', level, text }];
  const listed = (properties !== undefined && childrenOf(properties, 'numPr').length > 0) || /^List/.test(style ?? '');
  return [{ kind: listed ? 'item' : 'paragraph', text }];
}

function table(element: Element, { seen }: Reading): Block {
  const rows = seen.rows(element).map((row) => row.map(squeezed));
  const [columns = [], ...rest] = rows;
  return { kind: 'table', columns, rows: rest };
}
