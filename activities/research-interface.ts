// What the workflow of a research may ask of the outside world.
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { ExperimentSpec } from '../contracts/experiment.ts';
import type { GateId } from '../contracts/ids.ts';
import type {
  ResearchBudget,
  ResearchEnd,
  ResearchInput,
  ResearchName,
  ResearchReport,
  Spent,
} from '../contracts/research.ts';

export interface OpenedResearch {
  /** Of the run that began it, and when: what its gate's evidence names, whichever run asks. */
  readonly runChain: string;
  readonly at: string;
  /** Without one nothing is claimed: the best passages are quoted. */
  readonly hasModel: boolean;
  readonly hasSearch: boolean;
  /** Undefined where a judge is to be asked; else why there is none. */
  readonly noJudge: string | undefined;
}

export type PlannedResearch = {
  readonly questions: readonly string[];
  readonly spent: Spent;
  readonly failed?: string | undefined;
};

/** One sub-agent's part: passages of one question, found by one search. */
export interface ResearchPart {
  readonly question: number;
  readonly part: number;
}
export interface ReadPart {
  readonly object: ArtifactRef;
  readonly claims: number;
  readonly dropped: number;
  readonly spent: Spent;
  readonly failed?: string | undefined;
}

export type ProposedExperiment =
  | { readonly how: 'none'; readonly why: string; readonly spent: Spent }
  | { readonly how: 'proposed'; readonly object: ArtifactRef; readonly spec: ExperimentSpec; readonly spent: Spent };

interface Of {
  readonly research: ResearchName;
}
interface Paid extends Of {
  /** What is left for this sub-agent. */
  readonly left: ResearchBudget;
}

/** Each is done once: called again it finds what it did, whoever had done it. */
export interface ResearchActivities {
  openResearch(input: { input: ResearchInput; runChain: string }): Promise<OpenedResearch>;
  planResearch(input: Paid & { question: string }): Promise<PlannedResearch>;
  /** Asks the operator's search server, where there is one; what it gives are documents beside those of the folder. */
  searchWeb(
    input: Of & { questions: readonly string[] },
  ): Promise<{ corpus: ArtifactRef | null; found: number; failed?: string | undefined }>;
  /** How many parts each question has. */
  findPassages(
    input: Of & { corpora: readonly ArtifactRef[]; questions: readonly string[] },
  ): Promise<{ parts: ResearchPart[] }>;
  readPart(
    input: Paid & { corpora: readonly ArtifactRef[]; part: ResearchPart; question: string; judged: boolean },
  ): Promise<ReadPart>;
  /** Puts each claim of a part that stands to the judge. */
  judgePart(input: Of & { part: ResearchPart; reading: ArtifactRef }): Promise<ReadPart>;
  writeReport(
    input: Paid & {
      question: string;
      corpora: readonly ArtifactRef[];
      questions: readonly string[];
      readings: readonly { part: ResearchPart; object: ArtifactRef }[];
      hasModel: boolean;
      noJudge: string | undefined;
      spent: Spent;
      notes: readonly string[];
    },
  ): Promise<{ report: ArtifactRef; answer: ResearchReport['answer']; claims: number; spent: Spent }>;
  /** From what stands in the report; code makes the campaign files, and each is validated. */
  proposeExperiment(input: Paid & { report: ArtifactRef; base: ArtifactRef }): Promise<ProposedExperiment>;
  /** Verifies the decision again, and notes that the files may be taken. It starts nothing. */
  handOut(input: Of & { owner: string; gate: GateId; evidence: ArtifactRef; experiment: ArtifactRef }): Promise<void>;
  recordResearchEnd(input: { end: ResearchEnd }): Promise<void>;
}
