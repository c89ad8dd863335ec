// JSON as RFC 8259 and RFC 7493 (I-JSON) have it, to the letter. JSON.parse keeps the last of two members of one name, so that a file
// could show one value to a reader and another one to the grader.
import { checkedKey, createBounds, exactNumber, type JsonValue, type Parsed, Refusal, refusing } from './parsed.ts';

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a JSON string must not hold.
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORDS: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

export function parseJson(text: string): Parsed {
  return refusing(() => {
    const reader = createReader(text);
    const value = reader.value();
    reader.end();
    return value;
  });
}

function createReader(text: string): { value(): JsonValue; end(): void } {
  const bounds = createBounds();
  let at = 0;

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const skip = (): void => void take(SPACE);
  const is = (char: string): boolean => {
    skip();
    if (text[at] !== char) return false;
    at += 1;
    return true;
  };
  const unexpected = (): Refusal =>
    new Refusal(
      at >= text.length
        ? 'is not complete'
        : `is no JSON at character ${at + 1}: ${JSON.stringify(text.slice(at, at + 12))}`,
    );

  function string(): string {
    skip();
    const found = take(STRING);
    if (found === undefined) throw unexpected();
    const value = JSON.parse(found) as string;
    if (!value.isWellFormed()) throw new Refusal('holds half of a surrogate pair');
    return value;
  }

  function members(): JsonValue {
    const members = new Map<string, JsonValue>();
    if (is('}')) return {};
    do {
      const key = checkedKey(string());
      if (members.has(key)) throw new Refusal(`has the member ${JSON.stringify(key.slice(0, 80))} twice`);
      if (!is(':')) throw unexpected();
      members.set(key, value());
    } while (is(','));
    if (!is('}')) throw unexpected();
    return Object.fromEntries(members);
  }

  function items(): JsonValue {
    const items: JsonValue[] = [];
    if (is(']')) return items;
    do items.push(value());
    while (is(','));
    if (!is(']')) throw unexpected();
    return items;
  }

  function value(): JsonValue {
    bounds.value();
    if (is('{') || is('[')) {
      bounds.enter();
      const inside = text[at - 1] === '{' ? members() : items();
      bounds.leave();
      return inside;
    }
    if (text[at] === '"') return string();
    for (const [word, meaning] of WORDS) {
      if (!text.startsWith(word, at)) continue;
      at += word.length;
      return meaning;
    }
    const number = take(NUMBER);
    if (number === undefined) throw unexpected();
    return exactNumber(number);
  }

  return {
    value,
    end() {
      skip();
      if (at < text.length) throw unexpected();
    },
  };
}
