// What stands in Temporal and in the store, as gauges: running campaigns, their budgets, gates that wait. Looked up when
// Prometheus asks, so that a worker that has just started tells the same as one that has run for weeks.
import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { type CampaignSpec, campaignSpec } from '../../contracts/campaign.ts';
import { SEARCH } from '../../contracts/names.ts';
import { type CampaignState, campaignState } from '../../contracts/record.ts';
import { durationMs } from '../../contracts/units.ts';
import { readServed } from '../vllm/directory.ts';
import type { WorkerMetrics } from './registry.ts';

export interface BoardOptions {
  readonly client: Client;
  readonly store: ArtifactStore;
  readonly metrics: WorkerMetrics;
  /** Two scrapes within this share a look; default 10 s. */
  readonly everyMs?: number;
  /** How long a look may take; default 4 s. */
  readonly timeoutMs?: number;
}

const stageKey = defineSearchAttributeKey(SEARCH.stage, 'KEYWORD');
/** Time that its humans take is not the campaign's (workflows/campaign.ts). */
const WAITS: readonly string[] = ['decide', 'sealed-gate', 'release-gate'];

/** For `serveMetrics({before: createBoard(…)})`. It never throws: a failed look leaves the gauges empty and is counted. */
export function createBoard(options: BoardOptions): () => Promise<void> {
  const { client, store, metrics, everyMs = 10_000, timeoutMs = 4_000 } = options;
  const specs = new Map<string, CampaignSpec>();
  let looked = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  return () => {
    if (looking === undefined && performance.now() - looked >= everyMs) {
      looking = look()
        .catch(() => {
          clear(metrics);
          metrics.anneal_board_errors_total.inc();
        })
        .finally(() => {
          looked = performance.now();
          looking = undefined;
        });
    }
    return looking ?? Promise.resolve();
  };

  async function look(): Promise<void> {
    const [campaigns, gates] = await client.withDeadline(Date.now() + timeoutMs, () =>
      Promise.all([
        Array.fromAsync(client.workflow.list({ query: `WorkflowType = 'campaign' AND ExecutionStatus = 'Running'` })),
        Array.fromAsync(
          client.workflow.list({
            query: `WorkflowType = 'gate' AND ${SEARCH.gateState} = 'open' AND ExecutionStatus = 'Running'`,
          }),
        ),
      ]),
    );
    const running = await Promise.all(
      campaigns.map(async ({ workflowId, typedSearchAttributes }) => {
        const campaign = workflowId.replace(/^campaign\//, '');
        const [spec, state, served] = await Promise.all([
          specOf(campaign).catch(unread),
          stateOf(campaign).catch(unread),
          // Repairs between two moves tell nobody else.
          readServed(store, campaign).catch(unread),
        ]);
        return { campaign, stage: typedSearchAttributes.get(stageKey), spec, state, served };
      }),
    );
    const open = await Promise.all(
      gates.map(async ({ workflowId, startTime }) => {
        const { campaign, kind } = partsOf(workflowId);
        return { campaign, kind, startTime, spec: await specOf(campaign).catch(unread) };
      }),
    );
    // Nothing waits from here on: a scrape never sees half a board.
    clear(metrics);
    for (const { campaign, stage, spec, state, served } of running) {
      if (served !== undefined) metrics.anneal_campaign_engines_given_up.set({ campaign }, served.lost?.length ?? 0);
      if (stage !== undefined) metrics.anneal_campaign_stage.set({ campaign, stage }, 1);
      if (spec !== undefined) {
        metrics.anneal_campaign_rounds_planned.set({ campaign }, spec.rounds);
        metrics.anneal_campaign_budget_tokens.set({ campaign }, spec.budget.tokens);
        metrics.anneal_campaign_budget_seconds.set({ campaign }, durationMs(spec.budget.wallClock) / 1000);
      }
      if (state !== undefined) showState(campaign, state, metrics);
    }
    // The oldest last: of several gates of a kind its age is the one that stays.
    for (const { campaign, kind, startTime, spec } of open.toSorted((a, b) => +b.startTime - +a.startTime)) {
      metrics.anneal_gates_open.inc({ campaign, kind });
      const age = (Date.now() - startTime.getTime()) / 1000;
      metrics.anneal_gate_age_seconds.set({ campaign, kind }, Math.max(0, age));
      if (spec !== undefined)
        metrics.anneal_gate_reminder_seconds.set({ campaign, kind }, durationMs(spec.gates.remindAfter) / 1000);
    }
  }

  /** One campaign that cannot be read does not hide the others. */
  function unread(): undefined {
    metrics.anneal_board_errors_total.inc();
  }

  /** A specification never changes. */
  async function specOf(campaign: string): Promise<CampaignSpec | undefined> {
    const known = specs.get(campaign);
    if (known !== undefined) return known;
    const named = await store.readNamed(`campaigns/${campaign}/spec`);
    if (named === undefined) return undefined;
    const spec = campaignSpec.parse(decode(await store.get(artifactRef.parse(decode(named.bytes)))));
    specs.set(campaign, spec);
    return spec;
  }

  async function stateOf(campaign: string): Promise<CampaignState | undefined> {
    const named = await store.readNamed(`campaigns/${campaign}/state`);
    return named === undefined ? undefined : campaignState.parse(decode(named.bytes));
  }
}

function showState(campaign: string, state: CampaignState, metrics: WorkerMetrics): void {
  metrics.anneal_campaign_rounds.set({ campaign }, state.round);
  metrics.anneal_campaign_spent_tokens.set({ campaign }, state.tokens);
  const worked = state.stages.reduce((sum, { stage, seconds }) => sum + (WAITS.includes(stage) ? 0 : seconds), 0);
  metrics.anneal_campaign_worked_seconds.set({ campaign }, worked);
  const measured = (version: number) =>
    state.rounds.findLast((round) => round.to === version)?.gate ?? (version === 0 ? state.baseline : undefined);
  for (const [version, number] of [
    ['base', 0],
    ['best', state.best],
    ['latest', state.latest],
  ] as const) {
    const rate = (version === 'base' ? state.baseline : measured(number))?.passRate.value;
    if (rate !== undefined) metrics.anneal_campaign_gate_pass_ratio.set({ campaign, version }, rate);
  }
}

function clear(metrics: WorkerMetrics): void {
  metrics.anneal_campaign_stage.reset();
  metrics.anneal_campaign_rounds.reset();
  metrics.anneal_campaign_rounds_planned.reset();
  metrics.anneal_campaign_spent_tokens.reset();
  metrics.anneal_campaign_budget_tokens.reset();
  metrics.anneal_campaign_worked_seconds.reset();
  metrics.anneal_campaign_budget_seconds.reset();
  metrics.anneal_campaign_gate_pass_ratio.reset();
  metrics.anneal_campaign_engines_given_up.reset();
  metrics.anneal_gates_open.reset();
  metrics.anneal_gate_age_seconds.reset();
  metrics.anneal_gate_reminder_seconds.reset();
}

/** `gate/<campaign>.<kind>-<n>` */
function partsOf(workflowId: string): { campaign: string; kind: string } {
  const [, campaign = 'unknown', kind = 'unknown'] = /^gate\/([^.]+)\.(.+?)(?:-\d+)?$/.exec(workflowId) ?? [];
  return { campaign, kind };
}

const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
