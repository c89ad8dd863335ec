// The input of `anneal simulate`: measured figures of a model, its engines and its trainer, and the fleets and schedulers to
// compare with them. Every figure says where it comes from; one that nobody measured begins with `assumption`.
import { z } from 'zod';
import { estimate } from './profile.ts';

/** A rule over several fields holds where it cannot be judged, because a field that it looks at is wrong itself. */
const where =
  <T>(holds: (value: T) => boolean) =>
  (value: T): boolean => {
    try {
      return holds(value);
    } catch {
      return true;
    }
  };
/** It is told together with what is wrong with single fields, not only once these are right. */
const at = (path: string[], message: string) => ({ path, message, when: () => true });

const count = z.int().min(1);
const share = z.number().min(0).max(1);
const source = z.string().min(3).describe('Where the figure comes from; `assumption: …` when from nowhere better.');

/** A mean with a coefficient of variation (log-normal), or the measured values themselves, each as likely as the others. */
const distributionFields = z.strictObject({
  mean: z.number().min(0).optional().describe('Give mean (with cv), or values.'),
  cv: z.number().min(0).max(10).optional().describe('Standard deviation ÷ mean; 0, a constant, when left out.'),
  values: z.array(z.number().min(0)).min(1).max(100_000).optional().describe('Give values, or mean (with cv).'),
  max: z.number().positive().optional().describe('What is drawn above it becomes it: a limit of tokens, or of time.'),
  source,
});
type DistributionFields = z.infer<typeof distributionFields>;
export const distribution = distributionFields
  .refine(
    where((d: DistributionFields) => (d.mean === undefined) !== (d.values === undefined)),
    at(['mean'], 'either mean or values'),
  )
  .refine(
    where((d: DistributionFields) => d.values === undefined || d.cv === undefined),
    at(['cv'], 'cv only beside mean'),
  );
export type Distribution = z.infer<typeof distribution>;

const rate = z.strictObject({ value: share, source });
const breakdowns = z.strictObject({
  meanHours: z.number().positive().describe('Mean time between failures of one device, in hours.'),
  recoverySeconds: z.number().min(0).describe('Until it works again.'),
  source,
});

const outstandingBatches = z
  .number()
  .min(1)
  .describe('Rollouts started and not yet trained on or given up, in batches: N = this × batch.');
/** A scheduler in units that hold for every fleet; contracts/scheduler.ts has the absolute ones. */
export const schedulerChoice = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('synchronous') }),
  z.strictObject({
    kind: z.literal('position-window'),
    outstandingBatches,
    windowShare: z.number().gt(0).max(1).default(0.3).describe('The window as a share of N; 0.3 is what Forge takes.'),
  }),
  z.strictObject({
    kind: z.literal('age-window'),
    outstandingBatches,
    maxAge: z.int().min(0).describe('Versions that a rollout may be old when it is trained on.'),
  }),
  z.strictObject({
    kind: z.literal('admission-budget'),
    eta: z.number().min(0).describe('Batches started ahead of the trainer, at most.'),
  }),
]);
export type SchedulerChoice = z.infer<typeof schedulerChoice>;

const simulationFields = z.strictObject({
  apiVersion: z.literal('anneal/v1'),
  kind: z.literal('Simulation'),
  name: z
    .string()
    .max(40)
    .regex(/^[a-z]([a-z0-9-]*[a-z0-9])?$/, 'lower-case letters, digits and dashes, at most 40'),
  description: z.string().max(500).default(''),
  seed: z.int().min(0).default(1),
  steps: z.int().min(2).max(10_000).default(100).describe('Training steps to play, for each line of the table.'),

  fleet: z.strictObject({
    devices: z.array(count.max(100_000)).min(1).max(20).describe('Sizes to compare: GPUs, or cores.'),
    trainerShares: z
      .array(z.number().gt(0).lt(1))
      .max(20)
      .default([])
      .describe('Shares of the devices that train; the others roll out.'),
    shared: z.boolean().default(false).describe('Also compare all devices doing both by turns.'),
    usdPerDeviceHour: estimate.optional(),
  }),
  batch: z.strictObject({
    rollouts: count.describe('Rollouts of one training step.'),
    perDevices: count.optional().describe('The fleet that this batch is for: others get one in proportion.'),
  }),
  schedulers: z.array(schedulerChoice).min(1).max(50),

  rollout: z.strictObject({
    tokens: distribution.describe('What the model writes in a rollout.'),
    environmentSeconds: distribution
      .optional()
      .describe('Tools, sandbox and reward: a part of the rollout during which no engine is needed.'),
    environmentDevices: estimate
      .optional()
      .describe("Of the engines' own devices, those that one environment keeps busy: both are slower for it."),
    failureRate: rate.optional().describe('Share that fails for good, somewhere on its way.'),
    hangRate: rate.optional().describe('Share that never ends; needs timeoutSeconds.'),
    timeoutSeconds: z.number().positive().optional().describe('What has not ended after this counts as hung.'),
    perSlot: z
      .number()
      .positive()
      .default(1)
      .describe('Rollouts under way for each slot of the engines; above 1 where environments take long.'),
  }),
  engine: z.strictObject({
    devices: count.describe('Devices of one engine.'),
    slots: count.max(10_000).describe('Sequences that one engine runs at once, at most.'),
    speed: z
      .array(
        z.strictObject({
          running: count.describe('Sequences that run at once.'),
          tokensPerSecond: z.number().positive().describe('Of one engine, all its sequences together.'),
        }),
      )
      .min(1)
      .describe('Measured points; straight lines between them, from 0, and level after the last.'),
    source,
    breakdowns: breakdowns.optional().describe('Take the rollouts that the engine runs with them.'),
  }),
  trainer: z.strictObject({
    devicesPerReplica: count.default(1).describe('The least that the model trains on; more in multiples.'),
    fixedSeconds: distribution.optional().describe('Of each step, whatever its size.'),
    tokensPerSecondPerDevice: estimate.optional().describe('Left out where fixedSeconds is all of a step.'),
    scalingExponent: estimate
      .optional()
      .describe('Speed grows like devices to this power beyond one replica; 1 when left out.'),
    contextTokens: z.number().min(0).default(0).describe('Trained through beside what the model wrote, a rollout.'),
    breakdowns: breakdowns.optional().describe('Cost the step at work, which begins anew.'),
  }),
  weights: z.strictObject({
    seconds: distribution.describe('From the end of a step until every engine has its weights.'),
  }),
  evaluation: z
    .strictObject({
      seconds: distribution.describe('Engines measure the new version for so long, and write nothing else.'),
    })
    .optional()
    .describe('After each step; left out where rounds are not measured, or elsewhere.'),
  limits: z
    .strictObject({
      maxStaleness: z.number().min(0).optional().describe('Versions: what is beyond it at most cannot be the best.'),
      maxLengthBias: share.optional().describe('0.1: the lengths trained on are at most 10% off those started.'),
    })
    .default({}),
});
type SimulationFields = z.infer<typeof simulationFields>;
export const simulationSpec = simulationFields
  .refine(
    where((s: SimulationFields) => s.fleet.shared || s.fleet.trainerShares.length > 0),
    at(['fleet', 'trainerShares'], 'at least one share, or `shared: true`'),
  )
  .refine(
    where((s: SimulationFields) => (s.rollout.hangRate?.value ?? 0) === 0 || s.rollout.timeoutSeconds !== undefined),
    at(['rollout', 'timeoutSeconds'], 'a time-out where rollouts hang, or they stay for ever'),
  )
  .refine(
    where((s: SimulationFields) =>
      s.engine.speed.every((point, index, all) => index === 0 || point.running > all[index - 1]!.running),
    ),
    at(['engine', 'speed'], 'points in growing order of running, each once'),
  )
  .refine(
    where(
      (s: SimulationFields) => s.trainer.fixedSeconds !== undefined || s.trainer.tokensPerSecondPerDevice !== undefined,
    ),
    at(
      ['trainer', 'tokensPerSecondPerDevice'],
      'how long a step takes: tokensPerSecondPerDevice, fixedSeconds, or both',
    ),
  );
export type SimulationSpec = z.infer<typeof simulationSpec>;
