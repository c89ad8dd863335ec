// What an agent calls, carried out: in the workspace, in the registry of tools, or by a helper of its own.
import type { ChatCall, ChatTool } from '../../contracts/agent-ports.ts';
import type { EpisodeEnd } from '../../contracts/episode.ts';
import type { RegisteredTool } from '../../contracts/harness.ts';
import type { Conversation } from './conversation.ts';
import { textTool } from './protocol.ts';
import type { Agent, Purse, Shared } from './rollout.ts';
import { ARGUMENTS } from './tools.ts';
import { prepare, shortened, shown } from './use.ts';

const LOADED_AT_ONCE = 3;

export interface Ended {
  readonly end: EpisodeEnd;
  /** What it said last, or handed in as its summary. */
  readonly report: string;
}

export interface Calling {
  readonly shared: Shared;
  readonly agent: Agent;
  readonly purse: Purse;
  readonly conversation: Conversation;
  /** What the agent is told of; what it loads is added. */
  readonly tools: ChatTool[];
  /** Plays a helper to its end. */
  readonly play: (shared: Shared, helper: Agent) => Promise<Ended>;
}

/** @returns what the model is shown for a call */
export function createCalls(calling: Calling): (call: ChatCall, turn: number) => Promise<string> {
  const { shared, agent, purse, conversation, tools, play } = calling;
  const { harness } = shared.task;
  const loaded = new Map<string, RegisteredTool>();
  let helpers = 0;

  return async (call, turn) => {
    const value = parsedJson(call.arguments);
    if (!tools.some(({ name }) => name === call.name))
      return `there is no tool ${JSON.stringify(call.name.slice(0, 80))}`;
    if (call.name === 'find_tools') return find(ARGUMENTS.find_tools.safeParse(value).data?.query, turn);
    if (call.name === 'delegate') return delegate(ARGUMENTS.delegate.safeParse(value).data?.task, turn);
    const prepared = prepare(call, loaded, harness);
    if ('wrong' in prepared) return `the call is wrong: ${prepared.wrong}`;
    const done = shown(await shared.ports.workspace.run(prepared.step), harness.resultBytes);
    if (call.name !== 'take_note') return done;
    await conversation.note(ARGUMENTS.take_note.parse(value).text, turn);
    return 'noted';
  };

  async function find(query: string | undefined, turn: number): Promise<string> {
    if (query === undefined) return 'the call is wrong: query: a text';
    const found = matching(query, harness.registry).slice(0, LOADED_AT_ONCE);
    for (const one of found) {
      if (loaded.has(one.name)) continue;
      loaded.set(one.name, one);
      const tool = { name: one.name, description: one.description, parameters: one.parameters };
      tools.push(tool);
      shared.tools.set(one.name, tool);
      const why = `found by ${JSON.stringify(query)}`;
      // Told of in a result, it changes nothing that was there; as the server's own tools it stands before everything.
      const operations =
        harness.calls === 'native'
          ? [await conversation.register({ kind: 'rewrite', note: `the tool ${one.name} was loaded: ${why}` })]
          : [];
      conversation.act({ kind: 'load', turn, why, detail: one.name }, operations);
    }
    if (found.length === 0) return 'no tool fits';
    return `Loaded:\n${found.map(textTool).join('\n')}`;
  }

  /** Whatever becomes of it, its report is the result of the call. */
  async function delegate(given: string | undefined, turn: number): Promise<string> {
    if (given === undefined) return 'the call is wrong: task: a text';
    helpers += 1;
    const name = `${agent.name}.${helpers}`;
    const before = shared.left;
    const { maxTurns, maxTokens } = harness.delegate;
    const started = await conversation.register({ kind: 'sub-agent-start', child: name, note: given });
    const ended = await play(shared, { name, task: given, maxTurns, maxTokens: Math.min(maxTokens, purse.left) });
    purse.spend(before - shared.left);
    const why = `${name} ended: ${ended.end}`;
    const back = await conversation.register({ kind: 'sub-agent-end', child: name, note: why });
    conversation.act({ kind: 'delegate', turn, why, detail: given }, [started, back]);
    return `${ended.end === 'submitted' ? '' : `[the helper ended without submitting: ${ended.end}]\n`}${shortened(ended.report, harness.resultBytes) || '[no report]'}`;
  }
}

/** By the words that name and description share with the query. */
function matching(query: string, registry: readonly RegisteredTool[]): RegisteredTool[] {
  const words = wordsOf(query);
  const scored = registry.map((tool) => {
    const own = wordsOf(`${tool.name} ${tool.description}`);
    return { tool, score: [...words].filter((word) => own.has(word)).length };
  });
  return scored
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ tool }) => tool);
}

const wordsOf = (text: string): Set<string> => new Set(text.toLowerCase().match(/[a-z0-9]{2,}/g) ?? []);

export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
