// The source `reasoning-gym`: questions with one right answer, drawn by the package's own generators in the sandbox, out of its wheel.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ArtifactTask } from '../../../contracts/artifact-task.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { taskId } from '../../../contracts/ids.ts';
import { structuredDataCheck } from '../../verifiers/structured-data/structured-data.ts';
import { canaryOf, type Draft, defineSource, hashOf, type RawItem, type Workbench } from '../source.ts';
import { runPython } from './run-python.ts';

/** Generators whose answer is one text that nobody could write otherwise, and the modules that they stand in. */
const MODULES = {
  base_conversion: 'algorithmic.base_conversion',
  caesar_cipher: 'algorithmic.caesar_cipher',
  calendar_arithmetic: 'arithmetic.calendar_arithmetic',
  chain_sum: 'arithmetic.chain_sum',
  count_bits: 'arithmetic.count_bits',
  count_primes: 'algorithmic.count_primes',
  gcd: 'arithmetic.gcd',
  lcm: 'arithmetic.lcm',
  leg_counting: 'arithmetic.leg_counting',
  letter_counting: 'algorithmic.letter_counting',
  products: 'arithmetic.products',
  spell_backward: 'algorithmic.spell_backward',
  spiral_matrix: 'algorithmic.spiral_matrix',
  string_manipulation: 'algorithmic.string_manipulation',
} as const;
const dataset = z.enum(Object.keys(MODULES) as [keyof typeof MODULES, ...(keyof typeof MODULES)[]]);

export const reasoningGymOptions = z.strictObject({
  /** The wheel of reasoning-gym, as a package registry has it. */
  wheel: z.string().min(1),
  datasets: z
    .array(dataset)
    .min(1)
    .default([...dataset.options]),
  /** Questions of each. */
  each: z.int().min(1).max(1_000).default(10),
});
type Options = z.infer<typeof reasoningGymOptions>;

const drawn = z.strictObject({
  items: z.array(z.strictObject({ dataset, question: z.string().min(1), answer: z.string().min(1) })),
  dropped: z.array(z.strictObject({ dataset, why: z.string() })),
});
type Question = z.infer<typeof drawn>['items'][number];

const ANSWER = 'answer.json';
const SCHEMA = {
  type: 'object',
  properties: { answer: { type: 'string' } },
  required: ['answer'],
  additionalProperties: false,
} as const;

export const reasoningGym = defineSource<Options>({
  name: 'reasoning-gym',
  options: reasoningGymOptions,
  formats: ['structured-data'],
  reads: ({ wheel }) => [wheel],
  async open({ wheel, datasets, each }, { sandbox, seed, readFile }) {
    const bytes = await readFile(wheel);
    return {
      kind: 'reasoning-gym',
      description: { wheel: createHash('sha256').update(bytes).digest('hex'), datasets, each },
      ordered: false,
      async draw() {
        const { items, dropped } = await runPython(sandbox, {
          names: ['reason.py'],
          files: { 'reasoning_gym.whl': bytes },
          request: { modules: Object.fromEntries(datasets.map((name) => [name, MODULES[name]])), each, seed },
          answer: drawn,
        });
        // A generator that does not run gives no items, and silence would look like a smaller set.
        if (dropped.length > 0) {
          const why = dropped.map((one) => `${one.dataset}: ${one.why}`).join('; ');
          throw new AnnealError(
            'tasks.source_failed',
            `reasoning-gym cannot draw from ${dropped.length} datasets: ${why}`,
          );
        }
        return { items: items.map(asItem), next: null };
      },
      draft: async ({ content }, bench) => draft(content as Question, bench),
    };
  },
});

const asItem = (question: Question, index: number): RawItem => ({
  key: `${question.dataset}-${index}-${hashOf(question).slice(0, 8)}`,
  content: question,
});

async function draft(one: Question, bench: Workbench): Promise<Draft> {
  const id = taskId.parse(`reasoning-gym#${one.dataset}-${hashOf(one).slice(0, 12)}`);
  const check = structuredDataCheck.parse({
    file: ANSWER,
    as: { format: 'json' },
    schema: SCHEMA,
    checks: [{ kind: 'equals', name: 'the answer', at: '/answer', value: one.answer }],
  });
  const task: ArtifactTask = {
    schema: 'anneal/artifact-task/v1',
    ...{ id, family: `reasoning-gym@${id}`, capability: `reasoning/${one.dataset}`, format: 'structured-data' },
    instruction: `${one.question.trim()}\n\nHand in ${ANSWER}: an object with one member, \`answer\`, a text that is the answer and nothing else.`,
    verifier: { name: 'structured-data', version: 1 },
    deliverables: [{ path: ANSWER, maxBytes: 65_536, required: true }],
    given: {},
    environment: null,
    check: JSON.parse(JSON.stringify(check)),
    gold: { [ANSWER]: await bench.store.put(JSON.stringify({ answer: one.answer })) },
    baselineSeconds: null,
    canary: canaryOf(bench.seed, id),
    source: { kind: 'reasoning-gym', name: one.dataset, licence: 'Apache-2.0' },
  };
  // The question's frame is the same in all of a dataset; what is asked stands at its end.
  return {
    tasks: [{ task, substance: `${one.question.trim().split('\n').at(-1)}\n${one.answer}`, parents: [] }],
    dropped: [],
  };
}
