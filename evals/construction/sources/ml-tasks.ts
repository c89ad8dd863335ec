// The source `ml-tasks`: offline competitions on small tables made by seed. Medals are set by simple models that were run on the same
// table: bronze is more than what a straight line reaches half-way, gold what the best of them does.
import { z } from 'zod';
import type { ArtifactTask } from '../../../contracts/artifact-task.ts';
import { taskId } from '../../../contracts/ids.ts';
import { leaderboardCheck, medal, metric } from '../../verifiers/leaderboard/leaderboard.ts';
import { canaryOf, type Draft, defineSource, hashOf, type Workbench } from '../source.ts';
import { runPython } from './run-python.ts';

export const mlTasksOptions = z.strictObject({
  tasks: z.int().min(1).max(1_000),
  /** What a submission must win to be rewarded. */
  wanted: medal.default('bronze'),
});
type Options = z.infer<typeof mlTasksOptions>;

const made = z.strictObject({
  train: z.string(),
  test: z.string(),
  labels: z.array(z.strictObject({ id: z.string(), label: z.number() })),
  scores: z.strictObject({ mean: z.number(), linear: z.number(), nearest: z.number(), crossed: z.number() }),
  best: z.string(),
});
const ANSWER = 'submission.csv';

export const mlTasks = defineSource<Options>({
  name: 'ml-tasks',
  options: mlTasksOptions,
  formats: ['structured-data'],
  reads: () => [],
  async open(options, { seed }) {
    return {
      kind: 'ml-tasks',
      description: options,
      ordered: false,
      async draw() {
        const items = Array.from({ length: options.tasks }, (_, index) => ({
          key: `table-${index}`,
          content: {
            seed: Number.parseInt(hashOf([seed, 'ml', index]).slice(0, 8), 16),
            kind: metric.options[index % 2]!,
          },
        }));
        return { items, next: null };
      },
      draft: ({ key, content }, bench) => draft(key, content as { seed: number; kind: string }, options, bench),
    };
  },
});

async function draft(
  key: string,
  request: { seed: number; kind: string },
  options: Options,
  bench: Workbench,
): Promise<Draft> {
  const by = metric.parse(request.kind);
  const { train, test, labels, scores, best } = await runPython(bench.instruments.sandbox, {
    ...{ names: ['ml_data.py'], request, answer: made },
  });
  const id = taskId.parse(`ml-tasks#${key}`);
  const sign = by === 'rmse' ? -1 : 1;
  const top = sign * Math.max(...Object.values(scores).map((score) => sign * score));
  const medals = { gold: top, silver: (top * 3 + scores.linear) / 4, bronze: (top + scores.linear) / 2 };
  if (sign * (top - scores.linear) <= 0)
    return { tasks: [], dropped: [{ id, why: ['a straight line is as good as anything that was tried'] }] };
  const check = leaderboardCheck.parse({ file: ANSWER, labels, metric: by, medals, wanted: options.wanted });
  const words =
    by === 'rmse' ? 'a number; the root of the mean squared error counts' : '0 or 1; the share of right ones counts';
  const task: ArtifactTask = {
    schema: 'anneal/artifact-task/v1',
    ...{
      id,
      family: `ml-tasks@${key}`,
      capability: `ml/${by === 'rmse' ? 'regression' : 'classification'}`,
      format: 'structured-data',
    },
    instruction: `train.csv holds rows with a label, test.csv rows without. Predict the labels of test.csv: ${words}. Hand in ${ANSWER} with the head line id,prediction and one row for each id of test.csv. ${options.wanted === 'bronze' ? 'Bronze' : options.wanted} is at ${medals[options.wanted].toFixed(4)}; a straight line reaches ${scores.linear.toFixed(4)}.`,
    verifier: { name: 'leaderboard', version: 1 },
    deliverables: [{ path: ANSWER, maxBytes: 1 << 20, required: true }],
    given: { 'train.csv': await bench.store.put(train), 'test.csv': await bench.store.put(test) },
    environment: null,
    check: JSON.parse(JSON.stringify(check)),
    gold: { [ANSWER]: await bench.store.put(best) },
    baselineSeconds: null,
    canary: canaryOf(bench.seed, id),
    source: { kind: 'ml-tasks', name: key, licence: 'CC0-1.0' },
  };
  return { tasks: [{ task, substance: `${key}\n${test}`, parents: [] }], dropped: [] };
}
