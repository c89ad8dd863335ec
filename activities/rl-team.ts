// The roles of a team's cycle, called by small ports, so that whoever plans or analyses can be another one tomorrow.
import { z } from 'zod';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import { type CampaignSpec, campaignSpec } from '../contracts/campaign.ts';
import { AnnealError } from '../contracts/errors.ts';
import { evidence as evidenceSchema, type Identity } from '../contracts/gate.ts';
import { specName } from '../contracts/names.ts';
import type { CampaignState } from '../contracts/record.ts';
import type { ResearchName } from '../contracts/research.ts';
import { PLANNED_CAMPAIGN, type RlTeamName, type TeamPlan, type TeamReport, teamReport } from '../contracts/rl-team.ts';
import { isTrigger } from '../policies/rl-team.ts';
import { readAnswer } from './gates.ts';
import type { Documents } from './read.ts';
import type { Planning, PlanningResearch, ProposedPlan, RlTeamActivities } from './rl-team-interface.ts';

export interface RlTeamPorts {
  readonly store: ArtifactStore;
  readonly documents: Documents;
  readonly identity: Identity;
  /** Plans by itself, from the goal and the last report; undefined: only humans give plans. */
  readonly planner?: {
    /** What it would have read first, and what it would vary. */
    readonly research: (
      of: Planning & {
        readonly team: RlTeamName;
        readonly goal: string;
        readonly iteration: number;
        readonly last: TeamReport | undefined;
      },
    ) => Promise<PlanningResearch | { readonly why: string }>;
    readonly plan: (of: {
      readonly report: ArtifactRef;
      readonly experiment: ArtifactRef;
      readonly base: ArtifactRef;
    }) => Promise<
      | {
          readonly spec: CampaignSpec;
          readonly hypothesis: string;
          readonly by: TeamPlan['by'];
          readonly research: ResearchName;
          readonly tokens: number;
        }
      | { readonly why: string }
    >;
  };
  /** One turn of looking at what a campaign came to; sentences that it cannot prove by the records it must not give. */
  readonly analyst: (of: {
    readonly campaign: TeamPlan['campaign'];
    readonly turn: number;
    readonly before: TeamReport | undefined;
  }) => Promise<{ sentences: readonly string[]; tokens: number; done: boolean }>;
  readonly firstState: (spec: CampaignSpec, ref: ArtifactRef) => Promise<CampaignState>;
}

const MOST_SENTENCES = 500;
const NO_PLANNER = 'no plan is there, and no model is configured that could make one: ./anneal rl-team plan gives one';

export function createRlTeamActivities(ports: RlTeamPorts): RlTeamActivities {
  const { store, documents, identity } = ports;
  const reportOf = async (ref: ArtifactRef | null) => (ref === null ? undefined : documents.read(teamReport, ref));

  return {
    async proposePlan({ team, goal, iteration, given, last, planning }) {
      if (given === null) {
        if (ports.planner === undefined || planning === undefined) return { how: 'none', why: NO_PLANNER };
        const first = await ports.planner.research({ ...planning, team, goal, iteration, last: await reportOf(last) });
        return 'why' in first ? { how: 'none', why: first.why } : { how: 'research', ...first };
      }
      const read = campaignSpec.safeParse(await documents.read(z.unknown(), given));
      if (!read.success)
        return { how: 'none', why: `what was given is no campaign: ${z.prettifyError(read.error).slice(0, 300)}` };
      const { description, owner } = read.data;
      const hypothesis = description === '' ? 'As its file says.' : description;
      return planOf(read.data, given, { hypothesis, by: { kind: 'human', who: owner } });
    },

    async planFrom({ report, experiment, base, tokens }) {
      if (ports.planner === undefined) return { how: 'none', why: NO_PLANNER };
      const own = await ports.planner.plan({ report, experiment, base });
      if ('why' in own) return { how: 'none', why: own.why };
      const { spec, hypothesis, by, research } = own;
      const spent = own.tokens + tokens;
      const ref = await documents.write(campaignSpec.parse(spec));
      return planOf(spec, ref, { hypothesis, by, from: { research, report, experiment, tokens: spent } });
    },

    async beginPlan({ plan, evidence }) {
      const { gate, campaign, runChain, options, ...shown } = await documents.read(evidenceSchema, evidence);
      const refused = (why: string): AnnealError => new AnnealError('decision.not_verified', `${gate}: ${why}`);
      // Whoever reaches Temporal may say that somebody has decided: the answer on record says who, on what.
      const isAbout =
        shown.kind === 'plan' &&
        // What else is attached was read by whoever proposed it, and is nothing to run.
        shown.attachments.some(({ name, object }) => name === PLANNED_CAMPAIGN && object.sha256 === plan.spec.sha256);
      if (!isAbout) throw refused('it was not about this plan');
      const answer = await readAnswer(store, gate);
      if (answer === undefined || answer.how !== 'decided' || !isTrigger(answer, 'run'))
        throw refused('nobody has decided to run it');
      if (answer.decision.body.option !== 'run') throw refused('what was signed is another answer');
      const spec = await documents.read(campaignSpec, plan.spec);
      const context = {
        campaign,
        runChain,
        gate,
        evidenceHash: evidence.sha256,
        options: options.map(({ name }) => name),
        owner: spec.owner,
      };
      await identity.verifyAll(answer, context);
      if (
        !(await store.createNamed(specName(spec.name), JSON.stringify(plan.spec))) &&
        !(await mayBegin(spec, plan.spec))
      )
        throw new AnnealError('campaign.duplicate_name', `a campaign ${spec.name} exists with another specification`);
      return { spec, state: await ports.firstState(spec, plan.spec) };
    },

    async analyseCampaign({ campaign, ending, turn, report }) {
      const before = await reportOf(report);
      // A turn that was played before its worker died is played again: what it adds is what the records say.
      const { sentences, tokens, done } = await ports.analyst({ campaign, turn, before });
      const all = [...(before?.sentences ?? []), ...sentences.map((one) => one.slice(0, 1_000))].slice(
        0,
        MOST_SENTENCES,
      );
      const written: TeamReport = {
        ...({ schema: 'anneal/team-report/v1', campaign, ending, sentences: all, stopped: 'done' } as const),
        ...{ turns: turn, tokens: (before?.tokens ?? 0) + tokens },
      };
      return { report: await documents.write(written), tokens, done };
    },

    async closeReport({ report, turns, tokens, stopped }) {
      const written = await documents.read(teamReport, report);
      return { report: await documents.write({ ...written, turns, tokens, stopped } satisfies TeamReport) };
    },
  };

  async function planOf(
    spec: CampaignSpec,
    ref: ArtifactRef,
    { hypothesis, ...more }: Pick<TeamPlan, 'hypothesis' | 'by' | 'from'>,
  ): Promise<ProposedPlan> {
    const { name } = spec;
    if (!(await mayBegin(spec, ref)))
      return { how: 'none', why: `a campaign ${name} exists with another specification` };
    return { how: 'proposed', plan: { campaign: name, spec: ref, hypothesis: hypothesis.slice(0, 2_000), ...more } };
  }

  async function mayBegin({ name }: CampaignSpec, ref: ArtifactRef): Promise<boolean> {
    const known = await store.readNamed(specName(name));
    return (
      known === undefined || artifactRef.parse(JSON.parse(new TextDecoder().decode(known.bytes))).sha256 === ref.sha256
    );
  }
}
