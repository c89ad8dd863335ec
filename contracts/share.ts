// Who did the steps of a workflow: models, programs with an agent's role, policies, humans.
import { z } from 'zod';

export const shareStep = z.enum([
  ...(['plan', 'evaluate', 'monitor', 'analyse', 'reproduce', 'propose', 'check', 'review', 'look elsewhere'] as const),
  ...(['request', 'decide', 'merge', 'report'] as const),
]);
export type ShareStep = z.infer<typeof shareStep>;

/** `program`: one that has an agent's role (docs/agents.md); `policy`: code that only carries out what was written down beforehand. */
export const doer = z.enum(['model', 'program', 'policy', 'human']);
export type Doer = z.infer<typeof doer>;

export const share = z.strictObject({
  schema: z.literal('anneal/share/v1'),
  /** By step, in the order of the workflow; only steps that were done. */
  steps: z.array(
    z.strictObject({
      step: shareStep,
      model: z.int().nonnegative(),
      program: z.int().nonnegative(),
      policy: z.int().nonnegative(),
      human: z.int().nonnegative(),
    }),
  ),
  /** Names of those who did something, the busiest first. */
  who: z.array(z.strictObject({ by: doer, who: z.string(), steps: z.int().positive() })),
  /** Done by models and by programs with an agent's role. */
  byAgents: z.int().nonnegative(),
  byModels: z.int().nonnegative(),
  all: z.int().nonnegative(),
  /** Decisions of humans by the histories that the audit log does not bear out: they are counted nowhere. */
  unproven: z.array(z.string()),
  /** Whether decisions were held against the audit log. */
  audited: z.boolean(),
  /** Runs of workflows that were read. */
  histories: z.int().nonnegative(),
  /** There were more than are read at once: the newest were. */
  cut: z.boolean(),
});
export type Share = z.infer<typeof share>;

/** A run of a workflow as its history has it, with what was encoded opened. */
export interface ReadHistory {
  readonly workflowId: string;
  readonly type: string;
  readonly input: unknown;
  /** Activities that were completed, in order. */
  readonly done: readonly {
    readonly type: string;
    readonly input: unknown;
    readonly result: unknown;
    readonly at: string;
  }[];
  readonly signals: readonly { readonly name: string; readonly input: unknown; readonly at: string }[];
}
