// A text as its words, whatever was done to hide them: what is compared with a task must not depend on signs that a reader does not see.

/** Letters of other alphabets that look like Latin ones. */
const LOOK_ALIKE: Readonly<Record<string, string>> = Object.fromEntries(
  (
    [
      ['аеорсухіѕјһԁԛԝкмтвнѵӏ', 'aeopcyxisjhdqwkmtbhvl'],
      ['αερουνικτηχωγβ', 'aepouviktnxwyb'],
      ['ıɡɑℓ', 'igal'],
    ] as const
  ).flatMap(([from, to]) => [...from].map((letter, at) => [letter, to[at]!])),
);
const LOOKS_LATIN = new RegExp(`[${Object.keys(LOOK_ALIKE).join('')}]`, 'gu');
/** Where words were joined as programs join them: `aWord`, `HTTPServer`, `a_word`. */
const JOINTS = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})|_/gu;

/** Without case, accents, signs that are not seen and look-alikes; full-width and composed forms are the plain ones. */
export const plainText = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\p{Cf}\p{M}]/gu, '')
    .replace(JOINTS, ' ')
    .toLowerCase()
    .replace(LOOKS_LATIN, (letter) => LOOK_ALIKE[letter]!);

/** Letters and digits; other signs separate. */
export const wordsOf = (text: string): string[] => plainText(text).match(/[\p{L}\p{N}]+/gu) ?? [];

/** Without anything between the letters: what was broken up or joined is the same still. */
export const lettersOf = (text: string): string => plainText(text).replace(/[^\p{L}\p{N}]/gu, '');
