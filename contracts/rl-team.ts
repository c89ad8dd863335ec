// A team's cycle: plan, develop and run, analyse and report, review, and again. What crosses its runs, and what its roles hand on.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { campaignName } from './ids.ts';
import { researchName } from './research.ts';

/** In gates it stands where a campaign's name would: hence the same alphabet. */
export const rlTeamName = campaignName;
export type RlTeamName = z.infer<typeof rlTeamName>;

/** What analysis may use before it stops by itself; the review comes then with what there is. */
export const analysisBudget = z.strictObject({
  turns: z.int().min(1).max(200),
  tokens: z.int().nonnegative(),
  seconds: z.number().positive(),
});
export type AnalysisBudget = z.infer<typeof analysisBudget>;

export const rlTeamOrder = z.strictObject({
  schema: z.literal('anneal/rl-team/v1'),
  team: rlTeamName,
  owner: z.string().min(1).max(100),
  goal: z.string().min(1).max(2_000),
  analysis: analysisBudget,
  gates: z.strictObject({ deadlineMs: z.number().positive(), remindMs: z.number().positive() }),
  /** What its planner reads besides the last report: a corpus, as researches have it. */
  documents: artifactRef.optional(),
  /** A campaign's specification: what plans are made from until one has run. */
  base: artifactRef.optional(),
});
export type RlTeamOrder = z.infer<typeof rlTeamOrder>;

/** A campaign that somebody would run next. */
export const teamPlan = z.strictObject({
  campaign: campaignName,
  /** The campaign's specification. */
  spec: artifactRef,
  hypothesis: z.string().max(2_000),
  by: z.strictObject({ kind: z.enum(['human', 'model', 'program']), who: z.string().max(100) }),
  /** What its planner read, found and proposed, and what that cost. */
  from: z
    .strictObject({
      research: researchName,
      report: artifactRef,
      experiment: artifactRef,
      tokens: z.int().nonnegative(),
    })
    .optional(),
});
export type TeamPlan = z.infer<typeof teamPlan>;

/** The name of what a plan would run, among what its gate shows. */
export const PLANNED_CAMPAIGN = 'the campaign';

export const teamReport = z.strictObject({
  schema: z.literal('anneal/team-report/v1'),
  campaign: campaignName,
  ending: z.string(),
  /** What the records say, and whoever looked at them. */
  sentences: z.array(z.string().max(1_000)).max(500),
  turns: z.int().nonnegative(),
  tokens: z.int().nonnegative(),
  /** Why it went no further. */
  stopped: z.enum(['done', 'turns', 'tokens', 'time', 'failed']),
});
export type TeamReport = z.infer<typeof teamReport>;

export const iterationRecord = z.strictObject({
  iteration: z.int().positive(),
  campaign: campaignName,
  ending: z.string(),
  report: artifactRef,
  review: z.enum(['iterate', 'end']),
});

/** Carried by continue-as-new. */
export const rlTeamState = z.strictObject({
  /** First run id of the chain; decisions are bound to it. */
  runChain: z.string(),
  iteration: z.int().positive(),
  /** Gates that were opened: each has a number of its own. */
  asked: z.int().nonnegative(),
  step: z.enum(['plan', 'run', 'analyse', 'review', 'ended']),
  /** It waits, and does nothing, until somebody wakes it: why. */
  rests: z.string().optional(),
  /** What a human gave, and was not planned with yet. */
  given: artifactRef.optional(),
  /** Researches of its planner that came to something, or to nothing for good: the next is another one. */
  researched: z.int().nonnegative().optional(),
  /** The newest. */
  iterations: z.array(iterationRecord),
});
export type RlTeamState = z.infer<typeof rlTeamState>;
