// What people see of a campaign while it runs: the status query, search attributes, and the table in Temporal's UI.

import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, setCurrentDetails, setHandler, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import type { CampaignSpec } from '../contracts/campaign.ts';
import type { PolicyName } from '../contracts/ids.ts';
import type { IncidentName } from '../contracts/incident.ts';
import { CAMPAIGN, incidentWorkflowId, SEARCH } from '../contracts/names.ts';
import type { PipelineCounts } from '../contracts/pipeline.ts';
import type { CampaignState, CampaignStatus, PartialMove, Stage } from '../contracts/record.ts';
import type { LostServer } from '../contracts/weight-update.ts';
import { givenUpSentence } from '../policies/given-up.ts';
import { lookFacts } from '../policies/look-facts.ts';

const stageKey = defineSearchAttributeKey(SEARCH.stage, 'KEYWORD');
const roundKey = defineSearchAttributeKey(SEARCH.round, 'INT');

export interface Desk {
  /** Times `work` as one stage, shows it while it lasts, and books its seconds. */
  during<T>(stage: Stage, work: () => Promise<T>, options?: { round?: number; activeWorkflow?: string }): Promise<T>;
  watch(activeWorkflow: string): void;
  waitFor(gate: CampaignStatus['openGate']): void;
  failed(error: CampaignStatus['error']): void;
  /** Agents have been given a failure, and the campaign waits for them. */
  mending(incident: IncidentName | undefined): void;
  /** The servers have moved to a version, but for these. */
  moved(policy: PolicyName, lost: readonly LostServer[]): void;
  /** Moves since the round began that gave servers up, the newest of each version. */
  partialMoves(): PartialMove[];
  /** Where the groups of rollouts are that overlap with training. */
  groups(counts: PipelineCounts): void;
  ended(): void;
}

export function openDesk(spec: CampaignSpec, state: CampaignState): Desk {
  const status: CampaignStatus = { state, stage: 'construct' };
  let round = state.round;
  const partial = new Map<PolicyName, PartialMove>();
  setHandler(defineQuery<CampaignStatus>(CAMPAIGN.status), () => status, {
    description: 'Everything about the campaign',
  });

  function show(): void {
    upsertSearchAttributes([
      { key: stageKey, value: status.stage },
      { key: roundKey, value: round },
    ]);
    setCurrentDetails(details(spec, status, round));
  }

  return {
    async during(stage, work, options = {}) {
      const startedAt = Date.now();
      status.stage = stage;
      round = options.round ?? state.round;
      set('activeWorkflow', options.activeWorkflow);
      show();
      const result = await work();
      const seconds = (Date.now() - startedAt) / 1000;
      state.stages.push({ stage, ...(options.round === undefined ? {} : { round: options.round }), seconds });
      return result;
    },
    watch: (id) => set('activeWorkflow', id),
    waitFor(openGate) {
      set('openGate', openGate);
      set('waitingFor', openGate === undefined ? undefined : `a decision on ${openGate.gate}`);
      show();
    },
    failed(error) {
      set('error', error);
      show();
    },
    mending(incident) {
      set('waitingFor', incident && `agents, who look at it: ./anneal incident show ${incident}`);
      set('activeWorkflow', incident && incidentWorkflowId(incident));
      show();
    },
    moved(policy, lost) {
      // What shows nothing new makes no command: campaigns that began before servers told of it are played as they were.
      if (lost.length === 0 && state.givenUp === undefined) return;
      if (lost.length > 0) {
        state.givenUp = { policy, servers: [...lost] };
        partial.set(policy, state.givenUp);
      } else delete state.givenUp;
      show();
    },
    partialMoves: () => [...partial.values()],
    groups(counts) {
      status.pipeline = counts;
    },
    ended() {
      status.stage = 'ended';
      upsertMemo({ ending: state.ending, best: state.best });
      show();
    },
  };

  function set<K extends 'activeWorkflow' | 'openGate' | 'waitingFor' | 'error'>(
    key: K,
    value: CampaignStatus[K],
  ): void {
    if (value === undefined) delete status[key];
    else status[key] = value;
  }
}

/** Where promotion is certified: the newest look, or what two measurements of version 0 showed. */
function evidence({ certified, rounds }: CampaignState): string[] {
  if (certified === undefined) return [];
  const last = rounds.findLast((round) => round.look !== undefined);
  if (last?.look === undefined) return [certified.noise.why];
  const facts = lookFacts(last.look, certified.noise).map(({ name, value }) => `${name} ${value}`);
  return [`Round ${last.round}: ${last.why}`, facts.join(' · ')];
}

/** Temporal's UI leaves no room between columns: spaces that do not break do. */
const row = (...cells: (string | number)[]): string => `| ${cells.map((cell) => `${cell}\u00a0\u00a0`).join(' | ')} |`;
const RULE = '|---|---|---|---|---|---|---|';
const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;

function details(spec: CampaignSpec, { state, stage, openGate, error }: CampaignStatus, round: number): string {
  const rows = state.rounds.map(({ round, verdict, visible, gate: { passRate, formatRate }, tokens, seconds }) => {
    const gate = `${percent(passRate.value)} (${percent(passRate.low)}–${percent(passRate.high)})`;
    const time = `${seconds.toFixed(0)} s`;
    return row(round, verdict, percent(visible.passRate.value), gate, percent(formatRate.value), tokens, time);
  });
  const gate =
    openGate &&
    `**Waits for a human**: \`./anneal decide ${openGate.gate} OPTION --reason "…"\` before ${openGate.deadline}`;
  return [
    `**${stage}** · round ${round} of ${spec.rounds} · best v${state.best}, latest v${state.latest} · ${state.tokens} of ${spec.budget.tokens} tokens`,
    ...(gate ? [gate] : []),
    ...(error ? [`**${error.code}**: ${error.message}`] : []),
    ...(state.givenUp ? [givenUpSentence(state.givenUp)] : []),
    ...(state.baseline ? [`Baseline on the gate split: ${percent(state.baseline.passRate.value)}`] : []),
    ...evidence(state),
    ...(rows.length > 0
      ? [
          [
            row('round', 'verdict', 'visible (version before)', 'gate (version after)', 'format', 'tokens', 'time'),
            RULE,
            ...rows,
          ].join('\n'),
        ]
      : []),
  ].join('\n\n');
}
