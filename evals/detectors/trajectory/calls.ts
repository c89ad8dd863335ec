// A call by the form of its arguments, whatever its tool is called: a command, code, a file read or written, an address opened.
import type { ToolStep } from '../../episode/trail.ts';
import { argvText, ofShell } from './commands.ts';
import type { Deed } from './deed.ts';
import { ofPatch } from './patched.ts';
import { placed } from './places.ts';

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

export function* ofCall({ tool, arguments: written }: ToolStep): Generator<Deed, undefined> {
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
