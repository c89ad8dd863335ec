// One rollout of the loop: its first agent, the time that it has, and what is left of it at the end.
import type { ContextAction, EpisodeEnd, EpisodeTranscript } from '../../contracts/episode.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { CompletionId } from '../../contracts/ids.ts';
import { playAgent } from './agent.ts';
import type { LoopPorts, LoopTask, Shared } from './rollout.ts';

export interface PlayedLoop {
  readonly end: EpisodeEnd;
  readonly completions: readonly CompletionId[];
  readonly requests: number;
  readonly seconds: number;
  readonly transcript: EpisodeTranscript;
  readonly actions: readonly ContextAction[];
}

/** @throws where the machine is at fault, and the signal's reason; running out of anything is an end like others */
export async function playLoop(ports: LoopPorts, task: LoopTask, signal: AbortSignal): Promise<PlayedLoop> {
  const began = performance.now();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error('the time of the rollout is over')), task.wallMs);
  const shared: Shared = {
    ...{ ports, task, signal: AbortSignal.any([signal, late.signal]) },
    ...{ turns: [], actions: [], completions: [], tools: new Map(), left: task.harness.maxTokens, requests: 0 },
  };
  let end: EpisodeEnd;
  try {
    end = (await playAgent(shared, { name: 'main', task: task.prompt, ...task.harness })).end;
  } catch (failure) {
    if (signal.aborted) throw failure;
    if (late.signal.aborted) end = 'time';
    else if (hasToldTooMuch(failure)) end = 'operations';
    else throw failure;
  } finally {
    clearTimeout(timer);
  }
  const { turns, actions, completions, requests, tools } = shared;
  return {
    ...{ end, actions, completions, requests, seconds: (performance.now() - began) / 1_000 },
    transcript: {
      schema: 'anneal/episode-transcript/v1',
      turns,
      tools: Object.fromEntries(
        [...tools].map(([name, { parameters }]) => [name, JSON.parse(JSON.stringify(parameters))]),
      ),
    },
  };
}

/** Of requests that are refused for a budget an answer tells; thrown it is where an operation on a context is, a helper's too. */
const hasToldTooMuch = (failure: unknown): boolean =>
  failure instanceof AnnealError && failure.code === 'gateway.budget_exhausted';
