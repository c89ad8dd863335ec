// A tool's call carried out in the workspace, and what the model is shown of it.
import { readFileSync } from 'node:fs';
import type { WorkStep } from '../../contracts/agent-ports.ts';
import type { RegisteredTool, ToolLoop } from '../../contracts/harness.ts';
import type { SandboxResult } from '../../contracts/ports.ts';
import { ARGUMENTS, isBuiltIn } from './tools.ts';

/** In the workspace; it is nobody's deliverable. */
export const NOTES = '.anneal/notes.md';

export interface Desk {
  run(step: WorkStep): Promise<{ readonly result: SandboxResult; readonly lost: string | undefined }>;
}

/** A step of the workspace; or, where the arguments are wrong, what the model is told. */
export type Prepared = { readonly step: WorkStep } | { readonly wrong: string };

let source: string | undefined;
const filesProgram = (): string => (source ??= readFileSync(new URL('./files.py', import.meta.url), 'utf8'));

/** @param loaded tools of the registry that were found */
export function prepare(
  { name, arguments: written }: { readonly name: string; readonly arguments: string },
  loaded: ReadonlyMap<string, RegisteredTool>,
  { toolTimeoutSeconds }: Pick<ToolLoop, 'toolTimeoutSeconds'>,
): Prepared {
  const wallMs = toolTimeoutSeconds * 1_000;
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    return { wrong: 'the arguments are no JSON' };
  }
  const registered = loaded.get(name);
  if (registered !== undefined)
    return {
      step: { what: name, argv: registered.command as [string, ...string[]], stdin: JSON.stringify(value), wallMs },
    };
  if (!isBuiltIn(name)) return { wrong: `there is no tool ${JSON.stringify(name.slice(0, 80))}` };
  const read = ARGUMENTS[name].safeParse(value);
  if (!read.success)
    return {
      wrong: read.error.issues
        .map(({ path, message }) => `${path.join('.')}: ${message}`.replace(/^: /, ''))
        .join('; '),
    };
  const onFile = (request: object): Prepared => ({
    step: {
      what: name,
      argv: ['python3', '-I', '-S', '-B', '-c', filesProgram()],
      stdin: JSON.stringify(request),
      wallMs,
    },
  });
  switch (name) {
    case 'shell':
      return { step: { what: name, argv: ['bash', '-c', ARGUMENTS.shell.parse(value).command], wallMs } };
    case 'read_file':
      return onFile({ do: 'read', ...ARGUMENTS.read_file.parse(value) });
    case 'write_file':
      return onFile({ do: 'write', ...ARGUMENTS.write_file.parse(value) });
    case 'edit_file':
      return onFile({ do: 'edit', ...ARGUMENTS.edit_file.parse(value) });
    case 'take_note':
      return {
        step: {
          what: name,
          argv: ['sh', '-c', `mkdir -p .anneal && cat >> ${NOTES}`],
          stdin: `- ${ARGUMENTS.take_note.parse(value).text}\n`,
          wallMs,
        },
      };
    default:
      return { wrong: `${name} is not done in the workspace` };
  }
}

/** @param most bytes that the model is shown: the beginning and the end */
export function shown({ result, lost }: Awaited<ReturnType<Desk['run']>>, most: number): string {
  const { how, exitCode, stdout, stderr } = result;
  const ended =
    how === 'exited'
      ? exitCode === 0
        ? ''
        : `[exit code ${exitCode}]\n`
      : {
          timeout: '[out of time: stopped]\n',
          'output-limit': '[too much output: stopped]\n',
          signalled: '[killed]\n',
        }[how];
  const said = [stdout.trimEnd(), stderr.trimEnd()].filter((text) => text !== '').join('\n');
  const undone = lost === undefined ? '' : `[what it wrote could not be kept (${lost}): the files are as before]\n`;
  return `${ended}${undone}${shortened(said, most) || (ended === '' ? '[no output]' : '')}`.trimEnd();
}

export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters left out …]\n${text.slice(-half)}`;
}
