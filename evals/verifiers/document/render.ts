// How a document looks on a page: blocks as plain HTML of our own, and what may be wrong with a picture of any page.
import type { PageLook } from '../../../contracts/browser.ts';
import { inkShare, letterContrast } from '../rendered/colours.ts';
import { cropped, type Pictured } from '../rendered/png.ts';
import type { Block } from './blocks.ts';

const STYLE =
  'body{font:16px/1.4 sans-serif;margin:48px}table{border-collapse:collapse}td,th{border:1px solid #888;padding:2px 6px}pre{overflow:hidden}';
/** Pixels: what is printed smaller is meant to be overlooked. */
const LEAST_FONT = 9;
const LEAST_INK = 0.002;
/** Below this, nobody sees that there is text. */
const LEAST_CONTRAST = 1.5;
const SLACK = 1;

export function toHtml(blocks: readonly Block[]): string {
  const body = blocks.map((block) => {
    if (block.kind === 'table') {
      const row = (cells: readonly string[], tag: string): string =>
        `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
      return `<table>${row(block.columns, 'th')}${block.rows.map((cells) => row(cells, 'td')).join('')}</table>`;
    }
    const tag = block.kind === 'heading' ? `h${block.level}` : TAGS[block.kind];
    return `<${tag}>${escaped(block.text)}</${tag}>`;
  });
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style><body>${body.join('\n')}</body>`;
}

const TAGS = { paragraph: 'p', item: 'li', quote: 'blockquote', code: 'pre' } as const;
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** What is wrong with how it looks. */
export function renderProblem(look: PageLook, { whole, unlettered }: Pictured): string | undefined {
  const wide = look.page.width - look.viewport.width;
  if (wide > SLACK) return `it is ${Math.round(wide)} pixels wider than a page`;
  const cut = look.nodes.find(
    ({ overflow, tag, text }) => tag !== 'html' && tag !== 'body' && text !== '' && overflow.x > SLACK,
  );
  if (cut !== undefined) return `text is cut off: “${cut.text.slice(0, 60)}”`;
  const tiny = look.texts.find(({ fontSize }) => fontSize < LEAST_FONT);
  if (tiny !== undefined) return `text of ${tiny.fontSize} pixels: “${tiny.text.trim().slice(0, 60)}”`;
  if (look.page.height > whole.height + SLACK) return `it is longer than ${whole.height} pixels`;
  if (inkShare(whole) < LEAST_INK) return 'a blank page';
  const faint = look.texts.find(
    ({ box }) => letterContrast(cropped(whole, box), cropped(unlettered, box)) < LEAST_CONTRAST,
  );
  return faint === undefined ? undefined : `text that does not show: “${faint.text.trim().slice(0, 60)}”`;
}
