// What an unfinished text still holds, and what an unreadable one is made of.

const PLACEHOLDERS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['lorem ipsum', /lorem\s+ipsum/i],
  ['TODO', /\bTODO\b|\bto-?do\s*:/],
  ['TBD', /\bTB[DAC]\b/],
  ['FIXME', /\bFIXME\b/],
  ['XXX', /\bX{3,}\b/],
  ['placeholder', /\bplace\s?holder\b|\bsample text\b|\bdummy text\b/i],
  ['insert … here', /\binsert\b[^.\n]{0,40}\bhere\b|\byour (?:text|name|title|content) here\b/i],
  ['a bracketed gap', /\[(?:insert|your|add|name|date|number|company|todo|tbd)\b[^\]\n]{0,60}\]/i],
  ['a template’s field', /\{\{[^{}\n]{0,60}\}\}|<%[^%\n]{0,60}%>|\$\{[^{}\n]{0,60}\}/],
  ['an empty line to fill in', /_{4,}|\.{6,}/],
  [
    'an answer about itself',
    /\bas an? (?:AI|large) (?:language )?model\b|\bI cannot (?:fulfil|complete) (?:this|the) (?:task|request)\b/i,
  ],
];

export function placeholderIn(text: string, further: readonly string[]): string | undefined {
  const found = PLACEHOLDERS.find(([, pattern]) => pattern.test(text));
  if (found !== undefined) return `${found[0]}: “${found[1].exec(text)?.[0].slice(0, 60)}”`;
  const low = text.toLowerCase();
  const named = further.find((one) => low.includes(one.toLowerCase()));
  return named === undefined ? undefined : `“${named}” is not allowed`;
}

/**
 * Zero-width characters, direction marks, tags, private and control characters: a reader, human or model, would be shown another text than
 * the one that is checked.
 */
export function strangeCharacter(text: string): string | undefined {
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (STRANGE.some(([low, high]) => code >= low && code <= high))
      return `U+${code.toString(16).toUpperCase().padStart(4, '0')} is not seen by a reader`;
  }
  return undefined;
}

/** Ranges of code points; tab and line feed are none of them. */
const STRANGE: readonly (readonly [low: number, high: number])[] = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xe000, 0xf8ff],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffd],
  [0xe0000, 0x10ffff],
];
