// What a candidate of several files is run in: a writable folder inside one fresh sandbox, steps one after the other, and at the end the
// declared files, read when nothing of the candidate lives any more.
import type { Deliverable } from '../../contracts/artifact-task.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { SandboxLimits, SandboxResult } from '../../contracts/ports.ts';
import type { Artifact } from '../verifiers/artifact.ts';

/** Where the files lie inside, which is also where every step starts. */
export const WORKSPACE = '/tmp/workspace';
/** Where the sealed ones lie. Any step can read them. */
export const SEALED = '/work/sealed';

/** A program of the candidate, or one that loads its code: whatever it says of itself is worth nothing. */
export interface Step {
  /** For the evidence, for example `the project's tests`. */
  readonly what: string;
  /** `python3` stands for the sandbox's own. */
  readonly argv: readonly [string, ...string[]];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Wall clock of this step alone; what outlives it is killed. */
  readonly wallMs: number;
  /**
   * The workspace is written anew before this step, these files over the others: nothing that a step before left is there, and no step
   * before can have seen these.
   */
  readonly fresh?: Artifact;
}

export interface WorkspaceRun {
  /** Written into the workspace before the first step; steps may change them. */
  readonly files: Artifact;
  /** Beside the workspace, read-only. */
  readonly sealed?: Artifact;
  /** All run, whatever the ones before ended with. No process of one lives when the next begins. */
  readonly steps: readonly Step[];
  readonly collect: readonly Deliverable[];
  readonly limits: Omit<SandboxLimits, 'wallMs'>;
  /** As in a request to the sandbox (contracts/ports.ts): an agent's way to its model, the agent itself, and what ends it. */
  readonly door?: string;
  readonly agent?: string;
  readonly signal?: AbortSignal;
}

/** Milliseconds by the driver's clock, which no step can touch. */
export type StepResult = SandboxResult;

export interface WorkspaceResult {
  /** In the order of the steps. */
  readonly steps: readonly StepResult[];
  readonly collected: Artifact;
  /** Declared files that cannot be taken: links, devices, too large, no plain name. Missing ones are not named here. */
  readonly refused: readonly { readonly path: string; readonly why: string }[];
}

/** The driver ended, or was ended by its clock, after a candidate had begun: its own fault, the machine's, or the candidate's (charged.ts). */
export class DriverLost extends AnnealError {
  constructor(message: string) {
    super('verifier.failed', message);
  }
}

/** What a driver writes before the first process of a candidate is there; none of those can write beside it. */
export const BEGAN = /^\{"began":0\}$/m;

/**
 * @throws AnnealError `sandbox.failed`, `verifier.failed` (`DriverLost` among these) when no complete account of the steps came back; `sandbox.unavailable`
 */
export type RunWorkspace = (run: WorkspaceRun) => Promise<WorkspaceResult>;
