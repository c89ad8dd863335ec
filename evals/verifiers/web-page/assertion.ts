// Whether something holds of a page, by what was seen of it from outside.
import type { BrowserPage, PageLook, PageLost, SeenNode } from '../../../contracts/browser.ts';
import { textOf } from '../artifact.ts';
import type { Assertion, Target } from './check.ts';
import { find, inWords, plain } from './find.ts';
import { filledIn, type Values } from './inputs.ts';

export interface Held {
  readonly holds: boolean;
  /** What was seen instead, or at all. */
  readonly saw: string;
}

/** Looks once. */
export async function check(assertion: Assertion, page: BrowserPage, values: Values): Promise<Held | PageLost> {
  const fill = (text: string): string => plain(filledIn(text, values));
  switch (assertion.that) {
    case 'stored-includes': {
      const stored = await page.storage();
      if ('lost' in stored) return stored;
      const all = [...stored.values()];
      return { holds: all.some((one) => one.includes(fill(assertion.is))), saw: `${all.length} stored values` };
    }
    case 'downloaded': {
      const files = await page.downloads();
      if ('lost' in files) return files;
      const holds = files.some(
        ({ name, bytes }) =>
          (assertion.name === undefined || name === filledIn(assertion.name, values)) &&
          assertion.includes.every((part) => textOf(bytes)?.includes(filledIn(part, values)) === true),
      );
      return { holds, saw: `downloads: ${files.map(({ name }) => name).join(', ') || 'none'}` };
    }
    default: {
      const look = await page.look();
      return 'lost' in look ? look : holdsOf(assertion, look, values);
    }
  }
}

/** What a look tells; storage and downloads are not in it. */
export type LookedAt = Exclude<Assertion, { that: 'stored-includes' | 'downloaded' }>;
export const isLookedAt = (assertion: Assertion): assertion is LookedAt =>
  assertion.that !== 'stored-includes' && assertion.that !== 'downloaded';

export function holdsOf(assertion: LookedAt, look: PageLook, values: Values): Held {
  const fill = (text: string): string => plain(filledIn(text, values));
  if (assertion.that === 'address-includes') {
    const { pathname, search, hash } = new URL(look.url);
    const address = `${pathname}${search}${hash}`;
    return { holds: address.includes(filledIn(assertion.is, values)), saw: address };
  }
  const nodes = find(look, assertion.of, values);
  const [first] = nodes;
  switch (assertion.that) {
    case 'present':
      return { holds: nodes.length > 0, saw: amount(nodes.length, assertion.of) };
    case 'absent':
      return { holds: nodes.length === 0, saw: amount(nodes.length, assertion.of) };
    case 'count':
      return { holds: nodes.length === assertion.is, saw: amount(nodes.length, assertion.of) };
    case 'texts': {
      const texts = nodes.map(({ text }) => text);
      const expected = assertion.are.map(fill);
      return {
        holds: texts.length === expected.length && texts.every((text, at) => text === expected[at]),
        saw: JSON.stringify(texts),
      };
    }
    default:
  }
  return first === undefined ? { holds: false, saw: amount(0, assertion.of) } : holdsOfOne(assertion, first, fill);
}

/** What is said of one, where several may be meant. */
type OfOne = Extract<Assertion, { that: 'text' | 'text-includes' | 'value' | 'state' }>;

function holdsOfOne(assertion: OfOne, node: SeenNode, fill: (text: string) => string): Held {
  switch (assertion.that) {
    case 'text':
      return { holds: node.text === fill(assertion.is), saw: JSON.stringify(node.text) };
    case 'text-includes':
      return { holds: node.text.includes(fill(assertion.is)), saw: JSON.stringify(node.text) };
    case 'value':
      return { holds: plain(node.value ?? '') === fill(assertion.is), saw: JSON.stringify(node.value) };
    case 'state': {
      const holds = node.states.includes(assertion.state) === assertion.is;
      return { holds, saw: node.states.join(', ') || 'none of its states' };
    }
  }
}

/** A reader who finds several, and not the same of each, does not know which is meant. @returns what they say, where that is so */
export function ambiguity(assertion: LookedAt, look: PageLook, values: Values): string | undefined {
  if (!('of' in assertion) || assertion.of.nth !== undefined) return undefined;
  if (!isOfOne(assertion)) return undefined;
  const told = find(look, assertion.of, values).map((node) =>
    holdsOfOne(assertion, node, (text) => plain(filledIn(text, values))),
  );
  if (told.every(({ holds }) => holds === told[0]!.holds)) return undefined;
  return `${amount(told.length, assertion.of)}, and not the same of each: ${told.map(({ saw }) => saw).join(', ')}`;
}

const isOfOne = (assertion: Assertion): assertion is OfOne =>
  ['text', 'text-includes', 'value', 'state'].includes(assertion.that);

const amount = (count: number, target: Target): string => `${count} of ${inWords(target)}`;

/** The same, one expected value flipped: what held cannot hold any more. */
export function flipped(assertion: Assertion): Assertion {
  switch (assertion.that) {
    case 'present':
      return { ...assertion, that: 'absent' };
    case 'absent':
      return { ...assertion, that: 'present' };
    case 'count':
      return { ...assertion, is: assertion.is + 1 };
    case 'state':
      return { ...assertion, is: !assertion.is };
    case 'texts':
      return { ...assertion, are: [...assertion.are, FLIPPED] };
    case 'downloaded':
      return { ...assertion, includes: [...assertion.includes, FLIPPED] };
    default:
      return { ...assertion, is: `${assertion.is} ${FLIPPED}` };
  }
}

const FLIPPED = 'flipped: nothing says this';
