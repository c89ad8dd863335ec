// Markdown by lines, in linear time: headings, paragraphs, lists, quotes, code and tables, as CommonMark and GitHub's tables have them. Marks
// inside a line are taken away, comments with them; what a reader is not shown is refused. Nothing is rendered or followed. Libraries for Markdown search with
// backtracking patterns, and a text that a policy wrote could hold them for hours.
import type { Block } from './blocks.ts';
import { squeezed } from './blocks.ts';
import { hiddenDefinition, htmlIn, withoutMetadata } from './markdown-hidden.ts';

const MOST_LINE = 20_000;

export function parseMarkdown(source: string): { readonly blocks: readonly Block[] } | { readonly why: string } {
  const ended = source.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const lines = withoutComments(withoutMetadata(ended)).split('\n');
  if (lines.some((line) => line.length > MOST_LINE)) return { why: `a line has more than ${MOST_LINE} characters` };
  const coded = new Set<number>();
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const flush = (): void => {
    const text = inline(paragraph.join(' '));
    if (text !== '') blocks.push({ kind: 'paragraph', text });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]!;
    const trimmed = line.trim();
    const fence = fenceOf(line);
    if (fence !== undefined) {
      flush();
      let last = at + 1;
      while (last < lines.length && !(lines[last]!.trim().startsWith(fence) && /^[`~]+$/.test(lines[last]!.trim())))
        last += 1;
      for (let inside = at; inside <= last; inside += 1) coded.add(inside);
      blocks.push({ kind: 'code', text: lines.slice(at + 1, last).join('\n') });
      at = last;
    } else if (trimmed === '') {
      flush();
    } else if (/^(=+|-+)$/.test(trimmed) && paragraph.length > 0 && !isTableRow(paragraph.at(-1)!)) {
      const text = inline(paragraph.join(' '));
      paragraph = [];
      blocks.push({ kind: 'heading', level: trimmed.startsWith('=') ? 1 : 2, text });
    } else if (/^([-*_])( *\1){2,}$/.test(trimmed)) {
      flush();
    } else if (/^#{1,6}(\s|$)/.test(trimmed)) {
      flush();
      const level = trimmed.length - trimmed.replace(/^#+/, '').length;
      blocks.push({ kind: 'heading', level, text: inline(trimmed.slice(level).replace(/\s#+$/, '')) });
    } else if (isTableRow(line) && isDelimiter(lines[at + 1])) {
      flush();
      const rows: string[][] = [];
      const columns = cells(line);
      at += 2;
      for (; at < lines.length && isTableRow(lines[at]!); at += 1) rows.push(fitted(cells(lines[at]!), columns.length));
      at -= 1;
      blocks.push({ kind: 'table', columns, rows });
    } else if (/^([-*+]|\d{1,9}[.)])\s/.test(trimmed)) {
      flush();
      const marker = /^([-*+]|\d{1,9}[.)])\s+(\[[ xX]\]\s)?/.exec(trimmed)![0];
      const [text, last] = continued(lines, at, trimmed.slice(marker.length));
      blocks.push({ kind: 'item', text: inline(text) });
      at = last;
    } else if (trimmed.startsWith('>')) {
      flush();
      const quoted: string[] = [];
      for (; at < lines.length && lines[at]!.trim().startsWith('>'); at += 1) quoted.push(lines[at]!.trim().slice(1));
      at -= 1;
      blocks.push({ kind: 'quote', text: inline(quoted.join(' ')) });
    } else paragraph.push(trimmed);
  }
  flush();
  const said = lines.filter((_, at) => !coded.has(at));
  const hidden = said.map(htmlIn).find((why) => why !== undefined) ?? hiddenDefinition(said.join('\n'));
  if (hidden !== undefined) return { why: hidden };
  return { blocks: blocks.filter((block) => block.kind === 'table' || block.text !== '') };
}

/** An entry goes on in the lines that are indented below it, until a blank one. */
function continued(lines: readonly string[], from: number, first: string): [text: string, last: number] {
  let text = first;
  let at = from;
  while (/^\s{2,}\S/.test(lines[at + 1] ?? '') && !/^\s*([-*+]|\d{1,9}[.)])\s/.test(lines[at + 1]!)) {
    at += 1;
    text += ` ${lines[at]!.trim()}`;
  }
  return [text, at];
}

/** Within a list it may be indented; behind backticks no further one may stand, or the line is text. */
const fenceOf = (line: string): string | undefined => {
  const [, marks, info = ''] = /^[ \t]*(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
  return marks?.startsWith('`') && info.includes('`') ? undefined : marks;
};

const isTableRow = (line: string): boolean => line.includes('|');
const isDelimiter = (line: string | undefined): boolean =>
  line?.includes('|') === true && line.includes('-') && /^[\s|:-]+$/.test(line);

function cells(line: string): string[] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '');
  const found: string[] = [];
  let cell = '';
  for (let at = 0; at < inner.length; at += 1) {
    if (inner[at] === '\\' && inner[at + 1] === '|') {
      cell += '|';
      at += 1;
    } else if (inner[at] === '|') {
      found.push(inline(cell));
      cell = '';
    } else cell += inner[at];
  }
  return [...found, inline(cell)];
}

const fitted = (row: string[], length: number): string[] =>
  Array.from({ length: Math.max(length, row.length) }, (_, at) => row[at] ?? '');

/** What is only said to those who read the source is not said. */
function withoutComments(text: string): string {
  let kept = '';
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf('<!--', at);
    if (open === -1) return kept + text.slice(at);
    const close = text.indexOf('-->', open);
    kept += text.slice(at, open);
    if (close === -1) return kept;
    at = close + 3;
  }
  return kept;
}

/** Tags, emphasis, code marks and the addresses of links go; the words stay. What is struck out, or stands for a picture, is not said. */
function inline(text: string): string {
  const words = text
    .replaceAll(/!\[[^[\]]*\](?:\([^()]*\)|\[[^[\]]*\])?/g, '')
    .replaceAll(/~~[^~]*~~|<(?:del|s)>[^<]*<\/(?:del|s)>/gi, '')
    .replaceAll(
      /\[([^[\]]*)\]\(([^()\s]*)(?:\s"[^"]*")?\)/g,
      (_, label: string, to: string) => `${label} ${/^https?:/.test(to) ? `<${to}>` : ''}`,
    )
    .replaceAll(/<\/?[A-Za-z][^<>]*>/g, (tag) => (/^<https?:/.test(tag) ? tag.slice(1, -1) : ''))
    .replaceAll(/<(https?:[^<>\s]*)>/g, '$1')
    .replaceAll(/(\*\*|__|~~|`)/g, '')
    .replaceAll(/(^|[\s(“"])[*_]([^\s*_])/g, '$1$2')
    .replaceAll(/([^\s*_])[*_]($|[\s).,;:!?”"])/g, '$1$2')
    .replaceAll(/\\([\\`*_{}[\]()#+\-.!|~>])/g, '$1');
  return squeezed(entities(words));
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };
const entities = (text: string): string =>
  text.replaceAll(/&(?:#(\d{1,7}|x[0-9a-f]{1,6})|([a-z]{2,6}));/gi, (all, code?: string, name?: string) => {
    const point = code === undefined ? Number.NaN : Number(code.replace(/^x/i, '0x'));
    if (code !== undefined) return point <= 0x10ffff ? String.fromCodePoint(point) : all;
    return NAMED[name ?? ''] ?? all;
  });
