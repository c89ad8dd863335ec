// A proposed change to somebody's repository: what it was made from, exactly what it is, and who says so. Nothing of it is trusted: what it
// touches is asked of git, what it does is found by running.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { sha256 } from './ids.ts';

export const commitId = z
  .string()
  .regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'the full id of a commit')
  .brand<'CommitId'>();
export type CommitId = z.infer<typeof commitId>;

/** What operators call a repository that agents may propose changes to. */
export const repositoryName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'lower-case letters, digits and dashes; starts with a letter; at most 40 characters')
  .brand<'RepositoryName'>();
export type RepositoryName = z.infer<typeof repositoryName>;

/** SHA-256 of the canonical JSON of repository, base and the patch's hash: the same proposal has the same id, whoever makes it. */
export const changeId = sha256.brand<'ChangeId'>();
export type ChangeId = z.infer<typeof changeId>;

/** As git writes them in trees: a file, one that may be executed, a link, a submodule; a folder's does not stand in a change. */
export const fileMode = z.enum(['100644', '100755', '120000', '160000']);
export type FileMode = z.infer<typeof fileMode>;

/** One path that a change touches, as git found it by comparing trees. A rename stands under its new path and names the old one. */
export const changedPath = z.strictObject({
  path: z.string().min(1),
  from: z.string().min(1).nullable(),
  how: z.enum(['added', 'changed', 'removed', 'renamed']),
  /** Absent on the side where there is nothing. */
  mode: z.strictObject({ before: fileMode.nullable(), after: fileMode.nullable() }),
  /** Git takes its content for no text. */
  binary: z.boolean(),
  /** Lines added and removed; 0 of binary ones. */
  lines: z.strictObject({ added: z.int().nonnegative(), removed: z.int().nonnegative() }),
});
export type ChangedPath = z.infer<typeof changedPath>;

/**
 * `free`: tests and a review are enough. `critical`: a human decides. `refused`: no agent's change touches it, whoever approves; people
 * change it themselves.
 */
export const standing = z.enum(['free', 'critical', 'refused']);
export type Standing = z.infer<typeof standing>;

export const pathFinding = z.strictObject({
  path: z.string(),
  standing: standing.exclude(['free']),
  /** The rule that says so, for example `continuous integration`, `evals/**`. */
  rule: z.string(),
  why: z.string(),
});
export type PathFinding = z.infer<typeof pathFinding>;

/** By what means a change was made. A scripted model is called so wherever it shows. */
export const means = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('remedy'), skill: z.string(), version: sha256 }),
  z.strictObject({ kind: z.literal('model'), model: z.string(), scripted: z.boolean() }),
  z.strictObject({ kind: z.literal('human'), name: z.string() }),
  /** It takes back what landed as this commit: made by a program from two trees. */
  z.strictObject({ kind: z.literal('revert'), of: changeId, commit: commitId }),
]);
export type Means = z.infer<typeof means>;

export const proposedChange = z.strictObject({
  schema: z.literal('anneal/change/v1'),
  id: changeId,
  repository: repositoryName,
  base: commitId,
  /** `git diff --binary --full-index` from the base. */
  patch: artifactRef,
  title: z.string().min(1).max(200),
  /** Markdown; written by whoever made the change, shown as text. */
  body: z.string().max(20_000),
  by: z.strictObject({ role: z.enum(['debugger', 'developer', 'researcher', 'human']), means }),
  /** Who made it had read what nobody vouches for: logs, pages, other models' words. Such a run may only propose. */
  tainted: z.boolean(),
});
export type ProposedChange = z.infer<typeof proposedChange>;

/** What the tests say of a change, by test id; each list is sorted. */
export const checkedChange = z.strictObject({
  runner: z.string(),
  /** Failed before (with the change's own tests added to what was there) and pass after; none that is broken. */
  failToPass: z.array(z.string()),
  /** Passed before and pass after, by the texts of before: how many. */
  passToPass: z.int().nonnegative(),
  /** Passed before and do not after, by the texts of before; a test that is gone is broken. */
  broken: z.array(z.string()),
  /** Of those that the change adds, which do not pass after. */
  failing: z.array(z.string()),
  /** Did not say the same each time, before or after: they count neither way. */
  unsteady: z.array(z.string()),
  seconds: z.number().nonnegative(),
});
export type CheckedChange = z.infer<typeof checkedChange>;

/** How far the tests of a change could be run. Nothing of it is the machine's fault, which is thrown. */
export const changeOutcome = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('checked'), check: checkedChange }),
  /** No test of the repository can be run here, neither before nor after: nothing is known of the change. */
  z.strictObject({ how: z.literal('untested'), why: z.array(z.string()).min(1) }),
  /** So many files of tests do not end that nothing can be said of the others. */
  z.strictObject({ how: z.literal('hangs'), when: z.enum(['before', 'after']), files: z.array(z.string()).min(1) }),
  /** Tests ended the driver that they run under, twice, where a program of ours did not. */
  z.strictObject({ how: z.literal('ends-driver'), why: z.string() }),
]);
export type ChangeOutcome = z.infer<typeof changeOutcome>;
