// The source `traces`: a real tool is run first, and the task is what it did, told in words; what it gave is what is expected.
import { z } from 'zod';
import type { ArtifactTask } from '../../../contracts/artifact-task.ts';
import { taskId } from '../../../contracts/ids.ts';
import { structuredDataCheck } from '../../verifiers/structured-data/structured-data.ts';
import { canaryOf, type Draft, defineSource, hashOf, type Workbench } from '../source.ts';
import { runPython } from './run-python.ts';

export const tracesOptions = z.strictObject({ tasks: z.int().min(1).max(10_000) });

const left = { left: z.int().nonnegative() };
const step = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('keep'), field: z.string(), least: z.int(), ...left }),
  z.strictObject({ op: z.literal('leave-out'), field: z.string(), value: z.string(), ...left }),
  z.strictObject({
    ...{ op: z.literal('group'), by: z.string(), how: z.enum(['sum', 'max', 'count', 'median']), of: z.string() },
    ...left,
  }),
  z.strictObject({ op: z.literal('sort'), order: z.enum(['ascending', 'descending']), ...left }),
  z.strictObject({ op: z.literal('first'), most: z.int().positive(), ...left }),
]);
type Step = z.infer<typeof step>;
const trace = z.strictObject({
  table: z.string(),
  steps: z.array(step).min(1),
  result: z.array(z.strictObject({ name: z.string(), value: z.int() })),
});

const [GIVEN, ANSWER] = ['orders.csv', 'answer.json'];
const FEWEST_ROWS = 2;
const A_PAGE = 100;
const SCHEMA = {
  type: 'array',
  items: {
    type: 'object',
    properties: { name: { type: 'string' }, value: { type: 'integer' } },
    required: ['name', 'value'],
    additionalProperties: false,
  },
} as const;

export const traces = defineSource<z.infer<typeof tracesOptions>>({
  name: 'traces',
  options: tracesOptions,
  formats: ['structured-data'],
  reads: () => [],
  async open({ tasks }, { seed }) {
    return {
      kind: 'traces',
      description: { tasks },
      ordered: false,
      async draw(cursor) {
        const from = Number(cursor ?? 0);
        const next = Math.min(tasks, from + A_PAGE);
        const items = Array.from({ length: next - from }, (_, index) => ({
          key: `trace-${from + index}`,
          content: Number.parseInt(hashOf([seed, from + index]).slice(0, 8), 16),
        }));
        return { items, next: next < tasks ? next : null };
      },
      draft: ({ key, content }, bench) => draft(key, Number(content), bench),
    };
  },
});

async function draft(key: string, seed: number, bench: Workbench): Promise<Draft> {
  const { table, steps, result } = await runPython(bench.instruments.sandbox, {
    names: ['trace.py'],
    request: { seed },
    answer: trace,
  });
  const id = taskId.parse(`traces#${key}`);
  const none = (why: string): Draft => ({ tasks: [], dropped: [{ id, why: [why] }] });
  if (result.length < FEWEST_ROWS) return none(`its result has ${result.length} rows`);
  const words = steps.map(wordsFor).join(' ');
  const check = structuredDataCheck.parse({
    file: ANSWER,
    as: { format: 'json' },
    schema: SCHEMA,
    checks: [{ kind: 'equals', name: 'what the tools gave', at: '', value: result }],
  });
  const task: ArtifactTask = {
    schema: 'anneal/artifact-task/v1',
    ...{ id, family: `traces@${key}`, capability: 'data/table', format: 'structured-data' },
    instruction: `${GIVEN} holds orders, one a row, with a head line; units and price are integers. ${words} Hand in ${ANSWER}: a list of objects with \`name\` (the group) and \`value\` (an integer), in that order.`,
    verifier: { name: 'structured-data', version: 1 },
    deliverables: [{ path: ANSWER, maxBytes: 65_536, required: true }],
    given: { [GIVEN]: await bench.store.put(table) },
    environment: null,
    check: JSON.parse(JSON.stringify(check)),
    gold: { [ANSWER]: await bench.store.put(JSON.stringify(result)) },
    baselineSeconds: null,
    canary: canaryOf(bench.seed, id),
    source: { kind: 'traces', name: key, licence: 'CC0-1.0' },
  };
  // Two tables with the same steps are two tasks; the same steps on the same rows are one.
  return { tasks: [{ task, substance: `${words}\n${JSON.stringify(result)}`, parents: [] }], dropped: [] };
}

const HOW = { sum: 'the sum of', max: 'the greatest of', median: 'the lower median of' } as const;

function wordsFor(one: Step): string {
  if (one.op === 'keep') return `Keep the orders with at least ${one.least} ${one.field}.`;
  if (one.op === 'leave-out') return `Leave out the orders whose ${one.field} is ${one.value}.`;
  if (one.op === 'group')
    return one.how === 'count'
      ? `For each ${one.by} that is left, count the orders.`
      : `For each ${one.by} that is left, take ${HOW[one.how]} its ${one.of}.`;
  if (one.op === 'sort')
    return `Sort the groups by value, ${one.order}; where values are equal, ${one.order === 'descending' ? 'in the order of the names, which is ascending' : 'by name, ascending'}.`;
  return `Take the first ${one.most} of them.`;
}
