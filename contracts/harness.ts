// What surrounds the model in a rollout: one question and one reply, a loop of tools that Anneal plays itself, or somebody else's agent.
import { z } from 'zod';
import { sessionRules } from './session.ts';

export const HARNESS_KINDS = ['single-turn', 'tool-loop', 'process'] as const;

/** Tools that the loop knows itself. `submit` and, where there is a registry, `find_tools` are always there. */
export const LOOP_TOOLS = ['shell', 'read_file', 'write_file', 'edit_file', 'take_note', 'delegate'] as const;
export type LoopTool = (typeof LOOP_TOOLS)[number];

const toolName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'lower-case letters, digits and _; starts with a letter');
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'the name of a variable');
const words = z.tuple([z.string().min(1).max(20_000)], z.string().max(20_000)).check(z.maxLength(100));

/** A tool that the model is told of when it looks for it: a command in the workspace, which reads its arguments as JSON. */
export const registeredTool = z.strictObject({
  name: toolName,
  description: z.string().min(1).max(500).describe('What find_tools searches, and what the model is told.'),
  parameters: z.record(z.string(), z.json()).default({ type: 'object' }).describe('JSON Schema of its arguments.'),
  command: words.describe('Started in the workspace; its standard input is the arguments as JSON.'),
});
export type RegisteredTool = z.infer<typeof registeredTool>;

export const toolLoop = z.strictObject({
  calls: z
    .enum(['text', 'native'])
    .default('text')
    .describe('How the model calls tools: in a fenced block of its reply, or as its server reads them.'),
  maxTurns: z.int().min(1).max(500).default(20).describe('Requests of one agent; a sub-agent has its own.'),
  maxTokens: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(16_384)
    .describe('Tokens said in one rollout, sub-agents included.'),
  contextTokens: z
    .int()
    .min(200)
    .max(1_000_000)
    .default(3_000)
    .describe('From a prompt of so many tokens on old tool results are cut, and then the beginning is summarised.'),
  tools: z
    .array(z.enum(LOOP_TOOLS))
    .default([...LOOP_TOOLS])
    .describe('Which of the built-in tools there are.'),
  registry: z.array(registeredTool).max(200).default([]).describe('Tools that find_tools finds and loads.'),
  guidelines: z.string().max(20_000).default('').describe('How to go about the work: a part of the system prompt.'),
  delegate: z
    .strictObject({
      maxTurns: z.int().min(1).max(500).default(8),
      maxTokens: z.int().min(1).max(10_000_000).default(4_096),
    })
    .prefault({})
    .describe('Bounds of one sub-agent.'),
  toolTimeoutSeconds: z.int().min(1).max(3_600).default(30).describe('Of one call of a tool.'),
  resultBytes: z.int().min(200).max(1_000_000).default(4_000).describe('Of a tool, that the model is shown.'),
});
export type ToolLoop = z.infer<typeof toolLoop>;

export const agentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,59}$/, 'the name of a folder: lower-case letters, digits, . _ -');

export const processHarness = z.strictObject({
  agent: agentName
    .optional()
    .describe('A folder of ANNEAL_AGENTS, where the worker runs, which the sandbox shows read-only as /agent.'),
  command: words.describe(
    'The agent. {prompt}, {model}, {url} and {key} are replaced in every word. Starts in the workspace.',
  ),
  env: z
    .record(variable, z.string().max(20_000))
    .default({})
    .describe('Further variables, with the same replacements; {url} is the base URL up to /v1.'),
  maxRequests: z.int().min(1).max(10_000).default(50).describe('Of one rollout.'),
  maxTokens: z.int().min(1).max(10_000_000).default(16_384).describe('Tokens said in one rollout.'),
  memoryMiB: z.int().min(64).max(1_048_576).default(4_096).describe('Address space of a process.'),
  processes: z.int().min(1).max(4_096).default(128),
});
export type ProcessHarness = z.infer<typeof processHarness>;

export const harnessSpec = z.strictObject({
  /** Optional, not filled in: a campaign from before it keeps its hash. */
  kind: z
    .enum(HARNESS_KINDS)
    .optional()
    .describe('single-turn unless given: one question, one reply. The others work in a sandbox (docs/harness.md).'),
  system: z.string().default('').describe("System prompt; empty means none beyond the model's own template."),
  prompt: z.string().refine((text) => text.includes('{instruction}'), 'a text that contains {instruction}'),
  maxTokens: z.int().min(1).max(1024).default(48).describe('Of one reply.'),
  temperature: z.number().min(0).max(2).default(1),
  loop: toolLoop.optional().describe('tool-loop: its settings.'),
  process: processHarness.optional().describe('process: the agent.'),
  /** Optional, not filled in: a campaign from before it keeps its hash. */
  session: sessionRules
    .optional()
    .describe('tool-loop and process: what the gateway holds a rollout to (docs/gateway.md).'),
});
export type HarnessSpec = z.infer<typeof harnessSpec>;

/** As a plan keeps it: every default filled in, its temperature that of its purpose. */
export const plannedHarness = harnessSpec.extend({
  system: z.string(),
  prompt: z.string(),
  maxTokens: z.int(),
  temperature: z.number(),
});
export type PlannedHarness = z.infer<typeof plannedHarness>;

/** What plays a rollout of several steps; undefined where one reply is all. */
export type EpisodeHarness =
  | { readonly kind: 'tool-loop'; readonly loop: ToolLoop }
  | { readonly kind: 'process'; readonly process: ProcessHarness };

/** @returns undefined for `single-turn`, and where the settings of the kind are missing and have no defaults */
export function episodeHarness({
  kind,
  loop,
  process,
}: Pick<HarnessSpec, 'kind' | 'loop' | 'process'>): EpisodeHarness | undefined {
  if (kind === 'tool-loop') return { kind, loop: loop ?? toolLoop.parse({}) };
  return kind === 'process' && process !== undefined ? { kind, process } : undefined;
}
