// The tools that the loop knows itself: what the model is told of each, and what its arguments must be.
import { z } from 'zod';
import type { ChatTool } from '../../contracts/agent-ports.ts';
import { LOOP_TOOLS, type ToolLoop } from '../../contracts/harness.ts';

const text = z.string();
const path = z.string().min(1).max(240).describe('Relative to the workspace.');

export const ARGUMENTS = {
  shell: z.strictObject({ command: text.min(1).max(20_000).describe('For bash, in the workspace.') }),
  read_file: z.strictObject({
    path,
    from: z.int().min(1).default(1).describe('The first line.'),
    lines: z.int().min(1).max(2_000).default(200),
  }),
  write_file: z.strictObject({ path, content: text }),
  edit_file: z.strictObject({ path, old: text.min(1).describe('Stands there exactly once.'), new: text }),
  take_note: z.strictObject({ text: text.min(1).max(4_000) }),
  delegate: z.strictObject({ task: text.min(1).max(20_000) }),
  submit: z.strictObject({ summary: text.max(4_000).default('') }),
  find_tools: z.strictObject({ query: text.min(1).max(400) }),
} as const;
export type BuiltIn = keyof typeof ARGUMENTS;

const ABOUT: Readonly<Record<BuiltIn, string>> = {
  shell: 'Runs a command. Nothing of it is left running; there is no network.',
  read_file: 'Shows lines of a file.',
  write_file: 'Writes a whole file.',
  edit_file: 'Replaces one place in a file.',
  take_note: 'Writes something down that you keep even when the conversation is shortened.',
  delegate: 'Gives a part of the work to a helper with a fresh conversation; you get its report.',
  submit: 'Says that the work is done and hands it in.',
  find_tools: 'Looks for further tools and loads those that fit.',
};

/** What an agent starts with. A helper has no helpers. */
export function toolsOf({ tools, registry }: Pick<ToolLoop, 'tools' | 'registry'>, isHelper: boolean): ChatTool[] {
  const wanted = LOOP_TOOLS.filter((name) => tools.includes(name) && !(isHelper && name === 'delegate'));
  const names: BuiltIn[] = [...wanted, ...(registry.length === 0 ? [] : ['find_tools' as const]), 'submit'];
  return names.map((name) => ({ name, description: ABOUT[name], parameters: schemaOf(name) }));
}

const schemaOf = (name: BuiltIn): Readonly<Record<string, unknown>> => {
  const { $schema: _, ...schema } = z.toJSONSchema(ARGUMENTS[name], { io: 'input' });
  return schema;
};

export const isBuiltIn = (name: string): name is BuiltIn => Object.hasOwn(ARGUMENTS, name);
