// A planner that reads: it has the goal and the last report put as a question to documents, an experiment proposed on the last campaign, and takes
// that experiment's first campaign that varies anything as its plan. It decides nothing and starts nothing.
import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { z } from 'zod';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import { campaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { experimentSpec } from '../contracts/experiment.ts';
import type { CampaignName } from '../contracts/ids.ts';
import { specName } from '../contracts/names.ts';
import {
  type BaseCampaign,
  baseCampaign,
  type Corpus,
  corpus as corpusSchema,
  type ResearchBudget,
  type ResearchInput,
  researchName,
  researchReport,
} from '../contracts/research.ts';
import type { TeamReport } from '../contracts/rl-team.ts';
import { planningBudget } from '../policies/rl-team.ts';
import type { Documents } from './read.ts';
import type { RlTeamPorts } from './rl-team.ts';

/** Whoever proposes the experiment: a question, and another one where the answer has no form. */
const EXPERIMENT: ResearchBudget = { turns: 2, tokens: 4_000, seconds: 600 };
const MOST_QUESTION = 2_000;

export function createResearchPlanner(ports: {
  readonly store: ArtifactStore;
  readonly documents: Documents;
}): NonNullable<RlTeamPorts['planner']> {
  const { store, documents } = ports;

  return {
    async research({ team, owner, goal, iteration, number, runChain, last, campaign, documents: given, base }) {
      const from = (campaign === null ? undefined : await specOf(campaign)) ?? base;
      if (from === null || from === undefined)
        return { why: 'no campaign is there to plan from: ./anneal rl-team plan gives one (or start with --base)' };
      const spec = await documents.read(campaignSpec, from);
      const corpus = await corpusOf(given, last);
      if (corpus === undefined)
        return { why: 'nothing is there to read: ./anneal rl-team plan gives a plan (or start with --documents)' };
      const budget = planningBudget(spec.budget);
      const carried: BaseCampaign = { schema: 'anneal/base-campaign/v1', text: canonicalJson(spec), files: [] };
      // Another cycle by the same name has researches of its own: what it found is not what this one asks about.
      const what = canonicalJson({ team, runChain, iteration, number });
      const input: ResearchInput = {
        ...{ schema: 'anneal/research/v1', base: null, owner, corpus, budget },
        research: researchName.parse(`research-${createHash('sha256').update(what).digest('hex').slice(0, 12)}`),
        question: questionOf(goal, last),
      };
      const left = { ...EXPERIMENT, tokens: Math.min(EXPERIMENT.tokens, budget.tokens) };
      return { input, base: await documents.write(baseCampaign.parse(carried)), left };
    },

    async plan({ report, experiment, base }) {
      const [found, proposed] = [
        await documents.read(researchReport, report),
        await documents.read(experimentSpec, experiment),
      ];
      if (proposed.base.sha256 !== base.sha256) return { why: 'its experiment is on another campaign' };
      const arm = proposed.arms.find(({ settings }) => settings.length > 0);
      if (arm === undefined) return { why: 'its experiment varies nothing' };
      const read = campaignSpec.safeParse(parse(new TextDecoder().decode(await store.get(arm.campaign))));
      if (!read.success)
        return { why: `its experiment makes no campaign: ${z.prettifyError(read.error).slice(0, 300)}` };
      const varied = arm.settings.map(({ path, value }) => `${path} = ${value}`).join(', ');
      const others = proposed.arms.length - 2;
      const more = others > 0 ? ` ${others} more of its campaigns are not planned.` : '';
      const who = found.by === null ? 'a model' : `${found.by.model}${found.by.scripted ? ' (scripted)' : ''}`;
      return {
        spec: read.data,
        hypothesis: `${proposed.hypothesis} Varied: ${varied}. Refuted by: ${proposed.refuted}${more}`,
        by: { kind: 'model', who: who.slice(0, 100) },
        ...{ research: found.research, tokens: found.spent.tokens },
      };
    },
  };

  /** What a campaign was started with; undefined where it never was. */
  async function specOf(campaign: CampaignName): Promise<ArtifactRef | undefined> {
    const found = await store.readNamed(specName(campaign));
    return found && artifactRef.parse(JSON.parse(new TextDecoder().decode(found.bytes)));
  }

  /** The order's documents, and what the last campaign came to as one more. */
  async function corpusOf(given: ArtifactRef | null, last: TeamReport | undefined): Promise<ArtifactRef | undefined> {
    if (last === undefined) return given ?? undefined;
    const own: Corpus =
      given === null
        ? { schema: 'anneal/research-corpus/v1', documents: [], refused: [] }
        : await documents.read(corpusSchema, given);
    const text = [`# Report on ${last.campaign}`, `It ended: ${last.ending}.`, ...last.sentences].join('\n\n');
    const object = await store.put(`${text}\n`);
    return documents.write({
      ...own,
      documents: [...own.documents.slice(0, MOST_DOCUMENTS), { path: LAST_REPORT, form: 'markdown', object }],
    });
  }
}

/** With the report as many as a corpus may have. */
const MOST_DOCUMENTS = 4_999;
/** No path of a folder begins so. */
const LAST_REPORT = './last-report.md';

/** The goal is what documents are searched by; the report is among them. */
const questionOf = (goal: string, last: TeamReport | undefined): string =>
  (last === undefined ? goal : `${goal} (after ${last.campaign})`).slice(0, MOST_QUESTION);
