// What the calls of a session come to, whoever made them: what each says (calls.ts), and what is run by it, files that were written before
// and code within code among it.
import type { Trail } from '../../episode/trail.ts';
import { READERS } from '../program-alarms.ts';
import { ofCall } from './calls.ts';
import { fed, ofShell } from './commands.ts';
import type { Deed, DoneStep, Language } from './deed.ts';
import { ofPatch } from './patched.ts';
import { commandsOf, decodedTexts, textsOf } from './pieces.ts';
import { placed } from './places.ts';
import { printedBy } from './printed.ts';
import { createScripts, NO_SCRIPTS, type Ran, type Scripts } from './scripts.ts';

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
