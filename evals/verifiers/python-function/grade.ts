// Judging a reply to a Python-function task: extraction, execution in the sandbox, comparison here, outside.
import { createHash } from 'node:crypto';
import type { CampaignSpec } from '../../../contracts/campaign.ts';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import type { GateResult } from '../../../contracts/judgement.ts';
import type { Sandbox } from '../../../contracts/ports.ts';
import type { Task } from '../../../contracts/task.ts';
import type { Outcome, Reward } from '../../../contracts/trajectory.ts';
import { EndedByCandidate, LEAVES_ITS_DRIVER } from '../../workspace/charged.ts';
import { definesName, extractPython } from './extract.ts';
import { type CandidateRun, runCharged, type Seen } from './run.ts';
import { secretCases, secretRowCases } from './secret-cases.ts';
import { sameValue } from './values.ts';

export const VERIFIER = { name: 'python-function', version: 1 } as const;
/** Also judges by inputs that nobody but the grader can know. */
export const SECRET_VERIFIER = { name: 'python-function', version: 2 } as const;

/** Draws them row by row, so that functions over lists of lists have some too, and within what a task's own inputs have in common. */
export const ROW_VERIFIER = { name: 'python-function', version: 3 } as const;

/** Larger answers are kept as their hash. */
const EVIDENCE_BYTES = 2_000;

export type RewardWeights = CampaignSpec['reward'];

/** What was run and seen. No times, no paths: grading again gives the same bytes for every deterministic candidate. */
export interface Verdict {
  readonly schema: 'anneal/verdict/v1';
  readonly verifier: { readonly name: string; readonly version: number };
  readonly task: string;
  readonly extraction: 'exact' | 'fenced' | 'bare' | 'none';
  /** The file defines the entry point, by its text and when run. */
  readonly defined: boolean;
  readonly cases: readonly {
    readonly args: Task['cases'][number]['args'];
    readonly expected: Task['cases'][number]['expected'];
    readonly seen: Seen | { readonly how: 'value'; readonly sha256: string; readonly bytes: number };
    readonly right: boolean;
  }[];
  /** The gate that did not hold: nothing was compared. */
  readonly refused?: GateResult;
  /** Why there is no verdict. */
  readonly failure?: string;
}

export interface Grading {
  readonly outcome: Outcome;
  /** Set when the outcome is neither success nor policy failure. */
  readonly reason?: string;
  /** The Python file that was judged. */
  readonly artifact?: string;
  /** Absent when there is no verdict: such a sample is masked, never scored 0. */
  readonly reward?: Omit<Reward, 'evidence'>;
  readonly evidence: Verdict;
}

/**
 * Judges one reply in a sandbox of its own.
 *
 * Success means that every case is right, whatever the format. A candidate that crashes, hangs, floods or answers with something that
 * is no primitive has a wrong case: a policy failure. A failed sandbox gives `infrastructure_failure`, a driver without a
 * complete account `verifier_failure`; one that is lost each time the candidate runs, and not where a function of ours does, is the candidate's failure.
 * @throws AnnealError `sandbox.unavailable` or `stack.python_missing`: the machine cannot judge anything at all
 */
export const gradePythonReply = (input: GradeInput): Promise<Grading> => gradeBy(VERIFIER, input, noMore);

/** As version 1, and by further inputs that follow from the grader's secret: an answer that knows the task's cases only is wrong. */
export const gradePythonReplySecretly = (input: GradeInput): Promise<Grading> =>
  gradeBy(SECRET_VERIFIER, input, secretCases);

/** As version 2, with inputs recombined from the rows of the task's own (secret-rows.ts). */
export const gradePythonReplyByRows = (input: GradeInput): Promise<Grading> =>
  gradeBy(ROW_VERIFIER, input, secretRowCases);

export interface GradeInput {
  readonly reply: string;
  readonly task: Task;
  readonly weights: RewardWeights;
  readonly sandbox: Sandbox;
  /** Never shown to a policy; version 1 has no use for it. */
  readonly secret?: string | undefined;
}

const noMore = async (): Promise<Task['cases']> => [];

async function gradeBy(
  verifier: Verdict['verifier'],
  input: GradeInput,
  moreCases: (input: GradeInput) => Promise<Task['cases']>,
): Promise<Grading> {
  const { weights } = input;
  const { source, how } = extractPython(input.reply);
  const verdict = { schema: 'anneal/verdict/v1', verifier, task: input.task.id, extraction: how } as const;
  const rewardOf = (components: Reward['components']) => ({
    ...compose(components, weights),
    verifier: { ...verifier },
  });
  if (source === undefined) {
    return {
      outcome: 'policy_failure',
      reward: rewardOf({ format: 0, correctness: 0, partial: 0 }),
      evidence: { ...verdict, defined: false, cases: [] },
    };
  }
  let run: CandidateRun;
  let task = input.task;
  try {
    task = { ...task, cases: [...task.cases, ...(await moreCases(input))] };
    const cases = task.cases.map((item) => item.args);
    run = await runCharged(input.sandbox, { source, entry: task.entrypoint.name, cases });
  } catch (failure) {
    if (failure instanceof EndedByCandidate)
      return {
        outcome: 'policy_failure',
        artifact: source,
        reward: rewardOf({ format: 0, correctness: 0, partial: 0 }),
        evidence: { ...verdict, defined: false, cases: [], refused: LEAVES_ITS_DRIVER },
      };
    const outcome = outcomeOf(failure);
    if (outcome === undefined) throw failure;
    const reason = (failure as AnnealError).code;
    return { outcome, reason, artifact: source, evidence: { ...verdict, defined: false, cases: [], failure: reason } };
  }
  const defined = run.loaded && definesName(source, task.entrypoint.name);
  const judged = judge(task, run);
  const share = judged.filter((right) => right).length / judged.length;
  const components = { format: how === 'exact' && defined ? 1 : 0, correctness: share === 1 ? 1 : 0, partial: share };
  return {
    outcome: share === 1 ? 'success' : 'policy_failure',
    artifact: source,
    reward: rewardOf(components),
    evidence: {
      ...verdict,
      defined,
      cases: task.cases.map(({ args, expected }, index) => ({
        args,
        expected,
        seen: bounded(run.seen[index]!),
        right: judged[index]!,
      })),
    },
  };
}

/** Which cases are right. The only place where answers meet expected values. */
export function judge(task: Pick<Task, 'cases'>, run: CandidateRun): boolean[] {
  return task.cases.map(({ expected }, index) => {
    const seen = run.seen[index]!;
    return seen.how === 'value' && sameValue(expected, seen.value);
  });
}

/** Total = correctness·w_c + (partial·w_p unless all is right) + format·w_f. */
function compose(components: Reward['components'], weights: RewardWeights): Pick<Reward, 'total' | 'components'> {
  const { format, correctness, partial } = components;
  const total =
    weights.correctness * correctness + (correctness === 1 ? 0 : weights.partial * partial) + weights.format * format;
  return { total, components };
}

function outcomeOf(failure: unknown): Outcome | undefined {
  if (!(failure instanceof AnnealError)) return undefined;
  if (failure.code === 'sandbox.failed') return 'infrastructure_failure';
  if (failure.code === 'verifier.failed') return 'verifier_failure';
  return undefined;
}

function bounded(seen: Seen): Verdict['cases'][number]['seen'] {
  if (seen.how !== 'value') return seen;
  const text = canonicalJson(seen.value);
  if (text.length <= EVIDENCE_BYTES) return seen;
  return { how: 'value', sha256: createHash('sha256').update(text).digest('hex'), bytes: Buffer.byteLength(text) };
}
