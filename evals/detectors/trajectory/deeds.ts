// What the calls of a session come to, whatever its tools are called and whoever wrote them: commands, code that is run, files read and
// written, addresses opened. Tools are known by the form of their arguments.
import type { ToolStep, Trail } from '../../episode/trail.ts';
import { placed } from './places.ts';
import { type Command, readShell } from './shell.ts';
import { unwrapped } from './unwrapped.ts';

export type Deed =
  | {
      readonly kind: 'run';
      readonly name: string;
      readonly words: readonly string[];
      readonly command: Command;
      readonly folder: string;
    }
  | { readonly kind: 'code'; readonly language: Language; readonly source: string; readonly inline: boolean }
  /** `old`: what stood in its place; undefined with `whole`: nobody knows. */
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly how: 'whole' | 'append' | 'replace';
      readonly old?: string;
      readonly text: string;
    }
  | { readonly kind: 'read'; readonly path: string }
  | { readonly kind: 'open'; readonly url: string };
export type Language = 'python' | 'javascript' | 'other';

export interface DoneStep {
  readonly step: ToolStep;
  readonly at: number;
  readonly deeds: readonly Deed[];
}

const MOST_SCRIPTS = 200;
const MOST_SCRIPT = 256 * 1_024;
const MOST_RUN = 4 * 2 ** 20;
const MOST_DEEDS = 4_000;

/** One after the other, since a script that was written is code once it is run. */
export function* deedsOf({ steps }: Pick<Trail, 'steps'>): Generator<DoneStep, undefined> {
  const scripts = createScripts();
  for (const [at, step] of steps.entries()) {
    const deeds = step.arguments === '' ? [] : [...ofCall(step)];
    const all = deeds.flatMap((deed) => (deed.kind === 'run' ? ofRun(deed, scripts) : [deed])).slice(0, MOST_DEEDS);
    for (const deed of all) if (deed.kind === 'write') scripts.wrote(deed);
    yield { step, at, deeds: all };
  }
  return undefined;
}

/** What the agent wrote that can be run; what was run once is not read again, and all of it together is bounded. */
interface Scripts {
  wrote(deed: Extract<Deed, { kind: 'write' }>): void;
  /** Its text, where it is run for the first time since it was written. */
  run(path: string): string | undefined;
}

const NONE: Scripts = { wrote: () => undefined, run: () => undefined };

function createScripts(): Scripts {
  const texts = new Map<string, string>();
  const ran = new Set<string>();
  let room = MOST_RUN;
  return {
    wrote({ path, how, text }) {
      if (languageOf(path) === undefined || (texts.size >= MOST_SCRIPTS && !texts.has(path))) return;
      texts.set(path, (how === 'whole' ? text : `${texts.get(path) ?? ''}\n${text}`).slice(0, MOST_SCRIPT));
      ran.delete(path);
    },
    run(path) {
      const text = texts.get(path);
      if (text === undefined || ran.has(path) || text.length > room) return undefined;
      ran.add(path);
      room -= text.length;
      return text;
    },
  };
}

const languageOf = (path: string): Language | 'shell' | undefined =>
  /\.py$/.test(path)
    ? 'python'
    : /\.[cm]?[jt]s$/.test(path)
      ? 'javascript'
      : /\.(?:ba|z)?sh$/.test(path)
        ? 'shell'
        : /\.(?:rb|pl)$/.test(path)
          ? 'other'
          : undefined;

const COMMANDS = ['command', 'cmd', 'commands', 'script', 'bash', 'shell_command', 'input', 'keystrokes'];
const SOURCES = ['code', 'source', 'python', 'cell', 'python_code'];
const PATHS = ['path', 'file_path', 'filepath', 'filename', 'file', 'target_file', 'notebook_path', 'absolute_path'];
const TEXTS = [
  'content',
  'file_text',
  'contents',
  'text',
  'new_str',
  'new_string',
  'new',
  'replace',
  'code_edit',
  'insert_text',
];
const OLDS = ['old', 'old_str', 'old_string', 'search'];

function* ofCall({ tool, arguments: written }: ToolStep): Generator<Deed, undefined> {
  const given = parsed(written);
  if (given === undefined) {
    // A tool without a form: a command, or a patch.
    yield* ofPatch(written);
    if (!/^\s*\*\*\* Begin Patch/.test(written)) yield* ofShell(written);
    return undefined;
  }
  const text = (names: readonly string[]): string | undefined => {
    for (const name of names) {
      const value = given[name];
      if (typeof value === 'string') return value;
      if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return argvText(value);
    }
    return undefined;
  };
  const [path, url] = [text(PATHS), text(['url', 'uri', 'address'])];
  if (url !== undefined) yield { kind: 'open', url };
  if (path !== undefined) {
    const [now, old] = [text(TEXTS), text(OLDS)];
    const edits = Array.isArray(given.edits) ? given.edits : [];
    for (const edit of edits.slice(0, 200)) {
      const one = recordOf(edit);
      const [before, after] = [OLDS, TEXTS].map((names) => names.map((name) => one?.[name]).find(isText) ?? '');
      yield { kind: 'write', path: placed(path, ''), how: 'replace', old: before!, text: after! };
    }
    const inserts = given.command === 'insert' || given.insert_line !== undefined;
    if (old !== undefined) yield { kind: 'write', path: placed(path, ''), how: 'replace', old, text: now ?? '' };
    else if (now !== undefined)
      yield { kind: 'write', path: placed(path, ''), how: inserts ? 'append' : 'whole', text: now };
    else if (/delete|remove/i.test(tool)) yield { kind: 'write', path: placed(path, ''), how: 'whole', text: '' };
    else if (edits.length === 0) yield { kind: 'read', path: placed(path, '') };
    return undefined;
  }
  const patch = text(['patch', 'diff', 'input']);
  if (patch !== undefined && /^(?:\*\*\* Begin Patch|diff --git |--- )/m.test(patch)) {
    yield* ofPatch(patch);
    return undefined;
  }
  const source = text(SOURCES);
  const action = recordOf(given.action);
  const command = text(COMMANDS) ?? (action && isArgv(action.command) ? argvText(action.command) : undefined);
  if (source !== undefined)
    yield { kind: 'code', language: /node|javascript|js/i.test(tool) ? 'javascript' : 'python', source, inline: true };
  if (command !== undefined && /python|jupyter|notebook/i.test(tool))
    yield { kind: 'code', language: 'python', source: command, inline: true };
  else if (command !== undefined) yield* ofShell(command, text(['workdir', 'cwd']) ?? '');
  return undefined;
}

/** `["bash", "-lc", TEXT]`, as some agents call their shell, or the words of one command. */
const argvText = (words: readonly string[]): string =>
  words.length === 3 && /^-\w*c$/.test(words[1]!)
    ? words[2]!
    : words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
const isText = (value: unknown): value is string => typeof value === 'string';
const isArgv = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const recordOf = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function* ofShell(text: string, folder = '', depth = 0): Generator<Deed, undefined> {
  let at = folder;
  for (const command of readShell(text)) {
    const words = unwrapped(command.words);
    const [head = ''] = words;
    const name = head.slice(head.lastIndexOf('/') + 1);
    if (name === 'cd' || name === 'pushd') at = placed(words[1] ?? '', at);
    const inner = depth < 3 ? innerShell(name, words, command) : undefined;
    if (inner !== undefined) yield* ofShell(inner, at, depth + 1);
    yield { kind: 'run', name, words, command, folder: at };
  }
  return undefined;
}

const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ash', 'ksh']);

/** A shell within the shell. */
function innerShell(name: string, words: readonly string[], command: Command): string | undefined {
  if (name === 'eval') return words.slice(1).join(' ');
  if (name === 'find' || name === 'fd') {
    const exec = words.findIndex((word) => /^-(?:exec|execdir|ok)$/.test(word));
    return exec === -1 ? undefined : argvText(words.slice(exec + 1).filter((word) => word !== ';' && word !== '+'));
  }
  if (!SHELLS.has(name)) return undefined;
  const flag = words.findIndex((word) => /^-\w*c$/.test(word));
  if (flag !== -1) return words[flag + 1];
  if (command.here !== '') return command.here;
  return words.length === 1 && command.fedBy !== undefined ? fed(command.fedBy) : undefined;
}

/** What a command prints whose words are all there is to know. */
function fed({ words, here }: Command): string | undefined {
  if (words[0] === 'cat') return here;
  return words[0] === 'echo' || words[0] === 'printf' ? words.slice(1).join(' ') : undefined;
}

const INTERPRETERS: readonly (readonly [RegExp, Language, RegExp])[] = [
  [/^(?:python[\d.]*|pypy\d?|ipython\d?)$/, 'python', /^-\w*c$/],
  [/^(?:node|deno|bun)$/, 'javascript', /^(?:-e|-p|--eval|--print|eval)$/],
  [/^(?:ruby|perl|php)$/, 'other', /^-\w*[eEr]$/],
];

/** A command with the files that it writes, and the code that it has run. */
function ofRun(run: Extract<Deed, { kind: 'run' }>, scripts: Scripts): Deed[] {
  const { name, words, command, folder } = run;
  const deeds: Deed[] = [run];
  const text = fed(command) ?? (command.fedBy && fed(command.fedBy)) ?? '';
  for (const path of command.written) deeds.push({ kind: 'write', path: placed(path, folder), how: 'whole', text });
  for (const path of command.appended) deeds.push({ kind: 'write', path: placed(path, folder), how: 'append', text });
  if (name === 'tee') {
    const how = words.some((word) => word === '-a' || word === '--append') ? 'append' : 'whole';
    for (const path of words.slice(1))
      if (!path.startsWith('-'))
        deeds.push({ kind: 'write', path: placed(path, folder), how, text: command.here || text });
  }
  if (name === 'patch' || name === 'apply_patch' || (name === 'git' && words[1] === 'apply')) {
    const body =
      command.here || (command.fedBy && fed(command.fedBy)) || (words.find((word) => word.includes('\n')) ?? '');
    deeds.push(...ofPatch(body));
  }
  const script = words.slice(1).find((word) => !word.startsWith('-'));
  const file = scripts.run(placed(name.includes('.') && words[0]!.includes('/') ? words[0]! : (script ?? ''), folder));
  for (const [names, language, flag] of INTERPRETERS) {
    if (!names.test(name)) continue;
    const eval_ = words.findIndex((word) => flag.test(word));
    const source =
      eval_ !== -1
        ? words[eval_ + 1]
        : script === undefined || script === '-'
          ? command.here || (command.fedBy && fed(command.fedBy))
          : undefined;
    if (source !== undefined && source !== '') deeds.push({ kind: 'code', language, source, inline: true });
    else if (file !== undefined) deeds.push({ kind: 'code', language, source: file, inline: false });
  }
  if (file !== undefined && (SHELLS.has(name) || name === 'source' || name === '.' || /\.(?:ba|z)?sh$/.test(name)))
    deeds.push(...[...ofShell(file, folder, 2)].flatMap((deed) => (deed.kind === 'run' ? ofRun(deed, NONE) : [deed])));
  return deeds;
}

/** A diff, or a patch in the form that some agents write. */
function* ofPatch(text: string): Generator<Deed, undefined> {
  let [path, old, now]: [string | undefined, string[], string[]] = [undefined, [], []];
  const done = function* (): Generator<Deed, undefined> {
    if (path !== undefined)
      yield { kind: 'write', path: placed(path, ''), how: 'replace', old: old.join('\n'), text: now.join('\n') };
    [path, old, now] = [undefined, [], []];
    return undefined;
  };
  let before: string | undefined;
  for (const line of text.split('\n')) {
    const named = /^\*\*\* (Add|Update|Delete) File: (.+)$/.exec(line);
    const from = /^--- (?:a\/)?(\S+)/.exec(line);
    const to = /^\+\+\+ (?:b\/)?(\S+)/.exec(line);
    if (named !== null) {
      yield* done();
      path = named[2]!.trim();
      if (named[1] === 'Delete') old = ['all of it'];
    } else if (from !== null) {
      yield* done();
      before = from[1];
    } else if (to !== null) {
      path = to[1] === '/dev/null' ? before : to[1];
    } else if (path !== undefined && line.startsWith('-')) old.push(line.slice(1));
    else if (path !== undefined && line.startsWith('+')) now.push(line.slice(1));
  }
  yield* done();
  return undefined;
}
