// Tool calls as text, for models that know no others: one fenced block of a reply, read strictly.
import { z } from 'zod';
import type { ChatCall, ChatTool } from '../../contracts/agent-ports.ts';

export type Read =
  | { readonly how: 'calls'; readonly calls: readonly ChatCall[] }
  | { readonly how: 'none' }
  /** Something that was meant as a call. */
  | { readonly how: 'unreadable'; readonly why: string; readonly written: string };

const BLOCK = /^[ \t]*```tool[ \t]*\r?\n([\s\S]*?)^[ \t]*```[ \t]*\r?$/gm;
const OPENING = /^[ \t]*```tool[ \t]*\r?$/m;
const called = z.strictObject({ name: z.string(), arguments: z.record(z.string(), z.unknown()).default({}) });

/** @param id of the call */
export function readTextCall(reply: string, id: string): Read {
  const blocks = [...reply.matchAll(BLOCK)].map(([, body]) => body ?? '');
  const [only, ...others] = blocks;
  if (only === undefined) {
    if (!OPENING.test(reply)) return { how: 'none' };
    return { how: 'unreadable', why: 'the block is not closed', written: reply.slice(0, 500) };
  }
  if (others.length > 0)
    return { how: 'unreadable', why: `${blocks.length} blocks, and one call a reply`, written: only.slice(0, 500) };
  let value: unknown;
  try {
    value = JSON.parse(only);
  } catch {
    return { how: 'unreadable', why: 'what stands in the block is no JSON', written: only.slice(0, 500) };
  }
  const call = called.safeParse(value);
  if (!call.success)
    return {
      how: 'unreadable',
      why: 'expected {"name": …, "arguments": {…}} and nothing else',
      written: only.slice(0, 500),
    };
  return { how: 'calls', calls: [{ id, name: call.data.name, arguments: JSON.stringify(call.data.arguments) }] };
}

/** How a model that calls by text is told to, and of what. */
export function textTools(tools: readonly ChatTool[]): string {
  return [
    'Reply with one tool call, in a block like this:',
    '```tool\n{"name": "shell", "arguments": {"command": "ls"}}\n```',
    'The tools:',
    ...tools.map(textTool),
  ].join('\n');
}

export function textTool({ name, description, parameters }: ChatTool): string {
  const fields = parameters.properties;
  const shown = typeof fields === 'object' && fields !== null ? Object.keys(fields) : [];
  return `- ${name} {${shown.map((field) => `"${field}": …`).join(', ')}}: ${description}`;
}
