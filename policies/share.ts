// The share of a workflow's steps that agents did, from histories and from the audit log. Pure.
import { z } from 'zod';
import type { AuditEvent } from '../contracts/audit.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { gateResult } from '../contracts/gate.ts';
import { incidentInput } from '../contracts/incident.ts';
import { sighting } from '../contracts/monitor.ts';
import { MONITOR } from '../contracts/names.ts';
import { type Doer, type ReadHistory, type Share, type ShareStep, shareStep } from '../contracts/share.ts';

export interface DoneStep {
  readonly step: ShareStep;
  readonly by: Doer;
  readonly who: string;
  /** Of what is counted once, however often it was played. */
  readonly once: string;
  /** A human's, at this gate. */
  readonly gate?: { readonly gate: string; readonly option: string };
}
type Did = Pick<DoneStep, 'step' | 'by' | 'who' | 'gate'>;
type Played = ReadHistory['done'][number];

const proposed = z.looseObject({ how: z.literal('proposed'), with: z.string() });
const proposedBy = z.looseObject({ by: z.enum(['remedies', 'coding agent']) });
const reviewedBy = z.looseObject({
  how: z.literal('reviewed'),
  by: z.object({ model: z.string(), scripted: z.boolean() }),
});
const landed = z.looseObject({ how: z.literal('landed') });
const answered = z.looseObject({ result: gateResult });
const frozen = z.looseObject({ answer: z.null(), listed: z.literal(false) });
const requested = z.looseObject({ asks: z.array(z.string()) });
const tried = z.looseObject({ how: z.enum(['ran', 'checked']) });

const policy = (step: ShareStep, who: string) => (): Did => ({ step, by: 'policy', who });

/** What each activity is in the workflow of a team; those that are not here are machinery, and no step. */
const STEPS: Readonly<Record<string, (played: Played) => Did | undefined>> = {
  planTraining: policy('plan', 'curriculum'),
  measure: policy('evaluate', 'graders'),
  analyseLogs: () => ({ step: 'analyse', by: 'program', who: 'log analyst' }),
  reproduce: ({ result }) => (tried.safeParse(result).success ? policy('reproduce', 'tests')() : undefined),
  propose({ input, result }) {
    const made = proposed.safeParse(result).data;
    const means = proposedBy.safeParse(input).data;
    if (made === undefined || means === undefined) return undefined;
    return { step: 'propose', by: means.by === 'remedies' ? 'program' : 'model', who: made.with };
  },
  judgeChange: ({ result }) => (tried.safeParse(result).success ? policy('check', 'tests')() : undefined),
  reviewChange({ result }) {
    const review = reviewedBy.safeParse(result).data;
    if (review === undefined) return undefined;
    const { model, scripted } = review.by;
    return { step: 'review', by: 'model', who: scripted ? `${model} (scripted)` : model };
  },
  lookElsewhere: policy('look elsewhere', 'patterns'),
  /** Where nobody is asked, the policy has decided. */
  requestMerge: ({ input }) =>
    requested.safeParse(input).data?.asks.length === 0
      ? policy('decide', 'merge policy')()
      : policy('request', 'evidence')(),
  landCommit: ({ result }) =>
    landed.safeParse(result).success ? { step: 'merge', by: 'program', who: 'merge activity' } : undefined,
  /** A gate that critical.yaml does not list takes its recommended option. */
  freezeEvidence: ({ result }) => (frozen.safeParse(result).success ? policy('decide', 'gate policy')() : undefined),
  recordAnswer({ input }) {
    const result = answered.safeParse(input).data?.result;
    if (result === undefined) return undefined;
    if (result.how !== 'decided') return policy('decide', result.how === 'expired' ? 'silence' : 'gate policy')();
    const { approver, unattended } = result.decision.body;
    if (unattended) return policy('decide', 'recommendation')();
    return { step: 'decide', by: 'human', who: approver, gate: { gate: result.gate, option: result.option } };
  },
  assembleReport: policy('report', 'records'),
};

/** @returns steps of one run, in order; what is played again is told again, with the same `once` */
export function stepsIn({ workflowId, done, signals }: ReadHistory): DoneStep[] {
  const seen = signals.flatMap(({ name, input }): DoneStep[] => {
    const one = name === MONITOR.sighted ? sighting.safeParse(input).data : undefined;
    if (one === undefined) return [];
    const once = canonicalJson([one.job, one.specHash, one.cause]);
    return [{ step: 'monitor', by: 'program', who: 'monitor', once }];
  });
  const played = done.flatMap((one): DoneStep[] => {
    const did = STEPS[one.type]?.(one);
    if (did === undefined) return [];
    // An answer is recorded under its gate; a report is written anew for what is another state.
    const what = did.gate?.gate ?? canonicalJson(one.input ?? null);
    return [{ ...did, once: canonicalJson([workflowId, one.type, what]) }];
  });
  return [...seen, ...played];
}

/** Runs that belong to one campaign: its own, its incidents', their gates', and what of merge queues is theirs. */
export function ofCampaign(name: string, histories: readonly ReadHistory[]): ReadHistory[] {
  const incidents = histories.flatMap(({ type, input }) => {
    const given = type === 'incident' ? incidentInput.safeParse(input).data : undefined;
    return given?.campaign === name ? [given.incident as string] : [];
  });
  const names = new Set([name, ...incidents]);
  const changes = new Set(
    histories
      .filter(({ workflowId }) => incidents.some((incident) => workflowId === `incident/${incident}`))
      .flatMap(({ done }) => done.flatMap(({ result }) => changeIn(result))),
  );
  return histories.flatMap((one) => {
    const { workflowId, type, done } = one;
    if (type === 'mergeQueue')
      return [{ ...one, done: done.filter(({ input }) => changeIn(input).some((change) => changes.has(change))) }];
    if (type === 'gate') return names.has(workflowId.slice('gate/'.length).split('.', 1)[0]!) ? [one] : [];
    if (type === 'incident') return names.has(workflowId.slice('incident/'.length)) ? [one] : [];
    return workflowId === `campaign/${name}` || workflowId.startsWith(`campaign/${name}/`) ? [one] : [];
  });
}
const changeIn = (value: unknown): string[] => {
  const change = z.looseObject({ change: z.string() }).safeParse(value).data?.change;
  return change === undefined ? [] : [change];
};

/** @param audit undefined: decisions are believed as the histories have them, and the share says so */
export function shareOf(
  histories: readonly ReadHistory[],
  { audit, cut = false }: { readonly audit?: readonly AuditEvent[] | undefined; readonly cut?: boolean } = {},
): Share {
  const once = new Map(histories.flatMap(stepsIn).map((step) => [step.once, step]));
  const proven = new Set(
    (audit ?? []).flatMap((event) =>
      event.what === 'gate-closed' && event.decided !== null && !event.decided.unattended
        ? [`${event.gate} ${event.option}`]
        : [],
    ),
  );
  const isProven = ({ gate }: DoneStep): boolean =>
    audit === undefined || gate === undefined || proven.has(`${gate.gate} ${gate.option}`);
  const all = [...once.values()];
  const counted = all.filter(isProven);
  const count = (which: (step: DoneStep) => boolean): number => counted.filter(which).length;
  const byModels = count(({ by }) => by === 'model');
  const who = Map.groupBy(counted, ({ by, who }) => canonicalJson([by, who]));
  return {
    schema: 'anneal/share/v1',
    steps: shareStep.options
      .map((step) => ({
        step,
        model: count((one) => one.step === step && one.by === 'model'),
        program: count((one) => one.step === step && one.by === 'program'),
        policy: count((one) => one.step === step && one.by === 'policy'),
        human: count((one) => one.step === step && one.by === 'human'),
      }))
      .filter(({ model, program, policy: code, human }) => model + program + code + human > 0),
    who: [...who.values()]
      .map((steps) => ({ by: steps[0]!.by, who: steps[0]!.who, steps: steps.length }))
      .sort((a, b) => b.steps - a.steps || (a.who < b.who ? -1 : 1))
      .slice(0, 50),
    ...{ byAgents: byModels + count(({ by }) => by === 'program'), byModels, all: counted.length },
    unproven: all.flatMap((step) => (isProven(step) ? [] : [step.gate!.gate])).sort(),
    ...{ audited: audit !== undefined, histories: histories.length, cut },
  };
}

/** `7 of 19 steps (36.8%) by agents, 2 of them by models` */
export function shareSentence({ byAgents, byModels, all }: Pick<Share, 'byAgents' | 'byModels' | 'all'>): string {
  if (all === 0) return 'No step was done yet.';
  return `${byAgents} of ${all} steps (${((100 * byAgents) / all).toFixed(1)}%) were done by agents, ${byModels} of them by models.`;
}
