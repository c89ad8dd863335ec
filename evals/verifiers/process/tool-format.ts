// tool-format@1: calls as their tools want them.
import type { ComponentScore } from '../../../contracts/judgement.ts';
import { parseJson } from '../structured-data/json.ts';
import { mismatch } from '../structured-data/schema.ts';
import { ofPolicy, prose, type ToolCall, type Transcript } from './transcript.ts';

/** Marks of a call that went into the text instead of where calls go. */
const STRAY =
  /<\/?(tool_call|function_call|tool|invoke)\b|^\s*\{\s*"(name|tool|function)"\s*:\s*"[\w.-]+"\s*,\s*"(arguments|parameters)"/gm;

/** The share of calls that are well formed; a call written as text is one that is not. Without any call nothing is said. */
export function toolFormat(transcript: Transcript, weight = 1): ComponentScore | undefined {
  const turns = ofPolicy(transcript);
  const calls = turns.flatMap((turn) => turn.calls ?? []);
  const faults = calls.map((call) => fault(call, transcript.tools)).filter((why) => why !== undefined);
  const stray = turns.flatMap(({ content }) => prose(content).match(STRAY)?.length ?? 0).reduce((a, b) => a + b, 0);
  const all = calls.length + stray;
  if (all === 0) return undefined;
  const why = faults[0] ?? (stray > 0 ? 'calls written as text' : 'every call is well formed');
  return { name: 'tool-format@1', kind: 'process', score: 1 - (faults.length + stray) / all, weight, why };
}

function fault({ name, arguments: text }: ToolCall, tools: Transcript['tools']): string | undefined {
  if (!Object.hasOwn(tools, name)) return `there is no tool ${JSON.stringify(name.slice(0, 80))}`;
  const parsed = parseJson(text);
  if ('why' in parsed) return `the arguments of ${name}: ${parsed.why}`;
  const wrong = mismatch(tools[name]!, parsed.value);
  return wrong === undefined ? undefined : `the arguments of ${name}: ${wrong}`;
}
