// What agents of any kind are played on: steps in a sandboxed workspace, a door to the gateway, and the model itself.
import type { Deliverable } from './artifact-task.ts';
import type { CompletionId, PolicyName, RolloutId } from './ids.ts';
import type { SandboxLimits, SandboxResult } from './ports.ts';
import type { BoundMet, ContextKind, LoopRule } from './session.ts';
import type { LoopSignal } from './turn.ts';

export type Files = ReadonlyMap<string, Uint8Array>;

export interface WorkStep {
  readonly what: string;
  readonly argv: readonly [string, ...string[]];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly wallMs: number;
}

/** Steps one after the other in one fresh workspace; evals/workspace runs them. */
export interface WorkRun {
  readonly files: Files;
  readonly sealed?: Files;
  readonly steps: readonly WorkStep[];
  readonly collect: readonly Deliverable[];
  readonly limits: Omit<SandboxLimits, 'wallMs'>;
  readonly door?: string;
  readonly agent?: string;
  readonly signal?: AbortSignal;
}

export interface Worked {
  readonly steps: readonly SandboxResult[];
  readonly collected: Files;
  readonly refused: readonly { readonly path: string; readonly why: string }[];
}

/** @throws AnnealError `sandbox.failed`, `sandbox.unavailable`, `verifier.failed`; the signal's reason */
export type RunWork = (run: WorkRun) => Promise<Worked>;

/** What one attempt at a rollout may ask for. */
export interface Grant {
  readonly rollout: RolloutId;
  readonly policy: PolicyName;
  /** From 0. Its requests and operations say so, and those of no other attempt do. */
  readonly attempt: number;
  /** What the gateway does with an agent that goes round in circles; `tell` unless given. */
  readonly loops?: LoopRule;
  /** Which version answers; `pinned` unless given. */
  readonly versions?: 'pinned' | 'latest';
  readonly maxRequests: number;
  /** Of answers, all requests together. */
  readonly maxTokens: number;
  /** From the rollout's first request on, those of attempts before this one included; no bound unless given. */
  readonly maxSeconds?: number;
  /** Operations on contexts, those of attempts before this one included; what the gateway gives every rollout unless given. */
  readonly maxOperations?: number;
  /** So that what is recorded can be trained on: every request is sampled like this, whatever it asks for. */
  readonly sampling: { readonly temperature: number; readonly maxTokens: number; readonly seed: number };
  readonly forMs: number;
}

/** What came through a door. */
export interface DoorReport {
  /** As the gateway named them, in the order of asking; failed ones too. */
  readonly completions: readonly CompletionId[];
  readonly requests: number;
  /** Why the last one got no answer, where that was not its own fault. */
  readonly broken: string | undefined;
  /** The last one was refused, or broken off, because the rollout met this bound. */
  readonly met: BoundMet | undefined;
  /** Or because the agent goes round in circles. */
  readonly looping: boolean;
  /** Of the last one, by HTTP. */
  readonly lastStatus: number | undefined;
}

/** The one way out of a sandbox: HTTP on a Unix socket, and behind it nothing but the gateway's model routes. */
export interface AgentDoor {
  readonly socket: string;
  /** The rollout's credential. */
  readonly key: string;
  report(): DoorReport;
  close(): Promise<void>;
}

export interface ChatTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ChatCall {
  readonly id: string;
  readonly name: string;
  /** As the model wrote them. */
  readonly arguments: string;
}

export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly calls?: readonly ChatCall[] }
  | { readonly role: 'tool'; readonly callId: string; readonly content: string };

export interface ChatAnswer {
  readonly completion: CompletionId;
  readonly text: string;
  readonly calls: readonly ChatCall[];
  readonly finish: 'stop' | 'length' | 'tool_calls';
  readonly tokens: { readonly prompt: number; readonly completion: number };
  readonly milliseconds: number;
  /** The gateway says that the agent goes round in circles. */
  readonly loop?: LoopSignal;
}

/** `looping`: refused, because it goes on in circles. `late`: the rollout's time is over. */
export type Asked =
  | { readonly how: 'answered'; readonly answer: ChatAnswer }
  | { readonly how: 'exhausted' | 'late' | 'looping' | 'too_long' };

export interface ChatRequest {
  /** A sub-agent's name: a line of its own. Undefined on the main line. */
  readonly agent: string | undefined;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ChatTool[];
  readonly maxTokens: number;
  /** Fingerprints of this agent's last steps, newest last: the gateway judges by them whether it goes round in circles. */
  readonly steps: readonly string[];
}

/** What an agent did with its context between two of its requests. */
export interface ToldOperation {
  readonly kind: ContextKind;
  /** As in a request: whose line it explains. */
  readonly agent: string | undefined;
  /** Of `sub-agent-start` and `sub-agent-end`. */
  readonly child?: string;
  readonly completions: readonly CompletionId[];
  readonly note: string;
}

/** The model, as an agent of Anneal's own asks it: through the gateway, each request the next one of the rollout. */
export interface AgentChat {
  /** @throws AnnealError where the machine is at fault: `gateway.*`, `stack.*`, `policy.*`; the signal's reason */
  ask(of: ChatRequest, signal: AbortSignal): Promise<Asked>;
  /**
   * Puts it on the rollout's record at the gateway, once however often it is sent; it explains what the line asks next.
   * @returns its id there
   * @throws as `ask`; `gateway.budget_exhausted` where no more of the rollout are recorded, which is the agent's doing
   */
  tell(of: ToldOperation, signal: AbortSignal): Promise<string>;
}

export interface AgentAccess {
  door(grant: Grant): Promise<AgentDoor>;
  chat(grant: Grant): AgentChat;
}
