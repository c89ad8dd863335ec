// Records as the schemas know them. A schema looks at each token id through objects of its own, which is most of what taking a record in
// would cost; a loop does the same look in a fraction of the time.
import type { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import { type CompletionRecord, completionRecord, type Trajectory, trajectory } from '../../../contracts/trajectory.ts';

/** @param where of the record, for people. @throws AnnealError `pool.record_invalid` with every problem */
export function knownCompletion(json: string, where: string): CompletionRecord {
  const value = jsonIn(json);
  return quickly(value) ?? parsed(completionRecord, value, where);
}

export const knownTrajectory = (json: string, where: string): Trajectory => parsed(trajectory, jsonIn(json), where);

/** Nothing that is a record, where it is no JSON. */
export function jsonIn(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Undefined: not one; why not, the schema says. */
function quickly(value: unknown): CompletionRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { promptIds, completionIds, logprobs } = value as Readonly<Record<string, unknown>>;
  if (!areAll(promptIds, Number.isSafeInteger) || !areAll(completionIds, Number.isSafeInteger)) return undefined;
  if (!areAll(logprobs, Number.isFinite)) return undefined;
  const { data } = completionRecord.safeParse({ ...value, promptIds: [], completionIds: [], logprobs: [] });
  return data === undefined ? undefined : { ...data, promptIds, completionIds, logprobs };
}

function areAll(value: unknown, is: (one: unknown) => boolean): value is number[] {
  if (!Array.isArray(value)) return false;
  for (const one of value) if (!is(one)) return false;
  return true;
}

function parsed<S extends z.ZodType>(schema: S, value: unknown, where: string): z.infer<S> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw new AnnealError('pool.record_invalid', `${where} is none that this version knows`, {
    problems: error.issues.map((issue) => ({
      code: 'pool.record_invalid',
      path: issue.path.join('.'),
      expected: issue.message,
      hint: 'Take it in with the version of Anneal that wrote it.',
    })),
  });
}
