// Text of strangers, two ways: for the model with everything in sight, and a model's own words with nothing in them that does anything.

/** Escape sequences as terminals know them. */
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
/** What is not seen or turns what is: controls but tab, marks of direction, joiners, fillers, selectors, tags. */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb]|\u034f|[\u180b-\u180d\u180f]|[\ufe00-\ufe0f]|[\u{e0000}-\u{e0fff}]/gu;

const code = (character: string): string =>
  `‹U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}›`;

/** One line, with control signs and what is invisible written out. What has none of it stays as it is. */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(SEQUENCE, (sequence) => `‹ESC${sequence.replaceAll(UNSEEN, '').slice(0, 40)}›`)
    .replaceAll(UNSEEN, code);
}

/** Without any of it: what a reader of the line takes for its words. */
export const bare = (text: string): string => text.toWellFormed().replaceAll(SEQUENCE, '').replaceAll(UNSEEN, '');

/** Signs that mean something in Markdown or HTML, by some that look alike. */
const MARKUP: Readonly<Record<string, string>> = {
  ...{ '<': '‹', '>': '›', '[': '(', ']': ')', '`': "'", '|': '/', '&': '+', '!': '.' },
  ...{ '*': '·', '#': '·', '~': '-', '\\': '/', $: '·' },
};

/** A model's words as one line that no terminal, page or Markdown does anything with: no links either. */
export function harmless(text: string): string {
  return (
    bare(text.replaceAll(/[\r\n\t]+/g, ' '))
      .replaceAll(/[<>[\]`|&!*#~\\$]/g, (sign) => MARKUP[sign]!)
      // An address that is none is not fetched, looked up or made into a link.
      .replaceAll(/([a-z][a-z0-9+.-]*):\/{1,2}/gi, '$1 : ')
      .replaceAll(/(?:www\.|mailto:|data:|javascript:)/gi, (start) => `${start.slice(0, -1)} ${start.slice(-1)} `)
      .replaceAll('@', ' at ')
      .replaceAll(/ {2,}/g, ' ')
      .trim()
  );
}
