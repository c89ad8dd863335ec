// The form of every verifier of an artifact format. A verifier never loads what it judges: whatever runs a candidate runs in the
// sandbox it is given, and what comes back is data.
import type { z } from 'zod';
import type { Browser } from '../../contracts/browser.ts';
import type {
  ArtifactFormat,
  ComponentScore,
  EvidenceRun,
  GateResult,
  VerifierRef,
} from '../../contracts/judgement.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import { EndedByCandidate, LEAVES_ITS_DRIVER } from '../workspace/charged.ts';
import type { Artifact } from './artifact.ts';
import type { JudgeInstrument, RubricWay } from './rubric/judging.ts';

/** What a verifier may use. What a task's verifier needs and does not get is `verifier.failed`, never a reward of 0. */
export interface Instruments {
  readonly sandbox: Sandbox;
  /** Differs for every judgement of a campaign and is never shown to a policy: metamorphic inputs, sentinels and nonces follow from it. */
  readonly secret: string;
  /** Programs that the sandbox's root may lack, by name, as files to be sealed beside a workspace: `pytest` holds `pytest.zip`. */
  readonly tools?: ReadonlyMap<string, Artifact>;
  /** Where the sandbox has what is in none of the usual folders of programs, by the name of the runner that needs it. */
  readonly toolchains?: ReadonlyMap<string, Toolchain>;
  /** Opens web pages and slides. */
  readonly browser?: Browser;
  /** Judges what no rule can say, after every rule. */
  readonly judge?: JudgeInstrument;
}

/** Folders inside the sandbox. */
export interface Toolchain {
  /** Its programs. */
  readonly bin: string;
  /** What it has compiled before, its standard library for instance: read, never written. */
  readonly cache?: string;
  /** Packages that tests and code may import. */
  readonly modules?: string;
}

export interface JudgeInput<Check> {
  readonly check: Check;
  readonly artifact: Artifact;
  /** Files that the policy was given, as they were. */
  readonly given: Artifact;
  readonly instruments: Instruments;
}

/** What was found; the reward is composed of it elsewhere (policies/reward-composition.ts). */
export interface Found {
  /** In the order in which they were looked at; the first that fails is the last. */
  readonly gates: readonly GateResult[];
  readonly components: readonly ComponentScore[];
  readonly runs: readonly EvidenceRun[];
  readonly seen: z.core.util.JSONType;
}

export interface ArtifactVerifier<Check = unknown> {
  readonly ref: VerifierRef;
  readonly format: ArtifactFormat;
  /** Reads a task's `check`. */
  readonly check: z.ZodType<Check>;
  /** How it puts a check's rubric to a judge, which is to be calibrated in that way; undefined: it asks no model. */
  readonly asks?: RubricWay;
  /** It runs what was handed in, or tests of it: on the root file system of the task, where that names one (environment.ts). */
  readonly runsCandidate?: true;
  /**
   * Judges one artifact, in sandboxes of its own.
   * @throws AnnealError `sandbox.failed`, `verifier.failed`, `judge.unavailable`: the sample is masked; `sandbox.unavailable`: nothing can be judged here
   */
  judge(input: JudgeInput<Check>): Promise<Found>;
  /** What of a check that can be read makes its task unfit to be asked all the same: certification drops it with these reasons. */
  unfit?(check: Check): readonly string[];
  /** The same check with one expected value flipped, so that no artifact can hold it: what passes it cheats. Certification tries the gold. */
  impossible(check: Check): Check;
}

/**
 * Keeps the check's type between a verifier's schema and its judge. What ends the driver it runs under is refused: were it masked, a
 * policy could have any sample masked that it cannot solve.
 */
export const defineVerifier = <Check>(verifier: ArtifactVerifier<Check>): ArtifactVerifier<Check> => ({
  ...verifier,
  async judge(input) {
    try {
      return await verifier.judge(input);
    } catch (failure) {
      if (failure instanceof EndedByCandidate) return ENDED_ITS_DRIVER;
      throw failure;
    }
  },
});

const ENDED_ITS_DRIVER: Found = {
  gates: [LEAVES_ITS_DRIVER],
  ...{ components: [], runs: [], seen: null },
};
