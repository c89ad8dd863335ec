// A Word document as data: headings by their style or outline level, paragraphs, list entries, tables. Nothing of it is run or fetched.
// ECMA-376, part 1, chapter 17.
import { textOf } from '../artifact.ts';
import { childrenOf, type Element, parseXml } from '../spreadsheet/xml.ts';
import { unzip } from '../spreadsheet/zip.ts';
import { Refusal } from '../structured-data/parsed.ts';
import type { Block, Unreadable } from './blocks.ts';
import { squeezed } from './blocks.ts';

const MAIN = 'word/document.xml';
/** What can run, be fetched, or show something other than what is read here. */
const REFUSED = /vbaProject|activeX|embeddings|\.bin$|afchunk|externalLink/i;
/** Half points: below six points nobody reads. */
const LEAST_SIZE = 12;

export function parseDocx(bytes: Uint8Array): { readonly blocks: readonly Block[] } | Unreadable {
  try {
    const parts = unzip(bytes);
    const odd = [...parts.keys()].find((name) => REFUSED.test(name));
    if (odd !== undefined) throw new Refusal(`holds ${odd}`);
    refuseExternal(parts);
    const body = childrenOf(part(parts, MAIN), 'body')[0];
    if (body === undefined) throw new Refusal('has no body');
    const styles = parts.has('word/styles.xml')
      ? headingStyles(part(parts, 'word/styles.xml'))
      : new Map<string, number>();
    return { blocks: body.children.flatMap((child) => blocksOf(child, styles)) };
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

function blocksOf(element: Element, styles: ReadonlyMap<string, number>): Block[] {
  if (element.name === 'p') return paragraph(element, styles);
  if (element.name === 'tbl') return [table(element)];
  if (element.name === 'sdt')
    return childrenOf(element, 'sdtContent').flatMap((one) => one.children.flatMap((child) => blocksOf(child, styles)));
  return [];
}

function paragraph(element: Element, styles: ReadonlyMap<string, number>): Block[] {
  const text = squeezed(visibleText(element));
  if (text === '') return [];
  const properties = childrenOf(element, 'pPr')[0];
  const style = properties === undefined ? undefined : childrenOf(properties, 'pStyle')[0]?.attributes['w:val'];
  const outline = properties === undefined ? undefined : childrenOf(properties, 'outlineLvl')[0]?.attributes['w:val'];
  const level = outline === undefined ? (styles.get(style ?? '') ?? headingLevel(style ?? '')) : Number(outline) + 1;
  if (level !== undefined && level <= 6) return [{ kind: 'heading', level, text }];
  const listed = (properties !== undefined && childrenOf(properties, 'numPr').length > 0) || /^List/.test(style ?? '');
  return [{ kind: listed ? 'item' : 'paragraph', text }];
}

function table(element: Element): Block {
  const rows = childrenOf(element, 'tr').map((row) =>
    childrenOf(row, 'tc').map((cell) => squeezed(childrenOf(cell, 'p').map(visibleText).join(' '))),
  );
  const [columns = [], ...rest] = rows;
  return { kind: 'table', columns, rows: rest };
}

/** What a reader sees of it: no deleted, hidden, white or tiny run, and no field's instruction. */
function visibleText(element: Element): string {
  if (element.name === 'del' || element.name === 'pPr' || element.name === 'rPr') return '';
  if (element.name === 'r' && isHidden(element)) return '';
  if (element.name === 't') return element.text;
  if (element.name === 'tab' || element.name === 'br' || element.name === 'cr') return ' ';
  return element.children.map(visibleText).join('');
}

function isHidden(run: Element): boolean {
  const properties = childrenOf(run, 'rPr')[0];
  if (properties === undefined) return false;
  const value = (name: string): string | undefined => childrenOf(properties, name)[0]?.attributes['w:val'];
  const on = (name: string): boolean =>
    childrenOf(properties, name).length > 0 && !['0', 'false', 'off'].includes(value(name) ?? 'true');
  const size = Number(value('sz') ?? 24);
  return on('vanish') || on('webHidden') || /^f{6}$/i.test(value('color') ?? '') || size < LEAST_SIZE;
}
