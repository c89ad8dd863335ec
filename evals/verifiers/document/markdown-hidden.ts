// What a Markdown source can hold that no reader sees: HTML (a tag may hide what it encloses), definitions of links, metadata. Most of it
// is refused and not read around, since renderers differ in it.

/** Do nothing to what they enclose but mark it. */
const PLAIN = 'b|strong|i|em|u|s|del|ins|mark|small|sub|sup|kbd|code|samp|var|q|cite|br|hr|p|blockquote|ul|ol|li';
const PLAIN_TAG = new RegExp(`^<(?:/?(?:${PLAIN}|a)|(?:br|hr) ?/)\\s*>$`, 'i');
const ANCHOR = /^<a(?:\s+(?:href|id|name)="[^"<>]*")+\s*>$/i;
const ADDRESS = /^<(?:https?:|mailto:)[^<>\s]*>$/i;
const TAG = /<\/?[A-Za-z][^<>]*>?|<[!?]/g;
/** Code shows its tags. Only within a line: what spans several may end at a block of HTML. */
const CODE_SPAN = /(?<![\\`])(`+)(?!`)[^\n]*?[^`\n]\1(?!`)/g;

/** Raw HTML in a line that is no code. */
export function htmlIn(line: string): string | undefined {
  const tags = line.replaceAll(CODE_SPAN, ' ').match(TAG) ?? [];
  const odd = tags.find((tag) => !PLAIN_TAG.test(tag) && !ANCHOR.test(tag) && !ADDRESS.test(tag));
  return odd === undefined ? undefined : `holds HTML, which may hide text: ${odd.slice(0, 60)}`;
}

/** A definition, in a list or a quotation too; its name may go over several lines. */
const DEFINITION = /^[ \t>*+-]*\[([^[\]]{1,999})\]:([^\n]*)(?:\n([^\n]*))?/gm;
const NOTE = /\[(\^[^[\]]{0,998})\]/g;
const SIMPLE = /^[ \t]+<?(?:https?:\/\/|mailto:|\.{0,2}\/|#)?[\w./~?&=%#:+@-]+>?[ \t]*$/;

/** A definition of a link that says more than where it goes, or a note that nobody is sent to. */
export function hiddenDefinition(source: string): string | undefined {
  const notes = new Map<string, number>();
  for (const [, name = ''] of source.matchAll(NOTE)) notes.set(name, (notes.get(name) ?? 0) + 1);
  for (const [, name = '', target = '', next = ''] of source.matchAll(DEFINITION)) {
    const seen = name.startsWith('^') ? (notes.get(name) ?? 0) > 1 : SIMPLE.test(target) && !/^\s*["'(]/.test(next);
    if (!seen) return `defines “${name.trim().slice(0, 40)}” with words that are not shown`;
  }
  return undefined;
}

/** Without the metadata that some writers put in front, which nobody is shown. */
export const withoutMetadata = (source: string): string =>
  source.replace(/^---\n(?:[A-Za-z][\w -]*:[^\n]*\n|[ \t]+[^\n]*\n|- [^\n]*\n){1,60}(?:---|\.\.\.)\n/, '');
