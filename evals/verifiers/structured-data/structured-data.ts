// structured-data@1: one file of JSON, CSV or YAML. It is read, never run: strictly parsed, held against a schema, and checked for meaning.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import type { ComponentScore, GateResult } from '../../../contracts/judgement.ts';
import { broken, fileText, held, refused } from '../gates.ts';
import { defineVerifier } from '../verifier.ts';
import { parseCsv } from './csv.ts';
import { parseJson } from './json.ts';
import type { Parsed } from './parsed.ts';
import { jsonSchema, mismatch } from './schema.ts';
import { flipped, semanticCheck, violation } from './semantic.ts';
import { parseYaml } from './yaml.ts';

export const structuredDataCheck = z.strictObject({
  file: relativePath,
  as: z.discriminatedUnion('format', [
    z.strictObject({ format: z.literal('json') }),
    z.strictObject({ format: z.literal('yaml') }),
    /** A list of objects, one a row. */
    z.strictObject({
      format: z.literal('csv'),
      delimiter: z.enum([',', ';', '\t']).default(','),
      types: z.record(z.string(), z.enum(['text', 'number', 'integer', 'boolean'])).default({}),
    }),
  ]),
  schema: jsonSchema,
  /** At least one: a form alone says nothing of what it holds. */
  checks: z.array(semanticCheck).min(1),
});
export type StructuredDataCheck = z.infer<typeof structuredDataCheck>;

export const structuredData = defineVerifier<StructuredDataCheck>({
  ref: { name: 'structured-data', version: 1 },
  format: 'structured-data',
  check: structuredDataCheck,
  async judge({ check, artifact }) {
    const parsed = parse(check, artifact);
    if ('why' in parsed) return refused([broken('parses', parsed.why)]);
    const parses = held('parses', `${check.file} is strict ${check.as.format}`);
    const wrong = mismatch(check.schema, parsed.value);
    if (wrong !== undefined) return refused([parses, broken('schema', wrong)]);
    const gates: GateResult[] = [parses, held('schema', 'matches')];
    for (const one of check.checks.filter(({ hard }) => hard)) {
      const why = violation(one, parsed.value);
      gates.push(why === undefined ? held(one.name, 'holds') : broken(one.name, why));
      if (why !== undefined) return refused(gates);
    }
    const components = check.checks.map((one): ComponentScore => {
      const why = violation(one, parsed.value);
      const score = why === undefined ? 1 : 0;
      return { name: one.name, kind: 'outcome', score, weight: one.weight, why: why ?? 'holds' };
    });
    return { gates, components, runs: [], seen: null };
  },
  impossible: (check) => ({ ...check, checks: check.checks.map((one, index) => (index === 0 ? flipped(one) : one)) }),
});

function parse({ file, as }: StructuredDataCheck, artifact: Parameters<typeof fileText>[0]): Parsed {
  const read = fileText(artifact, file);
  if ('why' in read) return read;
  if (read.text.startsWith('\uFEFF')) return { why: `${file} begins with a byte order mark` };
  const parsed =
    as.format === 'json' ? parseJson(read.text) : as.format === 'yaml' ? parseYaml(read.text) : parseCsv(read.text, as);
  return 'why' in parsed ? { why: `${file} ${parsed.why}` } : parsed;
}
