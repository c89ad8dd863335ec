// What a research needs of a worker, and the sessions of its sub-agents.
import { atMost } from '../agents/researcher/asking.ts';
import type { AgentChat } from '../contracts/agent-ports.ts';
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { Identity } from '../contracts/gate.ts';
import type { JudgeModel } from '../contracts/judge-model.ts';
import type { BaseCampaign, ResearchBudget, ResearchName, Spent } from '../contracts/research.ts';
import type { Documents } from './read.ts';
import type { ResearchPart } from './research-interface.ts';

export interface ResearchModel {
  readonly name: string;
  readonly scripted: boolean;
  /** A session of its own for each sub-agent. */
  chat(of: {
    readonly research: ResearchName;
    readonly number: number;
    readonly budget: ResearchBudget;
  }): Pick<AgentChat, 'ask'>;
}

export interface ResearchPorts {
  readonly store: ArtifactStore;
  readonly documents: Documents;
  readonly identity: Pick<Identity, 'verifyAll'>;
  /** Undefined: none is configured. */
  readonly model: ResearchModel | undefined;
  readonly judge: { readonly model: JudgeModel; readonly scripted: boolean } | { readonly absent: string };
  readonly search:
    | ((query: string, signal: AbortSignal) => Promise<readonly { url: string; title: string; text: string }[]>)
    | undefined;
  /** What is wrong with a campaign file, by the validation that ./anneal validate has; empty: nothing. */
  readonly validate: (base: BaseCampaign, text: string) => Promise<readonly string[]>;
  readonly signal: () => AbortSignal;
  readonly now: () => Date;
}

/** Of sessions at the gateway: one for each sub-agent. */
export const NUMBER = {
  planner: 0,
  writer: 1,
  experimenter: 2,
  reader: ({ question, part }: ResearchPart) => 100 + 20 * question + part,
};

export const NOTHING: Spent = { turns: 0, tokens: 0 };

/** A sub-agent's own, held to its share. */
export const session = (model: ResearchModel, of: Parameters<ResearchModel['chat']>[0]): Pick<AgentChat, 'ask'> =>
  atMost(of.budget.turns, model.chat(of));
