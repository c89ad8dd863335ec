// What the grader alone knows of a patch task.
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';

/** Where the one diff is handed in. */
export const PATCH_FILE = 'patch.diff';

export const runnerName = z.enum(['pytest', 'unittest', 'node-test', 'vitest', 'go', 'cargo', 'junit']);
export type RunnerName = z.infer<typeof runnerName>;

/**
 * `<file>::<name>`: `tests/test_a.py::Case::test_x` (unittest), pytest's own node ids, `tests/a.test.js::suite > test` (node:test, vitest),
 * `sum/sum_test.go::TestSum/empty` (go), `tests/sum.rs::of::nothing` (cargo), `src/test/java/a/SumTest.java::a.SumTest::empty` (junit).
 */
export const testId = z.string().regex(/^[^:]+(::.+)+$/, 'a file, two colons, a name');

/** One replacement in a test's text that makes the test impossible: no right solution passes it. Offsets in UTF-16 units. */
export const flip = z.strictObject({
  test: testId,
  path: relativePath,
  start: z.int().nonnegative(),
  end: z.int().nonnegative(),
  text: z.string(),
});
export type Flip = z.infer<typeof flip>;

/**
 * How runner `junit` runs a test where it is not javac and JUnit's console: any program that writes JUnit's XML. It compiles what it needs.
 * In its arguments `{class}` and `{method}` stand for the test.
 */
export const reporting = z.strictObject({
  argv: z.tuple([z.string().min(1)], z.string()),
  /** The folder of the repository that reports are written to; emptied before. */
  reports: relativePath,
});
export type Reporting = z.infer<typeof reporting>;

const common = {
  runner: runnerName,
  reporting: reporting.optional(),
  /** Folders of the repository that modules are imported from. */
  sources: z.array(z.string().regex(/^$|^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/)).default(['']),
  /** Files that are put back over whatever a patch did: the tests, what they read, and what they import. */
  tests: z.record(relativePath, z.string()),
  /** Paths, folders with a slash at their end, that a patch may not touch beside those that none may. */
  protected: z.array(z.string().min(1)).default([]),
  /** Paths that a patch of this task may touch although others may not. */
  allowed: z.array(relativePath).default([]),
  secondsPerTest: z.number().positive().max(600).default(20),
  /** For languages that are compiled first: each version of the tests, once. 300 where it is left out. */
  secondsPerBuild: z.number().positive().max(3_600).optional(),
};

const testIds = z.array(testId).superRefine((ids, context) => {
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) context.addIssue({ code: 'custom', message: `${twice} stands there twice` });
});

/** A test whose text the patch may change is nobody's test. */
function bundled(
  check: { tests: Record<string, string>; passToPass: string[]; failToPass?: string[]; flips: Flip[] },
  context: z.RefinementCtx,
) {
  const files = [...(check.failToPass ?? []), ...check.passToPass].map((id) => id.slice(0, id.indexOf('::')));
  for (const path of new Set([...files, ...check.flips.map((one) => one.path)]))
    if (check.tests[path] === undefined) context.addIssue({ code: 'custom', message: `tests lacks ${path}` });
}

const fix = z
  .strictObject({
    kind: z.literal('fix'),
    ...common,
    failToPass: testIds.min(1),
    passToPass: testIds,
    /** Made and tried by certification (certify.ts): without them a runner's word would have to be believed. */
    flips: z.array(flip),
  })
  .superRefine(bundled);

const testWriting = z.strictObject({
  kind: z.literal('test-writing'),
  ...common,
  /** Where tests may be written: folders with a slash at their end, or files. */
  writable: z.array(z.string().min(1)).min(1),
  /** Diffs to the given files. Written tests must pass on every right one and fail on the given files themselves. */
  right: z.array(z.string().min(1)).min(1),
  /** Diffs to the given files that are wrong, each in its own way: the share that the tests notice is the score. */
  wrong: z.array(z.string().min(1)).min(1),
});

const performance = z
  .strictObject({
    kind: z.literal('performance'),
    ...common,
    passToPass: testIds,
    flips: z.array(flip),
    /**
     * A Python program, run in the repository: reads a seed from standard input and prints what the code under test gave for it, a line for
     * each unit of work, five at the least; no two units and no two seeds ask for the same or give the same line (units.ts).
     */
    workload: z.string().min(1),
    /** What the given code's time, divided by the candidate's, has to exceed. */
    ratio: z.number().gt(1),
    /** Pairs of runs, each with a seed of its own; of 8 the sign test lets one go the other way. */
    pairs: z.int().min(3).max(50).default(8),
  })
  .superRefine(bundled);

export const patchCheck = z.discriminatedUnion('kind', [fix, testWriting, performance]);
export type PatchCheck = z.infer<typeof patchCheck>;
export type FixCheck = z.infer<typeof fix>;
export type TestWritingCheck = z.infer<typeof testWriting>;
export type PerformanceCheck = z.infer<typeof performance>;
