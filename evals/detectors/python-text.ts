// A Python source taken apart into code and texts, so that a word in a comment or in a message raises nothing. It is read, never run, and
// what is no valid Python is read as far as it goes.

export interface SourceText {
  /** With comments gone and every literal text replaced by `""`. */
  readonly code: string;
  /** Contents of the literal texts. */
  readonly texts: readonly string[];
}

/** A comment, or a literal text with its prefix: three quotes before one, and the unfinished ones up to the line's or file's end. */
const PARTS =
  /#[^\n]*|[rbuftRBUFT]{0,3}("""(?:[^\\]|\\[\s\S])*?(?:"""|$)|'''(?:[^\\]|\\[\s\S])*?(?:'''|$)|"(?:[^"\\\n]|\\[\s\S])*(?:"|(?=\n)|$)|'(?:[^'\\\n]|\\[\s\S])*(?:'|(?=\n)|$))/g;

export function readPython(source: string): SourceText {
  const texts: string[] = [];
  const code = source.replace(PARTS, (whole: string, literal: string | undefined) => {
    if (literal === undefined) return '';
    const quotes = literal.startsWith('"""') || literal.startsWith("'''") ? 3 : 1;
    const closed = literal.length >= 2 * quotes && literal.endsWith(literal.slice(0, quotes));
    const content = literal.slice(quotes, closed ? -quotes : undefined);
    texts.push(content);
    // What stands between braces of an f-string is code.
    const inner = /^[^"']*[ftFT]/.test(whole) ? [...content.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1]) : [];
    return inner.length === 0 ? '""' : `"" ${inner.join(' ')}`;
  });
  return { code, texts };
}
