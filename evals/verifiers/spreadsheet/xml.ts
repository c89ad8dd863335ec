// XML as office files use it: elements, attributes, text. No document type and so no entities of its own, no processing.
import { Refusal } from '../structured-data/parsed.ts';

export interface Element {
  /** Without its name space's prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** Its own text, and that of no child. */
  readonly text: string;
}

const MOST_CHARACTERS = 24 * 2 ** 20;
const MOST_ELEMENTS = 1_000_000;
const MOST_DEPTH = 40;

const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w.:-]*)([^<>]*?)(\/?)>|([^<]+)/gy;
const ATTRIBUTE = /\s+([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/gy;

interface Open {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

/** @throws Refusal */
export function parseXml(text: string): Element {
  if (text.length > MOST_CHARACTERS) throw new Refusal('holds too large a part');
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const root: Open = { name: '', attributes: {}, children: [], text: '' };
  const stack: Open[] = [root];
  let elements = 0;
  let read = 0;
  for (const token of source.matchAll(TOKEN)) {
    read = token.index + token[0].length;
    const [, data, closing, name, attributes, empty, words] = token;
    const top = stack.at(-1)!;
    if (data !== undefined) top.text += data;
    else if (words !== undefined) top.text += decoded(words);
    else if (name === undefined) continue;
    else if (closing === '/') {
      if (stack.length === 1 || top.name !== local(name)) throw new Refusal('holds XML that does not nest');
      stack.pop();
    } else {
      elements += 1;
      if (elements > MOST_ELEMENTS || stack.length > MOST_DEPTH)
        throw new Refusal('holds too many or too deep elements');
      const element: Open = { name: local(name), attributes: attributesOf(attributes ?? ''), children: [], text: '' };
      top.children.push(element);
      if (empty !== '/') stack.push(element);
    }
  }
  if (read !== source.length || stack.length !== 1 || root.children.length !== 1) throw new Refusal('holds broken XML');
  return root.children[0]!;
}

export const childrenOf = (element: Element, ...path: readonly string[]): readonly Element[] =>
  path.reduce<readonly Element[]>(
    (found, name) => found.flatMap((one) => one.children.filter((child) => child.name === name)),
    [element],
  );

/** The text of an element and everything in it. */
export const wholeText = (element: Element): string => element.text + element.children.map(wholeText).join('');

const local = (name: string): string => name.slice(name.indexOf(':') + 1);

/** By the name with its prefix, since `r:id` and `id` are two things. */
function attributesOf(text: string): Record<string, string> {
  const found = new Map<string, string>();
  let read = 0;
  for (const match of text.matchAll(ATTRIBUTE)) {
    if (found.has(match[1]!)) throw new Refusal('holds an attribute twice');
    found.set(match[1]!, decoded(match[2] ?? match[3] ?? ''));
    read = match.index + match[0].length;
  }
  if (text.slice(read).trim() !== '') throw new Refusal('holds broken XML');
  return Object.fromEntries(found);
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const decoded = (text: string): string =>
  text.includes('&')
    ? text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (_all, decimal, hex, name) => {
        const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex ?? '', 16);
        const char = name === undefined ? (code <= 0x10ffff ? String.fromCodePoint(code) : undefined) : NAMED[name];
        if (char === undefined) throw new Refusal('holds an unknown entity');
        return char;
      })
    : text;
