// A question to a folder of documents: what agents read, what they claim, where each claim stands, and what became of an experiment.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { coderBudget } from './coder.ts';
import { campaignName, gateId } from './ids.ts';

/** Stands where a campaign's name would, in gates and at the gateway. */
export const researchName = campaignName.refine((name) => /^research-./.test(name), {
  error: 'research-, and what tells it from others',
});
export type ResearchName = z.infer<typeof researchName>;

export const documentForm = z.enum(['markdown', 'text', 'html']);
export type DocumentForm = z.infer<typeof documentForm>;

/** What a folder held when it was asked about: what changes on disk later changes no answer. */
export const corpus = z.strictObject({
  schema: z.literal('anneal/research-corpus/v1'),
  documents: z
    .array(z.strictObject({ path: z.string().min(1).max(1_000), form: documentForm, object: artifactRef }))
    .max(5_000),
  /** What was not read, and why. */
  refused: z.array(z.strictObject({ path: z.string(), why: z.string() })),
});
export type Corpus = z.infer<typeof corpus>;

/** Of all agents together. */
export const researchBudget = coderBudget;
export type ResearchBudget = z.infer<typeof researchBudget>;

/** A base campaign with the files that it names, by their paths next to it. */
export const baseCampaign = z.strictObject({
  schema: z.literal('anneal/base-campaign/v1'),
  text: z.string(),
  files: z.array(
    z.strictObject({ path: z.string().min(1), /** Null: it need only be there. */ object: artifactRef.nullable() }),
  ),
});
export type BaseCampaign = z.infer<typeof baseCampaign>;

export const researchInput = z.strictObject({
  schema: z.literal('anneal/research/v1'),
  research: researchName,
  question: z.string().trim().min(3).max(2_000),
  corpus: artifactRef,
  /** What an experiment is made from; null: none is proposed. */
  base: artifactRef.nullable(),
  owner: z.string().min(1),
  budget: researchBudget,
});
export type ResearchInput = z.infer<typeof researchInput>;

export const citation = z.strictObject({
  document: z.string(),
  /** Lines of the document, from 1, both included. */
  from: z.int().positive(),
  to: z.int().positive(),
  /** As it stands there, but for white space. */
  quote: z.string(),
});
export type Citation = z.infer<typeof citation>;

export const claim = z.strictObject({ id: z.string(), text: z.string(), citations: z.array(citation).min(1).max(3) });
export type Claim = z.infer<typeof claim>;

/** Why a claim of a model does not stand. */
export const CLAIM_DROPS = {
  form: 'not in the form that was asked for',
  document: 'a document that was not shown',
  lines: 'lines that were not shown',
  quote: 'a quote that does not stand in the cited lines',
  apart: 'quotes from places that do not belong together',
  numbers: 'a number that the quote does not have',
  names: 'a name that the quote does not have',
  words: 'words that the quote does not bear',
  reversed: 'the quote says, or may say, the opposite',
  judge: 'refused by the judge',
  twice: 'said before',
  'left-out': 'left out by the writer',
} as const;
export const claimDrop = z.enum(Object.keys(CLAIM_DROPS) as [keyof typeof CLAIM_DROPS]);
export type ClaimDrop = z.infer<typeof claimDrop>;
export const drops = z.partialRecord(claimDrop, z.int().positive());
export type Drops = z.infer<typeof drops>;

export const spent = z.strictObject({ turns: z.int().nonnegative(), tokens: z.int().nonnegative() });
export type Spent = z.infer<typeof spent>;

/** What a sub-agent left: whoever comes after a death takes this in place of asking again. */
export const reading = z.strictObject({
  schema: z.literal('anneal/research-reading/v1'),
  claims: z.array(claim),
  offered: z.int().nonnegative(),
  dropped: drops,
  spent,
  /** Why its model gave nothing, in words. */
  failed: z.string().optional(),
});
export type Reading = z.infer<typeof reading>;

const model = z.strictObject({ model: z.string(), scripted: z.boolean() });

export const researchReport = z.strictObject({
  schema: z.literal('anneal/research-report/v1'),
  research: researchName,
  question: z.string(),
  /** extractive: no model read anything, and nothing is claimed. */
  mode: z.enum(['read', 'extractive']),
  by: model.nullable(),
  judge: z.union([model.extend({ family: z.string() }), z.strictObject({ absent: z.string() })]),
  /** not-said: nothing that would answer it is borne out by the documents. */
  answer: z.enum(['said', 'not-said', 'extracts']),
  sections: z.array(z.strictObject({ about: z.string(), claims: z.array(claim).min(1) })),
  /** The best passages, quoted: the answer of an extractive report, and where a reader would look else. */
  passages: z.array(citation),
  offered: z.int().nonnegative(),
  dropped: drops,
  read: z.strictObject({
    documents: z.int().nonnegative(),
    passages: z.int().nonnegative(),
    refused: z.array(z.strictObject({ path: z.string(), why: z.string() })),
  }),
  spent,
  notes: z.array(z.string()),
});
export type ResearchReport = z.infer<typeof researchReport>;

export const RESEARCH_STEPS = ['open', 'plan', 'search', 'read', 'judge', 'write', 'experiment', 'decide'] as const;
export type ResearchStep = (typeof RESEARCH_STEPS)[number];

export const experimentEnd = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('none'), why: z.string() }),
  z.strictObject({ how: z.enum(['handed-out', 'left']), gate: gateId, spec: artifactRef }),
]);
export type ExperimentEnd = z.infer<typeof experimentEnd>;

export const researchEnd = z.discriminatedUnion('how', [
  z.strictObject({
    how: z.literal('answered'),
    research: researchName,
    answer: researchReport.shape.answer,
    report: artifactRef,
    /** Null: none was asked for. */
    experiment: experimentEnd.nullable(),
  }),
  z.strictObject({ how: z.literal('failed'), research: researchName, code: z.string(), why: z.string() }),
]);
export type ResearchEnd = z.infer<typeof researchEnd>;

export const researchView = z.strictObject({
  research: researchName,
  question: z.string(),
  step: z.enum([...RESEARCH_STEPS, 'ended']),
  /** Sub-agents that are done, of those that were sent. */
  readers: z.strictObject({ done: z.int(), of: z.int() }),
  claims: z.int(),
  dropped: z.int(),
  spent,
  report: artifactRef.optional(),
  waitingFor: z.string().optional(),
  end: researchEnd.optional(),
});
export type ResearchView = z.infer<typeof researchView>;
