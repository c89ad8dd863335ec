// What a Harbor folder says of itself in task.toml, and where what is wrong with a folder is gathered.
import { parse as parseToml, TomlError } from 'smol-toml';
import { z } from 'zod';

/** What we need and Harbor does not ask for stands in a table of its own, which Harbor passes over. */
const settings = z.looseObject({
  metadata: z.looseObject({
    category: z.string().default('terminal'),
    anneal: z.strictObject({
      /** What is left by a session and judged; paths from the working directory. */
      deliverables: z
        .array(z.strictObject({ path: z.string(), max_bytes: z.int().positive().default(1_000_000) }))
        .min(1),
      licence: z.string().min(1),
      baseline_sec: z.number().positive().optional(),
      /** By the name that the set's file has for its tar. */
      environment: z.string().min(1).optional(),
    }),
  }),
  environment: z.looseObject({ docker_image: z.string().optional() }).default({}),
  verifier: z.looseObject({ timeout_sec: z.number().positive().max(600).default(60) }).default({ timeout_sec: 60 }),
  agent: z.looseObject({ timeout_sec: z.number().positive().default(600) }).default({ timeout_sec: 600 }),
});

/** Notes one thing that is wrong: where, what was expected, what to do, what stood there. */
export type Missing = (path: string, expected: string, hint: string, got?: string) => void;

export type HarborSettings = z.infer<typeof settings>;

export function configOf(text: string, missing: Missing): HarborSettings | undefined {
  if (text === '') return undefined;
  let table: unknown;
  try {
    table = parseToml(text);
  } catch (failure) {
    if (!(failure instanceof TomlError)) throw failure;
    missing('task.toml', 'TOML', 'Correct the line that is named.', failure.message.split('\n')[0]);
    return undefined;
  }
  const read = settings.safeParse(table);
  for (const { path, message } of read.success ? [] : read.error.issues)
    missing(`task.toml: ${path.join('.')}`, message, 'The table metadata.anneal holds deliverables and licence.');
  return read.data;
}
