// What a command of a shell prints, where its words and what it is fed are all there is to know: texts and addresses are hidden by
// `base64 -d`, `rev` or `printf` as often as by quotes. It is worked out here, never run.
import type { Command } from './shell.ts';

const MOST = 64 * 1_024;
const DEEPEST = 8;

/** Undefined where nobody knows. */
export function printedBy(command: Command, depth = 0): string | undefined {
  if (depth > DEEPEST) return undefined;
  const name = (command.words[0] ?? '').replace(/^.*\//, '');
  const words = command.words.slice(1);
  const fed = (): string | undefined =>
    command.here !== ''
      ? command.here
      : command.fedBy === undefined
        ? undefined
        : printedBy(command.fedBy, depth + 1)?.slice(0, MOST);
  switch (name) {
    case 'echo': {
      const flags = words.findIndex((word) => !/^-[neE]+$/.test(word));
      const said = (flags === -1 ? [] : words.slice(flags)).join(' ');
      return words.slice(0, Math.max(0, flags)).some((word) => word.includes('e')) ? unescaped(said) : said;
    }
    case 'printf':
      return formatted(words[0] === '--' ? words.slice(1) : words);
    case 'cat':
    case 'tee':
      return words.some((word) => !word.startsWith('-')) && name === 'cat' ? undefined : fed();
    case 'base64':
    case 'openssl':
      return words.some((word) => /^(?:-d|-D|--decode|-di|-id)$/.test(word)) ? decoded(fed(), 'base64') : undefined;
    case 'xxd':
      return words.some((word) => /^-\w*r/.test(word)) ? decoded(fed()?.replace(/\s/g, ''), 'hex') : undefined;
    case 'rev':
      return fed()
        ?.split('\n')
        .map((line) => [...line].reverse().join(''))
        .join('\n');
    case 'tr':
      return translated(fed(), words);
    default:
      return undefined;
  }
}

/** As a shell's `$'…'`, `echo -e` and `printf` have it. */
export const unescaped = (text: string): string =>
  text.replace(
    /\\(?:x([\da-fA-F]{1,2})|u([\da-fA-F]{4})|([0-7]{1,3})|([abefnrtv\\'"]))/g,
    (_all, hex?: string, wide?: string, octal?: string, letter?: string) =>
      letter !== undefined
        ? (LETTERS[letter] ?? letter)
        : String.fromCharCode(Number.parseInt(hex ?? wide ?? octal!, octal === undefined ? 16 : 8)),
  );
const LETTERS: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '', b: '', e: '', f: '', v: '' };

function formatted([format = '', ...values]: readonly string[]): string {
  const once = (some: readonly string[]): string => {
    let at = 0;
    return unescaped(format).replace(/%(?:%|[-+ 0]*\d*(?:\.\d+)?[sbdicxu])/g, (one) => {
      if (one === '%%') return '%';
      const value = some[at++] ?? '';
      return one.endsWith('b') ? unescaped(value) : value;
    });
  };
  const taken = (format.replaceAll('%%', '').match(/%/g) ?? []).length;
  if (taken === 0 || values.length <= taken) return once(values);
  const turns = Array.from({ length: Math.min(100, Math.ceil(values.length / taken)) }, (_, turn) =>
    once(values.slice(turn * taken, (turn + 1) * taken)),
  );
  return turns.join('');
}

/** Only what can be read. */
export function decoded(text: string | undefined, how: 'base64' | 'hex'): string | undefined {
  const plain = text?.trim().slice(0, MOST) ?? '';
  if (plain === '' || !(how === 'hex' ? /^(?:[\da-f]{2})+$/i : /^[\w+/\s-]+=*$/).test(plain)) return undefined;
  const found = Buffer.from(plain, how).toString('latin1');
  return /^[\t\n\r -~]+$/.test(found) ? found : undefined;
}

function translated(text: string | undefined, words: readonly string[]): string | undefined {
  if (text === undefined) return undefined;
  if (words[0] === '-d') return [...text].filter((sign) => !ranged(words[1] ?? '').includes(sign)).join('');
  const [from, to] = [ranged(words[0] ?? ''), ranged(words[1] ?? '')];
  if (from.length === 0 || to.length === 0) return text;
  return [...text].map((sign) => (from.includes(sign) ? (to[from.indexOf(sign)] ?? to.at(-1)!) : sign)).join('');
}

const ranged = (set: string): string[] =>
  [
    ...unescaped(set)
      .slice(0, 200)
      .matchAll(/(.)-(.)|([\s\S])/g),
  ].flatMap(([, first, last, one]) =>
    one !== undefined
      ? [one]
      : Array.from({ length: Math.max(0, last!.charCodeAt(0) - first!.charCodeAt(0) + 1) }, (_, at) =>
          String.fromCharCode(first!.charCodeAt(0) + at),
        ),
  );
