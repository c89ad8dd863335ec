// Tasks, and the locked set of them with its three splits.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { sha256, taskId } from './ids.ts';

export const split = z.enum(['visible', 'gate', 'sealed']);
export type Split = z.infer<typeof split>;

/**
 * A value as it crosses between Python and the grader: JSON with a type tag where JSON is ambiguous, so that 1, 1.0 and
 * True differ and no candidate object is ever compared by its own `__eq__`.
 * `{t:'int',v:'12'}`, `{t:'float',v:'0.5'}` (Python's repr; 'nan', 'inf', '-inf'), `{t:'str'|'bool'|'none'}`, `{t:'list'|'tuple',v:[…]}`,
 * `{t:'error',v:'ValueError'}` for a raised exception.
 */
export type TypedValue =
  | { t: 'int' | 'float' | 'str'; v: string }
  | { t: 'bool'; v: boolean }
  | { t: 'none' }
  | { t: 'list' | 'tuple'; v: TypedValue[] }
  | { t: 'error'; v: string };

export const typedValue: z.ZodType<TypedValue> = z.lazy(() =>
  z.union([
    z.strictObject({ t: z.enum(['int', 'float', 'str']), v: z.string() }),
    z.strictObject({ t: z.literal('bool'), v: z.boolean() }),
    z.strictObject({ t: z.literal('none') }),
    z.strictObject({ t: z.enum(['list', 'tuple']), v: z.array(typedValue) }),
    z.strictObject({ t: z.literal('error'), v: z.string() }),
  ]),
);

export const testCase = z.strictObject({ args: z.array(typedValue), expected: typedValue });
export type TestCase = z.infer<typeof testCase>;

export const task = z.strictObject({
  id: taskId,
  /** The function(s) it comes from, for example `math.floor`: what splits and clusters go by. */
  family: z.string(),
  phrasing: z.string(),
  instruction: z.string(),
  /** The function that the artifact must define, with its parameters as the instruction names them. */
  entrypoint: z.strictObject({ name: z.string(), parameters: z.array(z.string()) }),
  verifier: z.strictObject({ name: z.literal('python-function'), version: z.int().positive() }),
  /** Known to the grader only. */
  cases: z.array(testCase).min(1),
  /** Known to the grader only: Python source of the reference solution. */
  gold: z.string(),
});
export type Task = z.infer<typeof task>;

/** A split's tasks as one object in the store; the sealed one is read only after its gate. */
export const taskSplit = z.strictObject({ split, tasks: z.array(task) });
export type TaskSplit = z.infer<typeof taskSplit>;

export const droppedTask = z.strictObject({ id: z.string(), family: z.string(), reason: z.string() });
export type DroppedTask = z.infer<typeof droppedTask>;

export const splitLock = z.strictObject({
  tasks: z.int().nonnegative(),
  families: z.array(z.string()),
  root: sha256,
  object: artifactRef,
});

/** The lock: what every later round, verdict and release refers to. */
export const taskSetLock = z.strictObject({
  schema: z.literal('anneal/task-set/v1'),
  source: z.string(),
  python: z.string(),
  seed: z.int(),
  /** Merkle root over the splits' roots; a split's root is over its tasks' canonical hashes, sorted by id. */
  root: sha256,
  splits: z.strictObject({ visible: splitLock, gate: splitLock, sealed: splitLock }),
  considered: z.int(),
  kept: z.int(),
  dropped: z.array(droppedTask),
});
export type TaskSetLock = z.infer<typeof taskSetLock>;
