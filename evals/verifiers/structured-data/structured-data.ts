// structured-data@1: one file of JSON, CSV or YAML. It is read, never run: strictly parsed, held against a schema, and checked for meaning.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import { bounded, isLarge, SMALL_TO_LINEAR } from '../bounded.ts';
import { broken, fileText, refused } from '../gates.ts';
import { defineVerifier } from '../verifier.ts';
import { judgeData } from './data.ts';
import { jsonSchema } from './schema.ts';
import { flipped, semanticCheck } from './semantic.ts';

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
    const read = fileText(artifact, check.file);
    if ('why' in read) return refused([broken('parses', read.why)]);
    const apart = isLarge(read.text.length, check.as.format === 'yaml' ? undefined : SMALL_TO_LINEAR);
    const found = await bounded('data', judgeData, apart, check, read.text);
    return 'why' in found ? refused([broken('parses', `${check.file} ${found.why}`)]) : found;
  },
  impossible: (check) => ({ ...check, checks: check.checks.map((one, index) => (index === 0 ? flipped(one) : one)) }),
});
