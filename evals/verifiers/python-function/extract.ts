// From a reply to a Python file. Text only: nothing is executed here.

export interface Extraction {
  /** The file; undefined when the reply holds nothing that could be code. */
  readonly source: string | undefined;
  /**
   * `exact`: the reply is one ```python block and white space. `fenced`: a block stands among other text, or its fence is
   * not closed or not marked python. `bare`: no fence, but a function definition. `none`: nothing to run.
   */
  readonly how: 'exact' | 'fenced' | 'bare' | 'none';
}

const FENCE = '```';

export function extractPython(reply: string): Extraction {
  const text = reply.replaceAll('\r\n', '\n');
  const exact = /^\s*```python[ \t]*\n([\s\S]*?)\n?```\s*$/.exec(text);
  if (exact?.[1] !== undefined && !exact[1].includes(FENCE)) return { source: withNewline(exact[1]), how: 'exact' };
  const open = /```[ \t]*[A-Za-z0-9+_-]*[ \t]*\n/.exec(text);
  if (open !== null) {
    const start = open.index + open[0].length;
    const close = text.indexOf(FENCE, start);
    return { source: withNewline(close === -1 ? text.slice(start) : text.slice(start, close)), how: 'fenced' };
  }
  if (/^[ \t]*def[ \t]+\w+[ \t]*\(/m.test(text)) {
    return { source: withNewline(text.replaceAll(FENCE, '')), how: 'bare' };
  }
  return { source: undefined, how: 'none' };
}

/** Whether the text defines the name at top level. Running it must agree before a format reward is given. */
export function definesName(source: string, name: string): boolean {
  return new RegExp(`^(?:async[ \\t]+)?(?:def[ \\t]+${name}[ \\t]*\\(|${name}[ \\t]*(?::[^=\\n]*)?=[^=])`, 'm').test(
    source,
  );
}

const withNewline = (source: string): string => (source.endsWith('\n') ? source : `${source}\n`);
