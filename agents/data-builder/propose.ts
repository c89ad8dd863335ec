// The data builder: chooses among what a folder holds, and the settings of a set. With a model the choice is the model's, in a fixed form; without
// one the first that can be drafted is taken. Either way code writes the document, and nothing is built by it.
import { randomBytes } from 'node:crypto';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type AgentModel, isScripted, type ModelQuestion } from '../../contracts/agent-model.ts';
import { setSpec } from '../../contracts/set-spec.ts';
import { aboutData, visible } from '../coder/material.ts';
import { bare } from '../diagnosis/quarantine/visible.ts';
import type { Candidate } from './candidates.ts';

export const setProposal = z.strictObject({
  /** By its place among those that were shown. */
  candidate: z.int().nonnegative(),
  most: z.int().min(10).max(2_000),
  splits: setSpec.shape.splits,
  alike: z.number().min(0.5).max(1),
  why: z.string().min(1).max(300),
});
export type SetProposal = z.infer<typeof setProposal>;

export interface Proposed {
  readonly proposal: SetProposal;
  readonly candidate: Candidate;
  readonly by: { readonly model: string; readonly scripted: boolean } | null;
  /** Why a model that was asked has no part in it. */
  readonly note?: string;
}

const RULES = `You choose what of a folder a set of tasks is made from. You have no tools; a human decides on what you propose, and code writes the document.
Answer with one JSON object and nothing else:
{"candidate": 0, "most": 200, "splits": {"visible": 0.6, "gate": 0.2, "sealed": 0.2}, "alike": 0.8, "why": "one sentence"}
"most": items to draw; "alike": how alike two tasks may be. The splits sum to 1.`;

/** @returns undefined where nothing of the folder can be drafted */
export async function proposeSet(
  candidates: readonly Candidate[],
  model: AgentModel | undefined,
  signal: AbortSignal,
): Promise<Proposed | undefined> {
  const able = candidates.filter(({ lacks }) => lacks === undefined);
  const [first] = able;
  if (first === undefined) return undefined;
  const splits = { visible: 0.6, gate: 0.2, sealed: 0.2 };
  const plain: Proposed = {
    proposal: { candidate: 0, most: 200, splits, alike: 0.8, why: 'the first that can be drafted' },
    ...{ candidate: first, by: null },
  };
  if (model === undefined) return plain;
  const nonce = randomBytes(8).toString('hex');
  const shown = able
    .map(({ source, what }, index) => `${index}: ${visible(JSON.stringify(source))}: ${what}`)
    .join('\n');
  const answer = await model.ask(
    {
      system: `${RULES}\n\n${aboutData(nonce)}`,
      user: `[data ${nonce}: what the folder holds]\n${shown}\n[end of data ${nonce}]`,
      schema: z.toJSONSchema(setProposal, { io: 'input' }) as ModelQuestion['schema'],
      maxTokens: 500,
    },
    signal,
  );
  if (answer.how === 'failed') return { ...plain, note: `${model.model} gave no answer: ${answer.why}` };
  const read = setProposal.safeParse(parsed(answer.text));
  const candidate = read.success ? able[read.data.candidate] : undefined;
  if (!read.success || candidate === undefined)
    return { ...plain, note: `${model.model} did not answer in the form that was asked for` };
  return {
    proposal: { ...read.data, why: bare(read.data.why) },
    candidate,
    by: { model: model.model, scripted: isScripted(model.model) },
  };
}

/** The file that ./anneal taskset reads. */
export function setDocument(
  name: string,
  { proposal: { most, splits, alike }, candidate: { source } }: Proposed,
): string {
  return stringify({ apiVersion: 'anneal.dev/v1', kind: 'TaskSet', name, seed: 1, source, most, splits, alike });
}

function parsed(text: string): unknown {
  const fenced = /^```(?:json)?\s*\n([\s\S]*?)\n?```$/.exec(text.trim())?.[1];
  try {
    return JSON.parse(fenced ?? text);
  } catch {
    return undefined;
  }
}
