// The loop: the model is asked, what it calls is done in the workspace, and the result goes back, until it submits or a bound is met.
import type { AgentChat, ChatCall, ChatMessage, ChatTool, ContextLog, LoopWatch } from '../../contracts/agent-ports.ts';
import type { EpisodeEnd, EpisodeTranscript, EpisodeTurn } from '../../contracts/episode.ts';
import type { RegisteredTool, ToolLoop } from '../../contracts/harness.ts';
import type { CompletionId } from '../../contracts/ids.ts';
import { ASK_FOR_SUMMARY, sizeOf, summarisable, withoutOldResults, withSummary } from './context.ts';
import { readTextCall, textTool, textTools } from './protocol.ts';
import { ARGUMENTS, toolsOf } from './tools.ts';
import { type Desk, prepare, shortened, shown } from './use.ts';
import { loopWatch } from './watch.ts';

export interface LoopPorts {
  readonly chat: AgentChat;
  readonly workspace: Desk;
  readonly context: ContextLog;
  readonly watch?: () => LoopWatch;
  readonly onTurn?: (turn: number) => void;
}

export interface LoopTask {
  readonly harness: ToolLoop;
  readonly system: string;
  readonly prompt: string;
  /** Of one reply. */
  readonly maxTokens: number;
  readonly wallMs: number;
}

export interface PlayedLoop {
  readonly end: EpisodeEnd;
  readonly completions: readonly CompletionId[];
  readonly requests: number;
  readonly seconds: number;
  readonly transcript: EpisodeTranscript;
}

/** Replies without a call, one after the other. */
const PATIENCE = 3;
/** Fewer tokens are no reply. */
const LEAST = 8;
const LOADED_AT_ONCE = 3;
/** Of the bound: where cutting results leaves more, the beginning is summarised besides. */
const ROOM = 0.8;

/** What all agents of a rollout have together. */
interface Shared {
  readonly ports: LoopPorts;
  readonly task: LoopTask;
  readonly signal: AbortSignal;
  readonly turns: EpisodeTurn[];
  readonly completions: CompletionId[];
  readonly tools: Map<string, ChatTool>;
  left: number;
  requests: number;
}

/** @throws where the machine is at fault, and the signal's reason; running out of anything is an end like others */
export async function playLoop(ports: LoopPorts, task: LoopTask, signal: AbortSignal): Promise<PlayedLoop> {
  const began = performance.now();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error('the time of the rollout is over')), task.wallMs);
  const shared: Shared = {
    ...{ ports, task, signal: AbortSignal.any([signal, late.signal]) },
    ...{ turns: [], completions: [], tools: new Map(), left: task.harness.maxTokens, requests: 0 },
  };
  let end: EpisodeEnd;
  try {
    end = (await playAgent(shared, { name: 'main', task: task.prompt, ...task.harness })).end;
  } catch (failure) {
    if (signal.aborted || !late.signal.aborted) throw failure;
    end = 'time';
  } finally {
    clearTimeout(timer);
  }
  const { turns, completions, requests, tools } = shared;
  return {
    ...{ end, completions, requests, seconds: (performance.now() - began) / 1_000 },
    transcript: {
      schema: 'anneal/episode-transcript/v1',
      turns,
      tools: Object.fromEntries(
        [...tools].map(([name, { parameters }]) => [name, JSON.parse(JSON.stringify(parameters))]),
      ),
    },
  };
}

interface Agent {
  readonly name: string;
  readonly task: string;
  readonly maxTurns: number;
  readonly maxTokens: number;
}

interface Ended {
  readonly end: EpisodeEnd;
  /** What it said last, or handed in as its summary. */
  readonly report: string;
}

async function playAgent(shared: Shared, agent: Agent): Promise<Ended> {
  const { ports, task, signal } = shared;
  const { harness } = task;
  const isHelper = agent.name !== 'main';
  const tools = toolsOf(harness, isHelper);
  const loaded = new Map<string, RegisteredTool>();
  const notes: string[] = [];
  const watch = (ports.watch ?? loopWatch)();
  let messages: readonly ChatMessage[] = [
    { role: 'system', content: systemOf(task, tools) },
    { role: 'user', content: agent.task },
  ];
  let [own, helpers, silent, prompt, last] = [agent.maxTokens, 0, 0, 0, ''];
  for (const tool of tools) shared.tools.set(tool.name, tool);
  for (const { role, content } of messages) tell({ role: role as 'system' | 'user', content });

  for (let turn = 0; turn < agent.maxTurns; turn += 1) {
    signal.throwIfAborted();
    ports.onTurn?.(shared.requests);
    if (prompt + sizeOf(messages.slice(-1)) / 4 > harness.contextTokens)
      await shorten(turn, `the last prompt had ${prompt} tokens`);
    let asked = await ask(messages, harness.calls === 'native' ? tools : []);
    if (asked.how === 'too_long' && (await shorten(turn, 'the prompt was too long for the model')))
      asked = await ask(messages, harness.calls === 'native' ? tools : []);
    if (asked.how !== 'answered') return { end: asked.how === 'too_long' ? 'context' : 'tokens', report: last };
    const { answer } = asked;
    prompt = answer.tokens.prompt + answer.tokens.completion;
    last = answer.text;
    const read =
      harness.calls === 'native'
        ? answer.calls.length === 0
          ? ({ how: 'none' } as const)
          : ({ how: 'calls', calls: answer.calls } as const)
        : readTextCall(answer.text, `${agent.name}-${turn}`);
    const calls = read.how === 'calls' ? read.calls : [];
    tell({
      ...{
        role: 'assistant',
        content: answer.text,
        completion: answer.completion,
        seconds: answer.milliseconds / 1_000,
      },
      ...(read.how === 'none'
        ? {}
        : { calls: read.how === 'calls' ? calls.map(bare) : [{ name: '', arguments: read.written }] }),
    });
    say({
      role: 'assistant',
      content: answer.text,
      ...(harness.calls === 'native' && calls.length > 0 ? { calls } : {}),
    });
    silent = read.how === 'calls' ? 0 : silent + 1;
    if (silent >= PATIENCE) return { end: 'no_call', report: last };
    if (read.how !== 'calls') {
      const why = read.how === 'none' ? 'You called no tool.' : `Your call could not be read: ${read.why}.`;
      hear('user', `${why} Call one tool; submit says that you are done.`);
      continue;
    }
    for (const call of calls) {
      if (call.name === 'submit') {
        const summary = ARGUMENTS.submit.safeParse(parsedJson(call.arguments)).data?.summary;
        return { end: 'submitted', report: summary || answer.text };
      }
      const began = performance.now();
      const result = await use(call, turn);
      const seen = watch.seen({ ...bare(call), result });
      const warning = seen === 'warn' ? '\n[You did the same before, with the same result. Do something else.]' : '';
      const content = `${result}${warning}`;
      const seconds = (performance.now() - began) / 1_000;
      if (harness.calls === 'native') {
        tell({ role: 'tool', content, seconds });
        say({ role: 'tool', callId: call.id, content });
      } else {
        tell({ role: 'tool', content, seconds });
        say({ role: 'user', content: `Result of ${call.name}:\n${content}` });
      }
      if (seen === 'stop') return { end: 'loop', report: last };
    }
  }
  return { end: 'turns', report: last };

  function tell(turn: Omit<EpisodeTurn, 'agent'>): void {
    shared.turns.push({ agent: agent.name, ...turn });
  }
  function say(message: ChatMessage): void {
    messages = [...messages, message];
  }
  function hear(role: 'user', content: string): void {
    tell({ role, content });
    say({ role, content });
  }

  async function ask(sent: readonly ChatMessage[], with_: readonly ChatTool[]): ReturnType<AgentChat['ask']> {
    const most = Math.min(task.maxTokens, own, shared.left);
    if (most < Math.min(LEAST, task.maxTokens)) return { how: 'exhausted' };
    shared.requests += 1;
    const asked = await ports.chat.ask({ messages: sent, tools: with_, maxTokens: most }, signal);
    if (asked.how !== 'answered') return asked;
    shared.completions.push(asked.answer.completion);
    own -= asked.answer.tokens.completion;
    shared.left -= asked.answer.tokens.completion;
    return asked;
  }

  async function use(call: ChatCall, turn: number): Promise<string> {
    const value = parsedJson(call.arguments);
    if (!tools.some(({ name }) => name === call.name))
      return `there is no tool ${JSON.stringify(call.name.slice(0, 80))}`;
    if (call.name === 'find_tools') return find(ARGUMENTS.find_tools.safeParse(value).data?.query, turn);
    if (call.name === 'delegate') return delegate(ARGUMENTS.delegate.safeParse(value).data?.task, turn);
    const prepared = prepare(call, loaded, harness);
    if ('wrong' in prepared) return `the call is wrong: ${prepared.wrong}`;
    const done = shown(await ports.workspace.run(prepared.step), harness.resultBytes);
    if (call.name !== 'take_note') return done;
    const note = ARGUMENTS.take_note.parse(value).text;
    notes.push(note);
    await act('note', turn, 'the agent wrote something down', sizeOf(messages), note);
    return 'noted';
  }

  async function find(query: string | undefined, turn: number): Promise<string> {
    if (query === undefined) return 'the call is wrong: query: a text';
    const found = matching(query, harness.registry).slice(0, LOADED_AT_ONCE);
    for (const one of found) {
      if (loaded.has(one.name)) continue;
      loaded.set(one.name, one);
      const tool = { name: one.name, description: one.description, parameters: one.parameters };
      tools.push(tool);
      shared.tools.set(one.name, tool);
      await act('load', turn, `found by ${JSON.stringify(query)}`, sizeOf(messages), one.name);
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
    const ended = await playAgent(shared, { name, task: given, maxTurns, maxTokens: Math.min(maxTokens, own) });
    own -= before - shared.left;
    await act('delegate', turn, `${name} ended: ${ended.end}`, sizeOf(messages), given);
    return `${ended.end === 'submitted' ? '' : `[the helper ended without submitting: ${ended.end}]\n`}${shortened(ended.report, harness.resultBytes) || '[no report]'}`;
  }

  /** @returns whether anything became shorter */
  async function shorten(turn: number, why: string): Promise<boolean> {
    const before = sizeOf(messages);
    const cut = withoutOldResults(messages);
    if (cut !== messages) {
      messages = cut;
      await act('truncate', turn, why, before);
      const left = (prompt * sizeOf(cut)) / before;
      prompt = 0;
      if (left <= ROOM * harness.contextTokens) return true;
    }
    return (await summarise(turn, why)) || sizeOf(messages) < before;
  }

  async function summarise(turn: number, why: string): Promise<boolean> {
    const before = sizeOf(messages);
    const end = summarisable(messages);
    if (end === undefined) return false;
    const asked = await ask([...messages.slice(0, end), { role: 'user', content: ASK_FOR_SUMMARY }], []);
    const summary = asked.how === 'answered' ? asked.answer.text.trim() : '';
    if (asked.how === 'answered') {
      const { text, completion, milliseconds } = asked.answer;
      tell({ role: 'user', content: ASK_FOR_SUMMARY });
      tell({ role: 'assistant', content: text, completion, seconds: milliseconds / 1_000 });
    }
    messages = withSummary(messages, end, summary || '(the beginning was left out)', notes);
    prompt = 0;
    await act(summary === '' ? 'truncate' : 'summarise', turn, why, before, summary);
    return true;
  }

  async function act(
    kind: 'truncate' | 'summarise' | 'note' | 'load' | 'delegate',
    turn: number,
    why: string,
    before: number,
    detail?: string,
  ): Promise<void> {
    const of = { kind, agent: agent.name, turn, why, before, after: sizeOf(messages) };
    await ports.context.record({ ...of, ...(detail === undefined ? {} : { detail: shortened(detail, 2_000) }) });
  }
}

function systemOf({ system, harness }: LoopTask, tools: readonly ChatTool[]): string {
  const parts = [
    system,
    ...(harness.calls === 'text' ? [textTools(tools)] : ['Work with the tools. Call submit when the work is done.']),
    harness.guidelines,
  ];
  return parts.filter((part) => part.trim() !== '').join('\n\n');
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

const bare = ({ name, arguments: text }: ChatCall) => ({ name, arguments: text });

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
