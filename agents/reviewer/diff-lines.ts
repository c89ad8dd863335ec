// Which lines a patch touches or shows, by git's own counts: what stands inside a hunk is never taken for a header. Pure.

export interface ShownLines {
  /** By path, lines of the file as the change leaves it; of a file that is removed as it was. */
  readonly lines: ReadonlyMap<string, ReadonlySet<number>>;
  /** The patch ended inside a hunk, or could not be followed; what was read until then is there. */
  readonly broken: boolean;
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** @param patch as `git diff` writes it */
export function shownLines(patch: string): ShownLines {
  const lines = new Map<string, Set<number>>();
  const texts = patch.split('\n');
  let [before, after] = ['', ''];
  let at = 0;
  while (at < texts.length) {
    const text = texts[at]!;
    at += 1;
    if (text.startsWith('diff --git ')) [before, after] = ['', ''];
    else if (text.startsWith('--- ')) before = pathOf(text.slice(4));
    else if (text.startsWith('+++ ')) after = pathOf(text.slice(4));
    else if (text.startsWith('rename to ') || text.startsWith('copy to ')) see(unquoted(text.replace(/^\w+ to /, '')));
    const hunk = HUNK.exec(text);
    if (hunk === null) continue;
    const isRemoved = after === '';
    const seen = see(isRemoved ? before : after);
    let [old, now] = [Number(hunk[1]), Number(hunk[3])];
    let [oldLeft, nowLeft] = [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
    while (oldLeft > 0 || nowLeft > 0) {
      const line = texts[at];
      if (line === undefined) return { lines, broken: true };
      at += 1;
      const sign = line[0];
      if (sign === '\\') continue;
      if (sign === '-' || sign === ' ' || line === '') {
        if (isRemoved) seen.add(old);
        old += 1;
        oldLeft -= 1;
      }
      if (sign === '+' || sign === ' ' || line === '') {
        seen.add(now);
        now += 1;
        nowLeft -= 1;
      }
      if (sign !== undefined && !'+- '.includes(sign)) return { lines, broken: true };
      if (oldLeft < 0 || nowLeft < 0) return { lines, broken: true };
    }
  }
  return { lines, broken: false };

  function see(path: string): Set<number> {
    const known = lines.get(path) ?? new Set<number>();
    lines.set(path, known);
    return known;
  }
}

/** Empty where there is no file on that side. */
function pathOf(text: string): string {
  const path = unquoted(text.replace(/\t$/, ''));
  return path === '/dev/null' ? '' : path.replace(/^[ab]\//, '');
}

const NAMED: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, '\\': 92 };

/** As git quotes names that are no plain text: bytes in octal. */
function unquoted(text: string): string {
  if (!text.startsWith('"') || !text.endsWith('"')) return text;
  const bytes: number[] = [];
  for (const [, octal, named, plain] of text.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gs)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else if (named !== undefined) bytes.push(NAMED[named] ?? named.codePointAt(0)!);
    else bytes.push(...Buffer.from(plain!));
  }
  return Buffer.from(bytes).toString('utf8');
}
