// What is written at a forge of what anybody has said: text that does nothing there. Pure.

/** Signs that a forge acts on in one line: mentions, references, quick actions, markup, links. */
const ACTIVE = /[@#!&$%~^*_`<>[\](){}\\|/:]/g;
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const MOST_BLOCK = 8_000;

const seen = (text: string): string =>
  text.toWellFormed().replace(UNSEEN, (sign) => (/[\n\t]/.test(sign) ? sign : ' '));

/** For titles and single words: what would be a mention, a reference, an action, markup or a link is left out. */
export const plainLine = (text: string, most = 120): string => {
  const plain = seen(text).replace(ACTIVE, ' ').replace(/\s+/g, ' ').trim();
  return [...plain].slice(0, most).join('').trim();
};

/** A block of code that none of its lines can end: nothing in it is a mention, an action, a link or markup. */
export function asBlock(text: string): string {
  const cut = [...seen(text.replace(/\r\n?/g, '\n'))].slice(0, MOST_BLOCK).join('');
  const longest = Math.max(2, ...[...cut.matchAll(/[`~]+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  // A forge that looks for marks and actions line by line, whatever they stand in, finds none.
  const lines = cut.split('\n').map((line) => line.replaceAll('<!--', '<! --').replace(/^(\s*)\/(?=\w)/, '$1\u2215'));
  return `${fence}text\n${lines.join('\n')}\n${fence}`;
}

/** Code in a line: paths, ids of tests. */
export function asCode(text: string, most = 200): string {
  const plain = seen(text)
    .replace(/[\n\t`]/g, ' ')
    .trim();
  const cut = [...plain].slice(0, most).join('').trim();
  return cut === '' ? '` `' : `\`${cut}\``;
}

/** Words by which a commit closes somebody's issue as it lands, or calls somebody: forges read messages of commits too. */
export const tameMessage = (text: string): string =>
  text
    .replace(/@(?=[\p{L}\p{N}])/gu, '@ ')
    .replace(/([#!])(?=\d)/g, '$1 ')
    .replace(/\bGH-(?=\d)/gi, 'GH ')
    .replace(
      /\b(clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)(:?\s+)(?=https?:)/gi,
      '$1$2: ',
    )
    .replace(/\[(skip ci|ci skip|no ci|skip actions|actions skip)\]/gi, '($1)');
