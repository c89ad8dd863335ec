// The port of a model that judges. It is asked for an answer of a given form and nothing else: it has no tools, and what it says is data.
import type { z } from 'zod';

export interface JudgeQuestion {
  readonly system: string;
  readonly user: string;
  /** JSON Schema of the answer. A server that can hold its model to a schema does; the answer is checked either way. */
  readonly schema: z.core.JSONSchema.JSONSchema;
  readonly temperature: 0;
  readonly maxTokens: number;
}

export interface JudgeModel {
  readonly model: string;
  /** Of models: one that shares the policy's is refused (policies/judge-calibration.ts). */
  readonly family: string;
  /** The answer's text. @throws AnnealError when none came */
  answer(question: JudgeQuestion): Promise<string>;
}
