// JSON Schema (draft 2020-12). The schema is the task's; what is looked at was written by a policy, so every step takes time linear in it.
import { Ajv2020, type AnySchemaObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import { z } from 'zod';
import { canonicalJson } from '../../../contracts/canonical.ts';
import type { JsonValue } from './parsed.ts';

const FORMATS = {
  date: z.iso.date(),
  time: z.iso.time(),
  'date-time': z.iso.datetime({ offset: true }),
  email: z.email(),
  uuid: z.uuid(),
  uri: z.url(),
} as const;

/** A backtracking engine can be held for hours by one string; this one cannot. */
const linear = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    return { test: (text: string) => compiled.matcher(text).find() };
  },
  { code: 'undefined' },
);

function compile(schema: AnySchemaObject): ValidateFunction {
  const ajv = new Ajv2020({
    // Strict of unknown keywords, which would silently hold; not of style.
    strict: true,
    strictTypes: false,
    strictTuples: false,
    ownProperties: true,
    allErrors: false,
    code: { regExp: linear },
    logger: false,
  });
  for (const [name, form] of Object.entries(FORMATS)) {
    ajv.addFormat(name, (text: string) => text.length <= 2_000 && form.safeParse(text).success);
  }
  // Ajv compares objects in pairs, which a long list would make take hours.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (wanted: boolean, items: unknown[]) => !wanted || new Set(items.map(canonicalJson)).size === items.length,
  });
  return ajv.compile(schema);
}

/** The last schemas that were compiled: samples of one task come together. */
const compiled = new Map<string, ValidateFunction>();
const MOST_COMPILED = 64;

function compiledFor(schema: JsonValue): ValidateFunction {
  const key = canonicalJson(schema);
  const known = compiled.get(key) ?? compile(schema as AnySchemaObject);
  compiled.delete(key);
  compiled.set(key, known);
  if (compiled.size > MOST_COMPILED) compiled.delete(compiled.keys().next().value!);
  return known;
}

/** A schema in a task's check. */
export const jsonSchema = z.record(z.string(), z.json()).superRefine((schema, context) => {
  try {
    compiledFor(schema);
  } catch (failure) {
    const why = failure instanceof Error ? failure.message : String(failure);
    context.addIssue({ code: 'custom', message: `is no JSON Schema that can be used: ${why}` });
  }
});

/** The first way in which a value does not match, or undefined. */
export function mismatch(schema: JsonValue, value: JsonValue): string | undefined {
  const validate = compiledFor(schema);
  if (validate(value)) return undefined;
  const { instancePath, message, params } = validate.errors![0]!;
  return `${instancePath === '' ? 'the whole' : instancePath} ${message} ${JSON.stringify(params)}`.slice(0, 500);
}
