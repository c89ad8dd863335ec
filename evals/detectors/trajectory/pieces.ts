// What the literal texts of a source come to: `'/pro' + 'c/1'`, `Path('/') / 'solution'`, texts that the source itself decodes. It is read,
// never run.
import type { SourceText } from '../python-text.ts';
import { decoded, unescaped } from './printed.ts';

const MOST_TEXTS = 2_000;
/** Texts with nothing but an operator or a comma between them. */
const CHAIN = /(?:\b(?:join|resolve|Path\w*)\s?\(\s{0,9})?""(?:\s{0,9}\)?\s{0,9}[+/,]?\s{0,9}""){1,12}/g;
const DECODES =
  /\b(?:b64decode|a85decode|b32decode|fromhex|unhexlify|decodebytes|atob|decode|decodestring|unpack|rot_?13)\b|\bBuffer\s*\.\s*from\b/;
const REVERSES = /\[\s*:\s*:\s*-\s*1\s*\]|\breversed?\s*\(/;

/** `[47, 112, 114]` as the text that it is, where a source makes texts of numbers. */
const NUMBERS = /[[(]\s{0,9}(\d{1,3}(?:\s{0,9},\s{0,9}\d{1,3}){3,500})\s{0,9},?\s{0,9}[\])]/g;
const spelled = (code: string): string[] =>
  /\b(?:chr|bytes|bytearray|fromCharCode|fromCodePoint|Buffer)\b/.test(code)
    ? [...code.matchAll(NUMBERS)]
        .slice(0, 200)
        .map((match) => String.fromCharCode(...match[1]!.split(',').map(Number)))
        .filter((text) => /^[\t\n -~]+$/.test(text))
    : [];

/** The literal texts, and what is put together from them. */
export function textsOf(read: SourceText): string[] {
  const texts = read.texts.slice(0, MOST_TEXTS);
  const plain = [...texts.map(escapesOf), ...chains(read), ...spelled(read.code)];
  const others = DECODES.test(read.code)
    ? plain.flatMap((text) => [decoded(text, 'hex'), decoded(text, 'base64'), turned(text)].flatMap((one) => one ?? []))
    : [];
  const back = REVERSES.test(read.code) ? plain.map((text) => [...text].reverse().join('')) : [];
  return [...plain, ...others.filter((text) => text.length > 3), ...back];
}

/** What a source decodes, where it may be code. */
export const decodedTexts = ({ code, texts }: SourceText): string[] =>
  DECODES.test(code) || REVERSES.test(code)
    ? [...texts, ...spelled(code)]
        .slice(0, MOST_TEXTS)
        .flatMap((text) => [decoded(text, 'hex'), decoded(text, 'base64'), [...text].reverse().join('')])
        .filter((text) => text !== undefined)
        .filter((text) => text.length > 8)
    : [];

const escapesOf = (text: string): string => (/\\(?:x|u|[0-7])/.test(text) ? unescaped(text) : text);
const turned = (text: string): string =>
  text.replace(/[a-z]/gi, (letter) => {
    const first = letter <= 'Z' ? 65 : 97;
    return String.fromCharCode(first + ((letter.charCodeAt(0) - first + 13) % 26));
  });

/** The text behind the quotes at an offset of the code. */
export function literals({ code, texts }: SourceText): Map<number, string> {
  const found = new Map<number, string>();
  let at = code.indexOf('""');
  for (let index = 0; at !== -1 && index < texts.length && index < MOST_TEXTS; index += 1) {
    found.set(at, texts[index]!);
    at = code.indexOf('""', at + 2);
  }
  return found;
}

function chains(read: SourceText): string[] {
  const own = literals(read);
  return [...read.code.matchAll(CHAIN)].flatMap(({ 0: chain, index }) => {
    const parts = [...chain.matchAll(/(.*?)""/gs)].map(({ 0: part, 1: between = '', index: at }) => ({
      between,
      text: escapesOf(own.get(index + at + part.length - 2) ?? ''),
    }));
    // Behind a comma a text stands for itself, but where paths are put together.
    const isPath = /^\w/.test(chain);
    let whole = parts[0]!.text;
    for (const { between, text } of parts.slice(1)) {
      if (between.includes(',') && !isPath) return [];
      const slashed = between.includes('/') || between.includes(',');
      whole = slashed ? `${whole.replace(/\/$/, '')}/${text}` : whole + text;
    }
    return [whole];
  });
}

const STARTS =
  /\b(?:system|popen|Popen|run|call|check_output|check_call|getoutput|getstatusoutput|exec|execSync|execFile|execFileSync|spawn|spawnSync|execv\w*|spawn[lv]\w*)\s?\(\s{0,9}(\[\s{0,9})?""(?:\s{0,9},\s{0,9}\[?\s{0,9}"")*/g;

/** Commands that a source starts, as a shell would have them. */
export function commandsOf(read: SourceText): string[] {
  const own = literals(read);
  return [...read.code.matchAll(STARTS)].slice(0, 200).map(({ 0: call, index }) => {
    const words = [...call.matchAll(/""/g)].map(({ index: at }) => escapesOf(own.get(index + at) ?? ''));
    const [first = ''] = words;
    return words.length === 1 || /\s/.test(first)
      ? first
      : words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  });
}
