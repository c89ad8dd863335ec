// A JavaScript source taken apart into code and texts, as python-text.ts does it for Python. It is read, never run.
import type { SourceText } from './python-text.ts';

/** A comment; a text between quotes, which ends with its line; a template, which does not. */
const PARTS =
  /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\[\s\S])*(?:"|(?=\n)|$)|'(?:[^'\\\n]|\\[\s\S])*(?:'|(?=\n)|$)|`(?:[^`\\]|\\[\s\S])*(?:`|$)/g;
/** What stands before the name of a module. */
const ASKS = /(?:\b(?:require|getBuiltinModule|import)\s*\(|\bfrom|\bimport)\s*$/;
const BEFORE = 40;

/** A module's name stays in the code, as `module:NAME`; every other literal text becomes `""`. */
export function readJavaScript(source: string): SourceText {
  const texts: string[] = [];
  const code = source.replace(PARTS, (whole: string, at: number) => {
    const quote = whole[0]!;
    if (quote === '/') return ' ';
    const content = whole.slice(1, whole.length > 1 && whole.endsWith(quote) ? -1 : undefined);
    if (ASKS.test(source.slice(Math.max(0, at - BEFORE), at))) return ` module:${content.replace(/^node:/, '')} `;
    texts.push(content);
    const inner = quote === '`' ? [...content.matchAll(/\$\{([^{}]*)\}/g)].map((match) => match[1]) : [];
    return inner.length === 0 ? '""' : `"" ${inner.join(' ')}`;
  });
  return { code, texts };
}
