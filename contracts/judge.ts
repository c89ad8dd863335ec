// A model that judges for a campaign: what a campaign file says of it, what it is calibrated with, and what was measured of it.
import { z } from 'zod';
import { sha256 } from './ids.ts';
import { fraction } from './units.ts';

export const criteria = z
  .array(
    z.strictObject({
      name: z.string().regex(/^[a-z][a-z0-9-]*$/),
      /** A question that yes or no answers; yes is good. */
      asks: z.string().min(1),
      weight: z.number().positive().default(1),
    }),
  )
  .min(1)
  .max(12)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'two criteria have one name');

export const rubric = z.strictObject({
  /** What the artifact was asked to be, for the judge. */
  about: z.string().min(1),
  criteria,
});
export type Rubric = z.infer<typeof rubric>;

/** How a rubric is put to a judge: its criteria alone, or with two among them whose answers are known (docs/rewards.md). */
export const rubricAsking = z.enum(['plain', 'probed']);
export type RubricAsking = z.infer<typeof rubricAsking>;

export const judgeFamily = z.string().regex(/[A-Za-z]/, 'a name with letters');

export const judgeSpec = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/, error: 'http://HOST:PORT/v1' })
    .refine((url) => !/[?#@]/.test(url), 'an address without a name, a query or a fragment')
    .describe("Of a server that speaks OpenAI's chat API, up to and without /chat/completions."),
  model: z.string().min(1).max(200).describe('By the name that the server knows it by.'),
  family: judgeFamily.describe("Of models that it was made from. It must not be the policy's."),
  policyFamily: judgeFamily
    .optional()
    .describe(
      'The family of policy.base. The letters that its name begins with unless given: qwen of Qwen/Qwen3-0.6B.',
    ),
  calibration: z
    .string()
    .min(1)
    .describe('A JSON file next to the campaign: rubrics, and artifacts of known worth (docs/rewards.md).'),
  leastAgreement: fraction
    .default(0.8)
    .describe('Share of the right artifacts that it must accept, and of the wrong ones that it must reject.'),
});
export type JudgeSpec = z.infer<typeof judgeSpec>;

/** Artifacts whose worth is known, by what is asked of them: the file that `calibration` names. */
export const calibrationSet = z.strictObject({
  schema: z.literal('anneal/judge-calibration-set/v1'),
  rubrics: z
    .array(
      z.strictObject({
        criteria,
        /** As its tasks' verifier asks: plain unless given, probed for document and slides from version 3 on. A judge is measured in this way. */
        asked: rubricAsking.optional(),
        items: z
          .array(
            z.strictObject({
              about: z.string().min(1),
              text: z.string(),
              /** Right: every criterion is met. Wrong: one at least is not. */
              right: z.boolean(),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
});
export type CalibrationSet = z.infer<typeof calibrationSet>;

const model = z.strictObject({ model: z.string(), family: z.string() });
const count = z.int().nonnegative();

/** What was measured of a judge before a campaign's first rollout: what its verdicts are believed by. */
export const calibratedJudge = z.strictObject({
  schema: z.literal('anneal/calibrated-judge/v1'),
  judge: judgeSpec,
  policy: model,
  /** Of the calibration set. */
  set: sha256,
  calibrations: z
    .array(
      z.strictObject({
        judge: model.extend({ setup: z.string() }),
        right: z.strictObject({ accepted: count, of: count }),
        wrong: z.strictObject({ rejected: count, of: count }),
        nulls: z.array(z.strictObject({ name: z.string(), accepted: z.boolean() })),
        /** Of its replies, those that were no verdict, or missed what is known. They count as disagreement. */
        unreadable: count,
      }),
    )
    .min(1),
  /** Each artifact with what was said of it, in the order of the set. Named by hash: the set holds their texts. */
  answers: z.array(z.strictObject({ text: sha256, right: z.boolean(), accepted: z.boolean().nullable() })),
});
export type CalibratedJudge = z.infer<typeof calibratedJudge>;

/** A question and its answer, kept: judging again finds it instead of asking. */
export const judgeExchange = z.strictObject({
  schema: z.literal('anneal/judge-exchange/v1'),
  model: z.string(),
  family: z.string(),
  /** Of the judge's words (evals/verifiers/rubric/question.ts). */
  setup: z.string(),
  question: z.strictObject({ system: z.string(), user: z.string() }),
  reply: z.string(),
});
export type JudgeExchange = z.infer<typeof judgeExchange>;
