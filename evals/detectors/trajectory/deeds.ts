// What the calls of a session come to, whatever its tools are called and whoever wrote them: commands, code that is run, files read and
// written, addresses opened. Tools are known by the form of their arguments.
import type { ToolStep, Trail } from '../../episode/trail.ts';
import { READERS } from '../program-alarms.ts';
import { ofPatch } from './patched.ts';
import { commandsOf, decodedTexts, textsOf } from './pieces.ts';
import { placed } from './places.ts';
import { printedBy } from './printed.ts';
import { createScripts, NO_SCRIPTS, type Ran, type Scripts } from './scripts.ts';
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

const MOST_DEEDS = 4_000;

/** One after the other, since a script that was written is code once it is run. */
export function* deedsOf({ steps }: Pick<Trail, 'steps'>): Generator<DoneStep, undefined> {
  const scripts = createScripts();
  for (const [at, step] of steps.entries()) {
    const deeds = step.arguments === '' ? [] : [...ofCall(step)];
    const all = deeds.flatMap((deed) => withAll(deed, scripts)).slice(0, MOST_DEEDS);
    yield { step, at, deeds: all };
  }
  return undefined;
}

/** With what is run by it; what it writes is known from then on. */
function withAll(deed: Deed, scripts: Scripts, depth = 0): Deed[] {
  const own = deed.kind === 'run' ? ofRun(deed, scripts) : [deed];
  const found = own.flatMap((one) => (one.kind === 'code' && depth < 3 ? ofCode(one, scripts, depth) : [one]));
  for (const one of found) if (one.kind === 'write') scripts.wrote(one);
  return found;
}

const RUNS_A_FILE =
  /\b(?:run_path|exec|execfile|spec_from_file_location|SourceFileLoader|runInThisContext|eval|fork)\s*\(/;

/** Code, what it decodes to run, the commands that it starts, and the modules of the agent's own that it asks for. */
function ofCode(deed: Extract<Deed, { kind: 'code' }>, scripts: Scripts, depth: number): Deed[] {
  const { language, source, inline } = deed;
  if (language === 'other') return [deed];
  const read = READERS[language](source);
  const runs = /\b(?:exec|eval|compile|Function|system|popen|Popen|run)\b/.test(read.code) ? decodedTexts(read) : [];
  const inner = runs.flatMap((text): Deed[] => [
    { kind: 'code', language, source: text, inline },
    ...ofShell(text, '', 2),
  ]);
  const started = commandsOf(read).flatMap((text) => [...ofShell(text, '', 2)]);
  const named = RUNS_A_FILE.test(read.code)
    ? textsOf(read).flatMap((text) => scripts.runAt(placed(text, ''), language))
    : [];
  const modules = [...named, ...(language === 'python' ? scripts.importedBy(source) : [])].flatMap((one) =>
    ofScript(one, ''),
  );
  return [
    deed,
    ...[...inner, ...started, ...modules].slice(0, 500).flatMap((one) => withAll(one, NO_SCRIPTS, depth + 1)),
  ];
}

/** What was written before, as what it is run as. */
const ofScript = ({ text, as }: Ran, folder: string): Deed[] =>
  as === 'shell' ? [...ofShell(text, folder, 2)] : [{ kind: 'code', language: as, source: text, inline: false }];

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
    const words = fedWords(command, unwrapped(command.words));
    const [head = ''] = words;
    const name = head.slice(head.lastIndexOf('/') + 1);
    if (name === 'cd' || name === 'pushd') at = placed(words[1] ?? '', at);
    for (const inner of depth < 3 ? innerShells(name, words, command) : []) yield* ofShell(inner, at, depth + 1);
    // `env -C /x cat y`, `tar -C / x`: a folder for this one alone.
    const inside = command.words[command.words.indexOf('-C') + 1];
    const folder = command.words.includes('-C') && !NO_FOLDER.has(name) ? placed(inside ?? '', at) : at;
    yield { kind: 'run', name, words, command, folder };
  }
  return undefined;
}

/** Behind their `-C` stands something else. */
const NO_FOLDER = new Set([
  'grep',
  'egrep',
  'fgrep',
  'rg',
  'curl',
  'ssh',
  'scp',
  'ls',
  'xxd',
  'cut',
  'flake8',
  'gcc',
  'rustc',
  'cargo',
]);
const LISTS = new Set(['ls', 'find', 'fd', 'grep', 'rg', 'egrep', 'fgrep', 'git']);

/** `echo PATH | xargs cat`: with the words that it is handed, or those that may be among them. */
function fedWords({ words, fedBy }: Command, own: readonly string[]): readonly string[] {
  const isFed = words.slice(0, 8).some((word) => /(?:^|\/)(?:xargs|parallel)$/.test(word));
  const given = words.indexOf(':::');
  if (given !== -1) return own.filter((word) => word !== ':::');
  if (!isFed || fedBy === undefined) return own;
  const handed = printedBy(fedBy)?.split(/\s+/) ?? (LISTS.has(fedBy.words[0] ?? '') ? fedBy.words.slice(1) : []);
  const some = handed.filter((word) => word !== '' && !word.startsWith('-')).slice(0, 100);
  return own.includes('{}') ? own.flatMap((word) => (word === '{}' ? some : [word])) : [...own, ...some];
}

const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ash', 'ksh']);
/** They take a command as a text behind an option, or as one of their words. */
const WITH_TEXT = new Set([
  'su',
  'runuser',
  'script',
  'sg',
  'flock',
  'watch',
  'tmux',
  'screen',
  'trap',
  'pwsh',
  'powershell',
  'cmd',
  'parallel',
]);

/** Shells within the shell. */
function innerShells(name: string, words: readonly string[], command: Command): string[] {
  if (name === 'eval') return [words.slice(1).join(' ')];
  if (name === 'alias') return words.slice(1).map((word) => word.replace(/^[^=]*=/, ''));
  if (WITH_TEXT.has(name)) return words.slice(1).filter((word) => /\s/.test(word));
  if (name === 'find' || name === 'fd') {
    const exec = words.findIndex((word) => /^-(?:exec|execdir|ok)$/.test(word));
    return exec === -1 ? [] : [argvText(words.slice(exec + 1).filter((word) => word !== ';' && word !== '+'))];
  }
  if (!SHELLS.has(name)) return [];
  const flag = words.findIndex((word) => /^-\w*c$/.test(word));
  const text =
    flag !== -1 ? words[flag + 1] : words.slice(1).every((word) => word.startsWith('-')) ? fed(command) : undefined;
  // `bash <(…)`: what it reads as a file stands in its place.
  return [text ?? words.slice(1).find((word) => /\s/.test(word)) ?? ''].filter((one) => one !== '');
}

/** What stands on a command's input, where that is known. */
const fed = ({ here, fedBy }: Command): string | undefined =>
  here !== '' ? here : fedBy === undefined ? undefined : printedBy(fedBy);

const INTERPRETERS: readonly (readonly [RegExp, Language, RegExp])[] = [
  [/^(?:python[\d.]*|pypy\d?|ipython\d?)$/, 'python', /^-\w*c$/],
  [/^(?:node|deno|bun)$/, 'javascript', /^(?:-e|-p|--eval|--print|eval)$/],
  [/^(?:ruby|perl|php)$/, 'other', /^-\w*[eEr]$/],
];

/** A command with the files that it writes, and the code that it has run. */
function ofRun(run: Extract<Deed, { kind: 'run' }>, scripts: Scripts): Deed[] {
  const { name, words, command, folder } = run;
  const deeds: Deed[] = [run];
  const text = printedBy(command) ?? '';
  for (const path of command.written) deeds.push({ kind: 'write', path: placed(path, folder), how: 'whole', text });
  for (const path of command.appended) deeds.push({ kind: 'write', path: placed(path, folder), how: 'append', text });
  if (name === 'tee') {
    const how = words.some((word) => word === '-a' || word === '--append') ? 'append' : 'whole';
    for (const path of words.slice(1))
      if (!path.startsWith('-'))
        deeds.push({ kind: 'write', path: placed(path, folder), how, text: fed(command) ?? '' });
  }
  if (name === 'patch' || name === 'apply_patch' || (name === 'git' && words[1] === 'apply')) {
    const files = [...command.input, ...words.slice(1)].map((path) => scripts.textAt(placed(path, folder)));
    const body = [fed(command) ?? '', ...files, ...words.filter((word) => word.includes('\n'))].join('\n');
    deeds.push(...ofPatch(body));
  }
  const script = words.slice(1).find((word) => !word.startsWith('-'));
  for (const [names, language, flag] of INTERPRETERS) {
    if (!names.test(name)) continue;
    const eval_ = words.findIndex((word) => flag.test(word));
    const source = eval_ !== -1 ? words[eval_ + 1] : script === undefined || script === '-' ? fed(command) : undefined;
    if (source !== undefined && source !== '') deeds.push({ kind: 'code', language, source, inline: true });
  }
  for (const one of scripts.runBy(name, words, command, folder))
    deeds.push(...ofScript(one, folder).flatMap((deed) => (deed.kind === 'run' ? ofRun(deed, NO_SCRIPTS) : [deed])));
  return deeds;
}
