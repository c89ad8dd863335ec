// A page as a document: blocks of what its engine painted. What is hidden, transparent or cut off is not in them.
import type { PageLook, SeenNode } from '../../../contracts/browser.ts';
import type { Block } from './blocks.ts';
import { squeezed } from './blocks.ts';

const HEADING = /^h([1-6])$/;
const KINDS: Readonly<Record<string, 'paragraph' | 'item' | 'quote' | 'code'>> = {
  p: 'paragraph',
  figcaption: 'paragraph',
  dt: 'item',
  dd: 'item',
  li: 'item',
  blockquote: 'quote',
  pre: 'code',
};
/** Do not begin a block of their own. */
const INLINE = new Set(
  'a abbr b bdi bdo br cite code data dfn em i kbd label mark q s samp small span strong sub sup time u var wbr'.split(
    ' ',
  ),
);

/** @param within only what lies inside this node, an index of `look.nodes` */
export function seenBlocks(look: PageLook, within?: number): Block[] {
  const inside = (at: number): boolean => within === undefined || at === within || ancestors(look, at).includes(within);
  const owners = new Map<number, string[]>();
  for (const piece of look.texts) {
    if (!inside(piece.node)) continue;
    const owner = ownerOf(look, piece.node);
    const pieces = owners.get(owner);
    if (pieces === undefined) owners.set(owner, [piece.text]);
    else pieces.push(piece.text);
  }
  const around = new Set([...owners.keys()].flatMap((at) => ancestors(look, at)));
  return [...owners]
    .sort(([one], [other]) => one - other)
    .map(([at, pieces]): Block => {
      const node = look.nodes[at]!;
      if (node.tag === 'table') return table(look, at);
      // Pieces of one block, unless a block lies within it: then only what is its own.
      const text = around.has(at) ? squeezed(pieces.join(' ')) : node.text;
      const level =
        HEADING.exec(node.tag)?.[1] ?? (node.role === 'heading' ? (node.attributes['aria-level'] ?? '2') : undefined);
      if (level !== undefined) return { kind: 'heading', level: Number(level), text };
      return { kind: KINDS[node.tag] ?? 'paragraph', text };
    });
}

/** The table that a node lies in, else the nearest element that is a block of its own. */
function ownerOf(look: PageLook, at: number): number {
  const chain = [at, ...ancestors(look, at)];
  const inTable = chain.find((one) => look.nodes[one]!.tag === 'table');
  return inTable ?? chain.find((one) => !INLINE.has(look.nodes[one]!.tag)) ?? at;
}

function ancestors(look: PageLook, at: number): number[] {
  const chain: number[] = [];
  for (let one = look.nodes[at]?.parent ?? -1; one !== -1; one = look.nodes[one]?.parent ?? -1) chain.push(one);
  return chain;
}

function table(look: PageLook, at: number): Block {
  const cells = Map.groupBy(look.nodes.filter(isCell), ({ parent }) => parent);
  const rows = [...cells]
    .filter(([row]) => ancestors(look, row).includes(at))
    .map(([, row]) => row.map(({ text }) => text));
  const [columns = [], ...rest] = rows;
  return { kind: 'table', columns, rows: rest };
}

const isCell = ({ tag, box }: SeenNode): boolean => (tag === 'td' || tag === 'th') && box !== null;
