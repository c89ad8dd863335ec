// A shell's text taken apart into commands, so that a word in a message or a pattern is not a deed. It is read, never run; what is no
// valid shell is read as far as it goes. One pass over the text, and one more for each level of `$( )`.
import { printedBy, unescaped as readable } from './printed.ts';

export interface Command {
  /** Without quotes; the first one is what is run. */
  readonly words: readonly string[];
  readonly written: readonly string[];
  readonly appended: readonly string[];
  readonly input: readonly string[];
  /** What stands below it (`<<`) or beside it (`<<<`) as its input. */
  readonly here: string;
  /** Of the commands before it in the same text, the one that it is fed by. */
  readonly fedBy: Command | undefined;
  /** What it says of its failures goes nowhere. */
  readonly silent: boolean;
  /** Values of variables that are set for it alone. */
  readonly set: readonly string[];
}

const DEEPEST = 4;
const MOST_COMMANDS = 2_000;
/** By the values of variables that stand in it. */
const MOST_GROWN = 200_000;
/** Words that stand before a command and are none. */
const RESERVED = new Set(['if', 'then', 'else', 'elif', 'fi', 'do', 'done', 'while', 'until', 'esac', '!', '{', '}']);
const ASSIGNMENT = /^([A-Za-z_]\w*)=([\s\S]*)$/;

interface Open {
  words: string[];
  written: string[];
  appended: string[];
  input: string[];
  here: string;
  silent: boolean;
  set: string[];
  fedBy: Command | undefined;
}

export function readShell(text: string, variables = new Map<string, string>(), depth = 0): Command[] {
  const commands: Command[] = [];
  let [at, grown] = [0, 0];
  let open: Open = fresh(undefined);
  let word: string | undefined;
  /** Where the next word goes. */
  let target: 'words' | 'written' | 'appended' | 'input' | 'here' | 'nowhere' | 'silent' = 'words';
  const pending: { tag: string; of: Open }[] = [];

  const add = (piece: string): void => {
    word = (word ?? '') + piece;
  };
  const close = (): void => {
    if (word === undefined) return;
    if (target === 'here') open.here += word;
    else if (target === 'silent') open.silent ||= word === '/dev/null';
    else if (target !== 'nowhere') open[target].push(word);
    [word, target] = [undefined, 'words'];
  };
  const end = (feeds: boolean): void => {
    close();
    while (open.words.length > 0 && RESERVED.has(open.words[0]!)) open.words.shift();
    for (let set = ASSIGNMENT.exec(open.words[0] ?? ''); set !== null; set = ASSIGNMENT.exec(open.words[0] ?? '')) {
      variables.set(set[1]!, set[2]!.slice(0, 4_000));
      open.set.push(set[2]!.slice(0, 4_000));
      open.words.shift();
    }
    if (open.words[0] === 'read' && open.fedBy !== undefined)
      variables.set(open.words.at(-1)!, printedBy(open.fedBy)?.trim().slice(0, 4_000) ?? '$()');
    const files = [...open.written, ...open.appended, ...open.input];
    const empty = open.words.length === 0 && files.length === 0;
    // Waiting for what stands below its line, it is filled later: the same object is kept.
    if (!empty && commands.length < MOST_COMMANDS) commands.push(open);
    open = fresh(feeds && !empty ? open : undefined);
  };
  const inner = (closing: ')' | '`'): void => {
    const stop = closing === ')' ? matching(text, at) : unescaped(text, at, '`');
    const own =
      depth < DEEPEST && commands.length < MOST_COMMANDS ? readShell(text.slice(at, stop), variables, depth + 1) : [];
    commands.push(...own);
    at = stop + 1;
    const last = own.at(-1);
    const printed = last === undefined ? undefined : printedBy(last)?.replace(/\n+$/, '').slice(0, 4_000);
    grown += printed?.length ?? 0;
    add(printed === undefined || grown > MOST_GROWN ? '$()' : printed);
  };
  const dollar = (): void => {
    if (text[at] === '(' && text[at + 1] !== '(') {
      at += 1;
      inner(')');
      return;
    }
    if (text[at] === "'") {
      const stop = unescaped(text, at + 1, "'");
      add(readable(text.slice(at + 1, stop)));
      at = stop + 1;
      return;
    }
    const name = /^(?:\{([A-Za-z_]\w*)([^}]{0,200})\}|([A-Za-z_]\w*))/.exec(text.slice(at, at + 240));
    if (name === null) {
      add('$');
      return;
    }
    at += name[0].length;
    const value = changedBy(name[2] ?? '', variables.get(name[1] ?? name[3]!));
    grown += value?.length ?? 0;
    add(value === undefined || grown > MOST_GROWN ? `$${name[1] ?? name[3]}` : value);
  };

  while (at < text.length) {
    const c = text[at]!;
    at += 1;
    if (c === "'") {
      const stop = endOf(text, "'", at);
      add(text.slice(at, stop));
      at = stop + 1;
    } else if (c === '"') {
      add('');
      while (at < text.length && text[at] !== '"') {
        const d = text[at]!;
        at += 1;
        if (d === '\\' && at < text.length) {
          add('"\\$`\n'.includes(text[at]!) ? text[at]! : `\\${text[at]}`);
          at += 1;
        } else if (d === '$' && text[at] !== "'") dollar();
        else if (d === '`') inner('`');
        else {
          let stop = at;
          while (stop < text.length && !'"\\$`'.includes(text[stop]!)) stop += 1;
          add(text.slice(at - 1, stop));
          at = stop;
        }
      }
      at += 1;
    } else if (c === '\\') {
      if (text[at] !== '\n') add(text[at] ?? '');
      at += 1;
    } else if (c === '$') dollar();
    else if (c === '`') inner('`');
    else if (c === '#' && word === undefined) at = endOf(text, '\n', at);
    else if (c === '\n') {
      end(false);
      for (const { tag, of } of pending.splice(0)) {
        const [body, next] = below(text, at, tag);
        of.here += body;
        at = next;
      }
    } else if (c === ' ' || c === '\t' || c === '\r') close();
    else if (c === ';' || c === '(' || c === ')') end(false);
    else if (c === '|') {
      const either = text[at] === '|';
      if (either || text[at] === '&') at += 1;
      end(!either);
    } else if (c === '&' && text[at] !== '>') {
      if (text[at] === '&') at += 1;
      end(false);
    } else if (c === '<' && text[at] === '<') {
      const isString = text[at + 1] === '<';
      at += isString ? 2 : 1;
      close();
      if (isString) target = 'here';
      else {
        const tag = /^-?[ \t]*(?:'([^'\n]*)'|"([^"\n]*)"|\\?([^\s;|&<>()]+))/.exec(text.slice(at, at + 200));
        at += tag?.[0].length ?? 0;
        pending.push({ tag: tag?.[1] ?? tag?.[2] ?? tag?.[3] ?? '', of: open });
      }
    } else if ((c === '<' || c === '>') && text[at] === '(') {
      at += 1;
      inner(')');
    } else if (c === '<' || c === '>' || c === '&') {
      const errors = c === '&' || word === '2';
      if (word !== undefined && /^\d$/.test(word)) word = undefined;
      else close();
      if (c === '&') at += 1;
      const more = c !== '<' && text[at] === '>';
      if (more || text[at] === '|') at += 1;
      if (text[at] === '&') {
        at += 1;
        target = 'nowhere';
      } else if (c === '<') target = 'input';
      else target = errors && startsNowhere(text, at) ? 'silent' : more ? 'appended' : 'written';
    } else {
      let stop = at;
      while (stop < text.length && PLAIN.test(text[stop]!)) stop += 1;
      add(text.slice(at - 1, stop));
      at = stop;
    }
  }
  end(false);
  return commands;
}

/** `${X:-y}`, `${X/y/z}`, `${X#y}` and `${X%y}` without patterns. */
function changedBy(how: string, value: string | undefined): string | undefined {
  const [, kind, rest = ''] = /^(:?[-=]|\/\/?|##?|%%?)([\s\S]*)$/.exec(how) ?? [];
  if (kind === undefined) return value;
  if (/[-=]$/.test(kind)) return value === undefined || (kind.startsWith(':') && value === '') ? rest : value;
  if (value === undefined || /[*?[]/.test(rest)) return value;
  if (kind.startsWith('#')) return value.startsWith(rest) ? value.slice(rest.length) : value;
  if (kind.startsWith('%')) return value.endsWith(rest) ? value.slice(0, value.length - rest.length) : value;
  const [from = '', to = ''] = rest.split('/');
  if (from === '') return value;
  return kind === '//' ? value.replaceAll(from, () => to) : value.replace(from, () => to);
}

const PLAIN = /[\w./,:@%+=~*?[\]{}^-]/;
const fresh = (fedBy: Command | undefined): Open => ({
  ...{ words: [], written: [], appended: [], input: [], here: '', silent: false, set: [], fedBy },
});

const startsNowhere = (text: string, at: number): boolean => /^\s{0,4}\/dev\/null/.test(text.slice(at, at + 16));

function endOf(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found === -1 ? text.length : found;
}

function unescaped(text: string, from: number, what: string): number {
  let at = from;
  while (at < text.length && text[at] !== what) at += text[at] === '\\' ? 2 : 1;
  return Math.min(at, text.length);
}

function matching(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    const c = text[at];
    if (c === "'") at = endOf(text, "'", at + 1);
    else if (c === '\\') at += 1;
    else if (c === '(') depth += 1;
    else if (c === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return text.length;
}

/** The lines below, up to the tag, and where it goes on. */
function below(text: string, from: number, tag: string): [string, number] {
  for (let at = from; at < text.length; ) {
    const stop = endOf(text, '\n', at);
    if (text.slice(at, stop).trim() === tag) return [text.slice(from, at), stop + 1];
    at = stop + 1;
  }
  return [text.slice(from), text.length];
}
