// What a team submits. The document is immutable: its canonical JSON's hash identifies the campaign.
import { z } from 'zod';
import { certifiedSpec } from './certified.ts';
import { repositoryName } from './change.ts';
import { harnessSpec } from './harness.ts';
import { campaignName, sha256 } from './ids.ts';
import { judgeSpec } from './judge.ts';
import { monitorSpec } from './monitor.ts';
import { pipelineSpec } from './pipeline.ts';
import { setSpec } from './set-spec.ts';
import { duration, fraction } from './units.ts';

export const policySpec = z.strictObject({
  base: z
    .union([
      z.enum(['smollm2-135m-instruct']),
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/),
    ])
    .describe(
      'The starting model. With a profile whose policies vLLM serves: the model as on the hub, for example Qwen/Qwen3-0.6B.',
    ),
  lora: z
    .strictObject({
      rank: z.int().min(1).max(64).default(8),
      alpha: z.number().positive().default(16),
      layers: z.int().min(1).max(30).default(10).describe('How many of the last layers carry an adapter.'),
    })
    .nullable()
    .prefault({})
    .describe('The adapter that is trained. null: all weights are, which takes a profile whose policies vLLM serves.'),
});

const startingPassRates = z
  .string()
  .optional()
  .describe('A JSON file next to the campaign: how often the base model solves each task.');

export const stdlibTasksSpec = z.strictObject({
  source: z.literal('python-stdlib').describe('Where tasks come from.'),
  modules: z
    .array(z.enum(['builtins', 'operator', 'math', 'str', 'statistics', 'string', 'list', 'itertools']))
    .min(1)
    .describe('Which parts of the standard library are read.'),
  casesPerTask: z.int().min(3).max(50).default(8).describe('Generated inputs a task is judged on.'),
  phrasings: z.int().min(1).max(8).default(3).describe("Wordings of one function's instruction."),
  compositions: z.int().min(0).max(500).default(40).describe('Tasks made by chaining two functions.'),
  splits: z
    .strictObject({ visible: fraction, gate: fraction, sealed: fraction })
    .describe('Shares of the functions; every phrasing of a function lies in one split. They sum to 1.'),
  exclude: z.array(z.string()).default([]).describe('Functions never used, for example those of the settings study.'),
  only: z.array(z.string()).optional().describe('If given, only these functions are used.'),
  secretInputs: z
    .boolean()
    .optional()
    .describe(
      "Whether a reply is also judged on inputs that follow from the grader's secret. Where not, they only raise alarms.",
    ),
  startingPassRates,
});
export type StdlibTasksSpec = z.infer<typeof stdlibTasksSpec>;

const { source: from, most, splits, licences, difficulty, alike } = setSpec.shape;

export const artifactTasksSpec = z
  .strictObject({
    source: z.literal('artifact-set').describe('Where tasks come from.'),
    root: sha256.optional().describe('The root of a set that ./anneal taskset lock has locked in this store.'),
    build: z
      .strictObject({ from, most, splits, licences, difficulty, alike })
      .optional()
      .describe('A set that the campaign builds before its first round, by the steps of ./anneal taskset.'),
    startingPassRates,
  })
  .refine(({ root, build }) => (root === undefined) !== (build === undefined), 'either `root` or `build`');
export type ArtifactTasksSpec = z.infer<typeof artifactTasksSpec>;

export const tasksSpec = z.discriminatedUnion('source', [stdlibTasksSpec, artifactTasksSpec]);

export const curriculumStage = z.strictObject({
  rounds: z.int().min(1).max(1000),
  mix: z
    .record(z.string().min(1), z.number().min(0))
    .refine((mix) => Object.values(mix).some((share) => share > 0), 'a share above 0 of at least one domain')
    .describe(
      "Shares by domain, the first part of a task's capability: `reasoning` of `reasoning/gcd`. Others are not drawn from.",
    ),
  longest: z
    .record(z.string().min(1), z.int().positive())
    .default({})
    .describe('By domain: tasks whose instruction and given files have more bytes wait for a later stage.'),
  difficulty: setSpec.shape.difficulty,
});

export const rolloutsSpec = z.strictObject({
  groupsPerRound: z.int().min(1).max(500),
  groupSize: z.int().min(2).max(64),
  concurrency: z.int().min(1).max(64).default(8),
  timeout: duration.default('60s'),
  curriculum: z
    .strictObject({
      minPassRate: fraction.default(0).describe('Tasks the base model solves less often are not drawn.'),
      maxPassRate: fraction.default(1),
      stages: z
        .array(curriculumStage)
        .min(1)
        .max(20)
        .optional()
        .describe(
          'Training in stages; the last one goes on to the end. Their `difficulty` counts in place of the rates above.',
        ),
    })
    .prefault({}),
});

export const rewardSpec = z.strictObject({
  correctness: z.number().min(0).default(1).describe('Reward when every case is right.'),
  partial: z.number().min(0).default(0).describe('Reward times the share of right cases, when not all are.'),
  format: z
    .number()
    .min(0)
    .default(0.2)
    .describe('Reward when the reply is exactly one code block that defines the function.'),
  /** Optional, not filled in: a campaign from before them keeps its hash. */
  process: fraction
    .optional()
    .describe('artifact-set: α of outcome + α·process + β·speed, which is the reward there. 0.1 unless given.'),
  speed: fraction.optional().describe('artifact-set: β, of time against the baseline of the task. 0 unless given.'),
});

export const trainingSpec = z.strictObject({
  algorithm: z
    .enum(['cispo', 'grpo', 'gspo', 'reinforce++', 'sft'])
    .default('cispo')
    .describe('The loss (docs/losses.md). All but cispo take an adapter.'),
  steps: z.int().min(1).max(64).default(3).describe("Optimizer steps in one pass over the round's samples."),
  learningRate: z.number().positive().max(1),
  clipHigh: z
    .number()
    .positive()
    .default(2)
    .describe('How far above 1 a ratio may rise. The default is for cispo; the clipping losses take at most 1.'),
  /** Optional, not filled in: a campaign from before it keeps its hash. */
  clipLow: fraction
    .optional()
    .describe('How far below 1 a ratio may fall: grpo, gspo and reinforce++ need it, the others have none.'),
  /** Optional, not filled in: a campaign from before it keeps its hash. */
  ratioCap: z
    .number()
    .min(1)
    .optional()
    .describe('Truncated importance sampling: a ratio counts as at most this much. For the losses with clipLow.'),
  beta1: fraction.default(0.9),
  beta2: fraction.default(0.95),
  epsilon: z.number().positive().default(1e-15),
  weightDecay: z.number().min(0).default(0),
  maxGradNorm: z.number().positive().default(1),
  maxStaleness: z.int().min(0).default(2),
  advantage: z
    .enum(['mean', 'mean-std', 'round'])
    .default('mean')
    .describe(
      "Group baseline only; divided by the group's deviation; or against all of the round's rewards, as in REINFORCE++.",
    ),
  /** Optional, not filled in: a campaign from before it keeps its hash. */
  minReward: z.number().optional().describe('sft: what earned less is not imitated. The others have none.'),
  /** Optional, not filled in: a campaign from before it keeps its hash. */
  code: z
    .strictObject({
      repository: repositoryName,
      incidents: z
        .enum(['propose', 'none'])
        .default('propose')
        .describe('Whether agents analyse a training that failed, and propose a repair to the repository.'),
    })
    .optional()
    .describe(
      'Whose branch the trainer runs from, as each training begins (docs/agents.md); without it from the one that is installed.',
    ),
  timeout: duration.default('15m'),
});

export const evaluationSpec = z.strictObject({
  samplesPerTask: z.int().min(1).max(64).default(2),
  temperature: z.number().min(0).max(2).default(1),
  confidence: z.number().min(0.5).max(0.999).default(0.95),
});

export const promotionSpec = z.strictObject({
  minGain: z.number().min(-1).max(1).default(0).describe("Gate pass rate above the best version's, for promotion."),
  maxDrop: fraction.default(0.1).describe("A gate pass rate this far below the best version's reverts."),
  maxCorrectnessDrop: fraction
    .default(1)
    .describe('Correctness among well-formed replies may fall this much before a human is asked.'),
  /** Optional, not filled in: a campaign from before it keeps its hash. */
  certified: certifiedSpec
    .optional()
    .describe('Promotion by evidence that holds over all rounds (docs/evaluation.md). Without it: by point estimates.'),
});

export const gatesSpec = z.strictObject({
  deadline: duration.default('24h').describe('How long a gate stays open before its safe option is taken.'),
  remindAfter: duration.default('1h'),
});

export const budgetSpec = z.strictObject({
  tokens: z.int().positive().describe('Tokens that may be generated, evaluation included.'),
  wallClock: duration.describe('Time at work: what humans take at gates is not counted.'),
  sealedOpenings: z.int().min(0).max(1).default(1),
});

export const integritySpec = z.strictObject({
  alarmLimit: fraction
    .default(0.05)
    .describe("Share of a round's rollouts that may raise an integrity alarm before the campaign pauses for a human."),
});

/** Where gates are answered these stand where a campaign's name would: one name must not mean two things. */
const RESERVED = /^(?:incident|ticket|research)-/;

export const campaignSpec = z.strictObject({
  apiVersion: z.literal('anneal/v1'),
  kind: z.literal('Campaign'),
  name: campaignName.refine((name) => !RESERVED.test(name), {
    error:
      'a name that begins with none of incident-, ticket-, research-: those are of incidents, tickets and questions',
  }),
  /** Optional, not filled in: a campaign from before it keeps its hash. Expanded before a document is parsed, so that here it is a name. */
  preset: z
    .enum(['forge'])
    .optional()
    .describe('Settings that belong together, where the file says nothing else (docs/presets.md).'),
  owner: z.string().min(1).max(100).default('local'),
  description: z.string().max(500).default(''),
  seed: z.int().nonnegative(),
  rounds: z.int().min(1).max(1000),
  compute: z
    .enum(['local', 'kubernetes'])
    .optional()
    .describe('Where it trains and serves: what the stack that takes it is set up with. local unless given.'),
  profile: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'kubernetes: the model profile, by name or by the path of a file next to the campaign. cpu unless given.',
    ),
  policy: policySpec,
  tasks: tasksSpec,
  harness: harnessSpec,
  rollouts: rolloutsSpec,
  reward: rewardSpec.prefault({}),
  training: trainingSpec,
  /** Optional, not filled in: a campaign from before it keeps its hash. */
  pipeline: pipelineSpec
    .optional()
    .describe('Rollouts that go on while a round trains (docs/simulation.md). Without it they take turns.'),
  evaluation: evaluationSpec.prefault({}),
  promotion: promotionSpec.prefault({}),
  gates: gatesSpec.prefault({}),
  /** Optional, not filled in: a campaign from before it keeps its hash. */
  integrity: integritySpec.optional(),
  /** Optional, not filled in: a campaign from before it keeps its hash. */
  judge: judgeSpec
    .optional()
    .describe('A model that judges by the rubrics of its tasks, after every rule (docs/rewards.md).'),
  /** Optional, not filled in: a campaign from before it keeps its hash. */
  monitor: monitorSpec
    .optional()
    .describe('What is done about a training that goes wrong while it runs (docs/monitor.md). It asks unless given.'),
  budget: budgetSpec,
});
export type CampaignSpec = z.infer<typeof campaignSpec>;
