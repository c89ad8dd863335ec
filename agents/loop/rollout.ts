// What all agents of one rollout have together: the model, the workspace, what is left of the budget, and what was said and done so far.
import type { AgentChat, Asked, ChatRequest, ChatTool } from '../../contracts/agent-ports.ts';
import type { ContextAction, EpisodeTurn } from '../../contracts/episode.ts';
import type { ToolLoop } from '../../contracts/harness.ts';
import type { CompletionId } from '../../contracts/ids.ts';
import type { Desk } from './use.ts';

export interface LoopPorts {
  /** Records of operations on contexts are the gateway's, and so is the word on whether somebody goes round in circles. */
  readonly chat: AgentChat;
  readonly workspace: Desk;
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

export interface Shared {
  readonly ports: LoopPorts;
  readonly task: LoopTask;
  readonly signal: AbortSignal;
  readonly turns: EpisodeTurn[];
  readonly actions: ContextAction[];
  readonly completions: CompletionId[];
  readonly tools: Map<string, ChatTool>;
  /** Tokens. */
  left: number;
  requests: number;
}

export interface Agent {
  /** `main`, or a helper's: `main.1`. */
  readonly name: string;
  readonly task: string;
  readonly maxTurns: number;
  readonly maxTokens: number;
}

/** Fewer tokens are no reply. */
const LEAST = 8;

/** The gateway's name of the line: the main one has none. */
export const lineOf = ({ name }: Pick<Agent, 'name'>): string | undefined => (name === 'main' ? undefined : name);

/** What one agent may say: its own bound, within the rollout's. */
export interface Purse {
  readonly left: number;
  ask(of: Pick<ChatRequest, 'messages' | 'tools' | 'steps'>): Promise<Asked>;
  /** Of a helper, whose tokens are its caller's too. */
  spend(tokens: number): void;
}

export function createPurse(shared: Shared, agent: Agent): Purse {
  const { ports, task, signal } = shared;
  let own = agent.maxTokens;
  return {
    get left() {
      return own;
    },
    spend(tokens) {
      own -= tokens;
    },
    async ask(of) {
      const most = Math.min(task.maxTokens, own, shared.left);
      if (most < Math.min(LEAST, task.maxTokens)) return { how: 'exhausted' };
      shared.requests += 1;
      const asked = await ports.chat.ask({ ...of, agent: lineOf(agent), maxTokens: most }, signal);
      if (asked.how !== 'answered') return asked;
      shared.completions.push(asked.answer.completion);
      own -= asked.answer.tokens.completion;
      shared.left -= asked.answer.tokens.completion;
      return asked;
    },
  };
}
