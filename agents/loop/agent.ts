// The loop: the model is asked, what it calls is done in the workspace, and the result goes back, until it submits or a bound is met.
import type { ChatAnswer, ChatCall, ChatTool } from '../../contracts/agent-ports.ts';
import type { EpisodeEnd } from '../../contracts/episode.ts';
import { createCalls, type Ended, parsedJson } from './calls.ts';
import { openConversation } from './conversation.ts';
import { type Read, readTextCall, textTools } from './protocol.ts';
import { type Agent, createPurse, type LoopTask, type Shared } from './rollout.ts';
import { createSteps } from './steps.ts';
import { ARGUMENTS, toolsOf } from './tools.ts';

/** Replies without a call, one after the other. */
const PATIENCE = 3;
const CIRCLES = '\n[You did the same before, with the same result. Do something else.]';

const ENDS = {
  exhausted: 'tokens',
  late: 'time',
  looping: 'loop',
  too_long: 'context',
} as const satisfies Record<string, EpisodeEnd>;

export async function playAgent(shared: Shared, agent: Agent): Promise<Ended> {
  const { ports, task, signal } = shared;
  const { harness } = task;
  const isNative = harness.calls === 'native';
  const tools = toolsOf(harness, agent.name !== 'main');
  const purse = createPurse(shared, agent);
  const conversation = openConversation(shared, agent, purse, systemOf(task, tools));
  const { tell, say, hear } = conversation;
  const use = createCalls({ shared, agent, purse, conversation, tools, play: playAgent });
  const steps = createSteps();
  let [silent, last] = [0, ''];
  for (const tool of tools) shared.tools.set(tool.name, tool);

  const ask = () => purse.ask({ messages: conversation.messages, tools: isNative ? tools : [], steps: steps.told() });

  for (let turn = 0; turn < agent.maxTurns; turn += 1) {
    signal.throwIfAborted();
    ports.onTurn?.(shared.requests);
    await conversation.fit(turn);
    let asked = await ask();
    if (asked.how === 'too_long' && (await conversation.shorten(turn, 'the prompt was too long for the model')))
      asked = await ask();
    if (asked.how !== 'answered') return { end: ENDS[asked.how], report: last };
    const { answer } = asked;
    conversation.had(answer.tokens.prompt + answer.tokens.completion);
    conversation.said(answer.completion);
    last = answer.text;
    const read = isNative ? readNative(answer) : readTextCall(answer.text, `${agent.name}-${turn}`);
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
    say({ role: 'assistant', content: answer.text, ...(isNative && calls.length > 0 ? { calls } : {}) });
    silent = read.how === 'calls' ? 0 : silent + 1;
    if (silent >= PATIENCE) return { end: 'no_call', report: last };
    if (read.how !== 'calls') {
      const why = read.how === 'none' ? 'You called no tool.' : `Your call could not be read: ${read.why}.`;
      hear(`${why} Call one tool; submit says that you are done.`);
      continue;
    }
    const done: { name: string; arguments: string; result: string }[] = [];
    for (const [at, call] of calls.entries()) {
      if (call.name === 'submit') {
        const summary = ARGUMENTS.submit.safeParse(parsedJson(call.arguments)).data?.summary;
        return { end: 'submitted', report: summary || answer.text };
      }
      const began = performance.now();
      const result = await use(call, turn);
      done.push({ ...bare(call), result });
      const circles = at === calls.length - 1 && steps.did(done, answer.loop);
      const content = circles ? `${result}${CIRCLES}` : result;
      tell({ role: 'tool', content, seconds: (performance.now() - began) / 1_000 });
      if (isNative) say({ role: 'tool', callId: call.id, content });
      else say({ role: 'user', content: `Result of ${call.name}:\n${content}` });
    }
  }
  return { end: 'turns', report: last };
}

const readNative = ({ calls }: ChatAnswer): Read => (calls.length === 0 ? { how: 'none' } : { how: 'calls', calls });

function systemOf({ system, harness }: LoopTask, tools: readonly ChatTool[]): string {
  const parts = [
    system,
    ...(harness.calls === 'text' ? [textTools(tools)] : ['Work with the tools. Call submit when the work is done.']),
    harness.guidelines,
  ];
  return parts.filter((part) => part.trim() !== '').join('\n\n');
}

const bare = ({ name, arguments: text }: ChatCall) => ({ name, arguments: text });
