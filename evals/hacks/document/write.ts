// Blocks as files: Markdown, Word and HTML that say the same.
import type { Block } from '../../verifiers/document/blocks.ts';
import { zip } from '../spreadsheet/xlsx.ts';

export type Form = 'markdown' | 'docx' | 'html';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

export function markdown(blocks: readonly Block[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const lines = blocks.map((block) => {
    if (block.kind === 'table')
      return [row(block.columns), row(block.columns.map(() => '---')), ...block.rows.map(row)].join('\n');
    if (block.kind === 'heading') return `${'#'.repeat(block.level)} ${block.text}`;
    if (block.kind === 'item') return `- ${block.text}`;
    if (block.kind === 'quote') return `> ${block.text}`;
    return block.kind === 'code' ? `\`\`\`\n${block.text}\n\`\`\`` : block.text;
  });
  return `${lines.join('\n\n')}\n`;
}

const TAGS = { paragraph: 'p', item: 'li', quote: 'blockquote', code: 'pre' } as const;

export function htmlBody(blocks: readonly Block[]): string {
  const row = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return blocks
    .map((block) => {
      if (block.kind === 'table')
        return `<table>${row(block.columns, 'th')}${block.rows.map((cells) => row(cells, 'td')).join('')}</table>`;
      const tag = block.kind === 'heading' ? `h${block.level}` : TAGS[block.kind];
      return `<${tag}>${escaped(block.text)}</${tag}>`;
    })
    .join('\n');
}

export const html = (blocks: readonly Block[], style = '', tail = ''): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Report</title><style>body{font:16px/1.5 sans-serif;margin:2rem}${style}</style><body>${htmlBody(blocks)}${tail}</body></html>`;

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const WORD = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';

/** @param run properties of the run, for example `<w:vanish/>` */
export const run = (text: string, properties = ''): string =>
  `<w:r>${properties === '' ? '' : `<w:rPr>${properties}</w:rPr>`}<w:t xml:space="preserve">${escaped(text)}</w:t></w:r>`;

export const paragraph = (inner: string, style = ''): string =>
  `<w:p>${style === '' ? '' : `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`}${inner}</w:p>`;

export function docxBody(blocks: readonly Block[]): string {
  const cell = (text: string): string => `<w:tc>${paragraph(run(text))}</w:tc>`;
  return blocks
    .map((block) => {
      if (block.kind === 'table')
        return `<w:tbl>${[block.columns, ...block.rows].map((cells) => `<w:tr>${cells.map(cell).join('')}</w:tr>`).join('')}</w:tbl>`;
      const style = block.kind === 'heading' ? `Heading${block.level}` : block.kind === 'item' ? 'ListParagraph' : '';
      return paragraph(run(block.text), style);
    })
    .join('');
}

/** The parts of a Word file, by name; to change or to add to. */
export function docxParts(body: string): Record<string, string> {
  const levels = [1, 2, 3].map(
    (level) => `<w:style w:type="paragraph" w:styleId="Heading${level}"><w:name w:val="heading ${level}"/></w:style>`,
  );
  return {
    '[Content_Types].xml': `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
    '_rels/.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="r1" Type="${OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>`,
    'word/styles.xml': `${HEAD}<w:styles xmlns:w="${WORD}">${levels.join('')}</w:styles>`,
    'word/document.xml': `${HEAD}<w:document xmlns:w="${WORD}"><w:body>${body}</w:body></w:document>`,
  };
}

export const docx = (blocks: readonly Block[]): Uint8Array => zip(docxParts(docxBody(blocks)), { deflate: true });

export const FILES: Readonly<Record<Form, string>> = {
  markdown: 'report.md',
  docx: 'report.docx',
  html: 'report.html',
};

export function written(blocks: readonly Block[], form: Form): Record<string, string | Uint8Array> {
  return { [FILES[form]]: form === 'markdown' ? markdown(blocks) : form === 'docx' ? docx(blocks) : html(blocks) };
}
