// From a report to campaign files: a model proposes an experiment in a fixed form, and code makes the files from a base campaign. No model
// writes YAML, and what it may vary is a list.
import { isMap, parseDocument } from 'yaml';
import { z } from 'zod';
import type { AgentChat } from '../../contracts/agent-ports.ts';
import {
  type ExperimentDraft,
  type ExperimentSpec,
  experimentDraft,
  VARIABLE_PATHS,
  type VariablePath,
} from '../../contracts/experiment.ts';
import { campaignName } from '../../contracts/ids.ts';
import type { ResearchName, ResearchReport } from '../../contracts/research.ts';
import { durationMs } from '../../contracts/units.ts';
import { visible } from '../coder/material.ts';
import { bare } from '../diagnosis/quarantine/visible.ts';
import { type Answered, askForForm } from './asking.ts';

const RULES = `You propose one experiment on a training campaign, grounded in claims that were found in documents. You have no tools; a human decides on what you propose, and code makes the files.

Answer with one JSON object of this form and nothing else:
${JSON.stringify(z.toJSONSchema(experimentDraft, { io: 'input' }))}
- "grounds" are ids of claims
- the budget is that of one campaign and may not be more than the base campaign's
- a campaign of the base's own settings is added by itself, to compare with`;

export function proposeExperiment(
  of: { readonly report: ResearchReport; readonly base: string; readonly chat: Pick<AgentChat, 'ask'> },
  signal: AbortSignal,
): Promise<Answered<ExperimentDraft>> {
  const claims = of.report.sections.flatMap((section) => section.claims);
  return askForForm({
    ...{ chat: of.chat, agent: 'experimenter', rules: RULES, schema: experimentDraft, maxTokens: 2_000, signal },
    ask: `The question was: ${of.report.question}\n\nThe base campaign has: ${JSON.stringify(settingsOf(of.base))}`,
    data: [{ title: 'claims', text: claims.map(({ id, text }) => `${id}: ${visible(text)}`).join('\n') }],
  });
}

/** What of a campaign an experiment may vary, and its budget. */
export function settingsOf(base: string): Record<string, unknown> {
  const document = parseDocument(base);
  const at = (path: string): unknown => {
    const value: unknown = document.getIn(path.split('.'));
    return isMap(value) ? undefined : value;
  };
  const paths = [...VARIABLE_PATHS, 'budget.tokens', 'budget.wallClock'];
  return Object.fromEntries(paths.map((path) => [path, at(path)]).filter(([, value]) => value !== undefined));
}

export interface Arm {
  readonly name: ExperimentSpec['arms'][number]['name'];
  readonly settings: ExperimentSpec['arms'][number]['settings'];
  readonly text: string;
}
export type MadeCampaigns = { readonly arms: readonly Arm[] } | { readonly why: string };

/** A campaign for each combination of values, and one with none. The same input gives the same bytes. */
export function campaignsOf(base: string, draft: ExperimentDraft, research: ResearchName): MadeCampaigns {
  const had = settingsOf(base);
  const tokens = Number(had['budget.tokens']);
  const wallClock = String(had['budget.wallClock']);
  if (!(draft.budget.tokens <= tokens))
    return { why: `it asks for ${draft.budget.tokens} tokens, and the base campaign has ${tokens}` };
  if (!(durationMs(draft.budget.wallClock) <= durationMs(wallClock)))
    return { why: `it asks for ${draft.budget.wallClock}, and the base campaign has ${wallClock}` };
  const combinations = draft.variables.reduce<Arm['settings'][]>(
    (all, { path, values }) => all.flatMap((settings) => values.map((value) => [...settings, { path, value }])),
    [[]],
  );
  // That of the base stands first; one that would be the same is not run twice.
  const varied = combinations.filter((settings) => settings.some(({ path, value }) => had[path] !== value));
  if (varied.length === 0) return { why: 'it varies nothing: the base campaign has these values' };
  const arms: Arm[] = [];
  for (const [index, settings] of [[], ...varied].entries()) {
    const name = campaignName.parse(`${research.replace(/^research-/, 'x-').slice(0, 34)}-a${index}`);
    const made = armOf(base, { name, settings, draft });
    if (typeof made !== 'string') return made;
    arms.push({ name, settings, text: made });
  }
  return { arms };
}

function armOf(
  base: string,
  { name, settings, draft }: Omit<Arm, 'text'> & { draft: ExperimentDraft },
): string | { why: string } {
  const document = parseDocument(base);
  const set = (path: string, value: unknown): void => document.setIn(path.split('.'), value);
  let at: VariablePath | 'name' = 'name';
  try {
    set('name', name);
    const what =
      settings.length === 0
        ? 'the base, to compare with'
        : settings.map(({ path, value }) => `${path} = ${value}`).join(', ');
    const least = `${draft.success.metric} at least ${draft.success.smallestEffect} above the base's`;
    set('description', bare(`${what}. ${draft.hypothesis} Held to be true with ${least}.`).slice(0, 500));
    set('budget.tokens', draft.budget.tokens);
    set('budget.wallClock', draft.budget.wallClock);
    for (const { path, value } of settings) {
      at = path;
      set(path, value);
    }
  } catch (failure) {
    return {
      why: `${at} cannot be set in the base campaign: ${failure instanceof Error ? failure.message : String(failure)}`,
    };
  }
  return document.toString();
}
