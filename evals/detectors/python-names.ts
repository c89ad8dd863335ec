// Which names of modules and of built-ins a Python source uses: what is imported, under which name, and what is reached for through it.
// A name behind a dot, or one that the source binds itself, is its own business. It is read, never run; what is no valid Python is read as far
// as it goes.

export interface Use {
  /** With the module's own name in front: `os.path.join`, also where it was imported as another. */
  readonly path: string;
  readonly called: boolean;
  readonly assigned: boolean;
  /** The tokens behind it. */
  readonly next: readonly string[];
}

export interface PythonNames {
  /** Modules, and what was taken from them: `os`, `os.path`, `http.HTTPStatus`. */
  readonly imported: readonly string[];
  /** Of what the source does not bind itself. */
  readonly uses: readonly Use[];
  /** What is asked of any object. */
  readonly attributes: ReadonlySet<string>;
}

const TOKENS =
  /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*|\d[\w.]*|""|\n|==|!=|<=|>=|:=|->|\*\*=?|\/\/=?|<<=?|>>=?|[-+*/%@&|^]=|[^\s\\]/g;
const NAME = /^[A-Za-z_\u0080-\uffff]/;
const KEYWORDS = new Set(
  'and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield None True False'.split(
    ' ',
  ),
);
const isName = (token: string | undefined): token is string =>
  token !== undefined && NAME.test(token) && !KEYWORDS.has(token);
const isAssigning = (token: string | undefined): boolean =>
  token !== undefined && /^(?:=|:=|\*\*=|\/\/=|<<=|>>=|[-+*/%@&|^]=)$/.test(token);
const NEXT = 8;
/** Tokens that a list of parameters or of targets may take. */
const MOST = 120;

interface Line {
  readonly tokens: readonly string[];
  /** How many brackets are open before each. */
  readonly depths: readonly number[];
}

/** @param code as python-text.ts leaves it */
export function pythonNames(code: string): PythonNames {
  const lines = logicalLines(code.match(TOKENS) ?? []);
  const imports = new Map<string, string>();
  const imported: string[] = [];
  const others = lines.filter((line) => !readImport(line.tokens, imports, imported));
  const own = new Set(others.flatMap(boundIn));
  const uses: Use[] = [];
  const attributes = new Set<string>();
  for (const { tokens, depths } of others) {
    for (let at = 0; at < tokens.length; at += 1) {
      const head = tokens[at];
      if (head === '.' && isName(tokens[at + 1])) attributes.add(tokens[at + 1]!);
      if (!isName(head) || tokens[at - 1] === '.' || tokens[at - 1] === 'def' || tokens[at - 1] === 'class') continue;
      // The name of an argument.
      if (depths[at]! > 0 && tokens[at + 1] === '=') continue;
      const module = imports.get(head);
      if (module === undefined && own.has(head)) continue;
      let end = at + 1;
      while (tokens[end] === '.' && isName(tokens[end + 1])) end += 2;
      const path = [module ?? head, ...tokens.slice(at + 1, end).filter((token) => token !== '.')].join('.');
      const next = tokens.slice(end, end + NEXT);
      uses.push({ path, called: next[0] === '(', assigned: isAssigning(next[0]) && depths[at] === 0, next });
    }
  }
  return { imported, uses, attributes };
}

/** Statements, however many lines they take; several in a line stay one. */
function logicalLines(tokens: readonly string[]): Line[] {
  const lines: Line[] = [];
  let [line, depths, depth]: [string[], number[], number] = [[], [], 0];
  for (const token of [...tokens, '\n']) {
    if ((token === '\n' && depth === 0) || (token === ';' && depth === 0)) {
      if (line.length > 0) lines.push({ tokens: line, depths });
      [line, depths] = [[], []];
      continue;
    }
    if (token === '\n') continue;
    if (')]}'.includes(token)) depth = Math.max(0, depth - 1);
    line.push(token);
    depths.push(depth);
    if ('([{'.includes(token)) depth += 1;
  }
  // An unfinished bracket must not hide the lines behind it.
  if (line.length > 0) lines.push({ tokens: line, depths });
  return lines;
}

/** Also where the import stands behind a colon: `try: import os`. */
function readImport(line: readonly string[], imports: Map<string, string>, imported: string[]): boolean {
  const colon = line.lastIndexOf(':', line.indexOf('import'));
  const tokens = line.slice(colon + 1).filter((token) => token !== '(' && token !== ')');
  const at = tokens.indexOf('import');
  if (at < 0 || (tokens[0] !== 'import' && tokens[0] !== 'from')) return false;
  const from = tokens[0] === 'from' ? tokens.slice(1, at).join('') : undefined;
  for (const part of parts(tokens.slice(at + 1))) {
    const as = part.indexOf('as');
    const name = part.slice(0, as < 0 ? undefined : as).join('');
    if (name === '') continue;
    const path = from === undefined ? name : `${from}.${name}`;
    imported.push(path);
    const head = name.split('.')[0]!;
    if (as >= 0) imports.set(part[as + 1] ?? name, path);
    else imports.set(head, from === undefined ? head : path);
  }
  return true;
}

function parts(tokens: readonly string[]): string[][] {
  const found: string[][] = [[]];
  for (const token of tokens) {
    if (token === ',') found.push([]);
    else found.at(-1)!.push(token);
  }
  return found;
}

/** Names that a line binds: parameters, functions, classes, targets of assignments, of loops and of `as`. */
function boundIn({ tokens, depths }: Line): string[] {
  const bound: string[] = [];
  const plain = (from: number, to: number) => {
    for (let at = from; at < to; at += 1)
      if (isName(tokens[at]) && tokens[at - 1] !== '.' && !['.', '[', '('].includes(tokens[at + 1] ?? ''))
        bound.push(tokens[at]!);
  };
  let from = tokens[0] === 'def' ? tokens.lastIndexOf(':') + 1 : 0;
  for (const [at, token] of tokens.entries()) {
    const end = (of: string) => {
      const last = Math.min(tokens.length, at + MOST);
      for (let index = at + 1; index < last; index += 1)
        if (tokens[index] === of && depths[index]! <= depths[at]!) return index;
      return last;
    };
    if (token === 'def') {
      const [self, last] = [tokens[at + 3], end(':')];
      // A method is reached through its object.
      if (isName(tokens[at + 1]) && self !== 'self' && self !== 'cls') bound.push(tokens[at + 1]!);
      for (let index = at + 3; index < last; index += 1)
        if (
          isName(tokens[index]) &&
          ['(', ',', '*', '**'].includes(tokens[index - 1]!) &&
          depths[index] === depths[at]! + 1
        )
          bound.push(tokens[index]!);
    } else if (token === 'class' && isName(tokens[at + 1])) bound.push(tokens[at + 1]!);
    else if (token === 'lambda') plain(at + 1, end(':'));
    else if (token === 'for') plain(at + 1, end('in'));
    else if (token === 'as' && isName(tokens[at + 1])) bound.push(tokens[at + 1]!);
    else if (token === ':=' && isName(tokens[at - 1])) bound.push(tokens[at - 1]!);
    else if (isAssigning(token) && depths[at] === 0) {
      plain(from, at);
      from = at + 1;
    }
  }
  return bound;
}
