// From the engine's account of a page to what can be seen of it. Pure: nothing is asked of the page.
import type { PageLook, SeenText, Viewport } from '../../contracts/browser.ts';
import { collapsed, readElements } from './elements.ts';
import type { AccessibleNode, PageSnapshot } from './snapshot.ts';
import { readTexts } from './texts.ts';

export function lookOf(input: {
  readonly snapshot: PageSnapshot;
  readonly accessible: readonly AccessibleNode[];
  readonly url: string;
  readonly viewport: Viewport;
}): PageLook {
  const { snapshot, viewport } = input;
  const document = snapshot.documents[0];
  const text = (index: number | undefined): string => (index === undefined ? '' : (snapshot.strings[index] ?? ''));
  const page = { width: document?.contentWidth ?? 0, height: document?.contentHeight ?? 0 };
  const base = { url: input.url, title: text(document?.title), viewport, page };
  if (document === undefined) return { ...base, nodes: [], texts: [] };

  const { nodes, painted, elementOf } = readElements(document, text, input.accessible);
  const texts = readTexts(document, text, { nodes, painted, elementOf });
  const pieces = new Map<number, SeenText[]>();
  for (const piece of texts) {
    for (let at: number = piece.node; at !== -1; at = nodes[at]?.parent ?? -1) {
      const list = pieces.get(at);
      if (list === undefined) pieces.set(at, [piece]);
      else list.push(piece);
    }
  }
  for (const [at, list] of pieces) nodes[at]!.text = joined(list);
  return { ...base, nodes, texts };
}

/** As a reader puts it together: pieces that touch are one word. */
function joined(pieces: readonly SeenText[]): string {
  let text = '';
  let last: SeenText | undefined;
  for (const piece of pieces) {
    const touching =
      last !== undefined &&
      Math.abs(piece.box.y + piece.box.height - last.box.y - last.box.height) < last.fontSize / 2 &&
      Math.abs(piece.box.x - last.box.x - last.box.width) < last.fontSize / 6;
    text += touching ? piece.text : ` ${piece.text}`;
    last = piece;
  }
  return collapsed(text);
}
