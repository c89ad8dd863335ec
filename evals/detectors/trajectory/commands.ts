// A shell's text as the commands that it runs, those of shells within it too, each in the folder that it runs in.
import type { Deed } from './deed.ts';
import { placed } from './places.ts';
import { printedBy } from './printed.ts';
import { type Command, readShell } from './shell.ts';
import { unwrapped } from './unwrapped.ts';

export function* ofShell(text: string, folder = '', depth = 0): Generator<Deed, undefined> {
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
export const fed = ({ here, fedBy }: Command): string | undefined =>
  here !== '' ? here : fedBy === undefined ? undefined : printedBy(fedBy);

/** `["bash", "-lc", TEXT]`, as some agents call their shell, or the words of one command. */
export const argvText = (words: readonly string[]): string =>
  words.length === 3 && /^-\w*c$/.test(words[1]!)
    ? words[2]!
    : words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
