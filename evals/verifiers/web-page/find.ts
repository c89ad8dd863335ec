// Which nodes of a look are meant. Pure: a look is data, and the page has no part in it any more.
import type { PageLook, SeenNode, SeenText } from '../../../contracts/browser.ts';
import type { Target } from './check.ts';
import { filledIn, type Values } from './inputs.ts';

export const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** Those that can be seen, in the order of the page. */
export function find(look: PageLook, target: Target, values: Values): SeenNode[] {
  const fill = (text: string): string => plain(filledIn(text, values));
  const same = (one: string, other: string): boolean => fill(one).toLowerCase() === plain(other).toLowerCase();
  const around = target.within === undefined ? undefined : new Set(find(look, target.within, values));
  const all = look.nodes.filter(
    (node) =>
      node.box !== null &&
      (target.role === undefined || target.role === node.role) &&
      (target.tag === undefined || target.tag === node.tag) &&
      (target.name === undefined || same(target.name, node.name)) &&
      (target.text === undefined || fill(target.text) === node.text) &&
      (target.textIncludes === undefined || node.text.includes(fill(target.textIncludes))) &&
      Object.entries(target.attributes ?? {}).every(
        ([name, value]) => node.attributes[name] === filledIn(value, values),
      ) &&
      (around === undefined || isWithin(look, node, around)),
  );
  if (target.nth === undefined) return all;
  const one = all.at(target.nth);
  return one === undefined ? [] : [one];
}

/** Lines of painted text that stand in some of these nodes. */
export function linesIn(look: PageLook, nodes: readonly SeenNode[]): SeenText[] {
  const meant = new Set(nodes);
  return look.texts.filter(({ node }) => {
    for (let at = look.nodes[node]; at !== undefined; at = look.nodes[at.parent]) if (meant.has(at)) return true;
    return false;
  });
}

function isWithin(look: PageLook, node: SeenNode, around: ReadonlySet<SeenNode>): boolean {
  for (let at = look.nodes[node.parent]; at !== undefined; at = look.nodes[at.parent]) if (around.has(at)) return true;
  return false;
}

/** For a human: `button “Add” in list`. */
export function inWords({ role, tag, name, text, textIncludes, attributes, within, nth }: Target): string {
  const parts = [
    role ?? tag ?? 'element',
    name === undefined ? '' : `“${name}”`,
    text === undefined ? '' : `with the text “${text}”`,
    textIncludes === undefined ? '' : `with “${textIncludes}” in it`,
    ...Object.entries(attributes ?? {}).map(([key, value]) => `[${key}=${value}]`),
    nth === undefined ? '' : `(number ${nth})`,
    within === undefined ? '' : `in ${inWords(within)}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}
