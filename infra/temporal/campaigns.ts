// Campaigns as commands and the console see them: submit, look, resume, cancel.
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { z } from 'zod';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { type CampaignSpec, campaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type CampaignName, campaignName, makePolicyName, type Sha256 } from '../../contracts/ids.ts';
import { CAMPAIGN, campaignWorkflowId, QUEUES, SEARCH } from '../../contracts/names.ts';
import { type CampaignInput, type CampaignState, type CampaignStatus, campaignState } from '../../contracts/record.ts';
import { durationMs } from '../../contracts/units.ts';
import { progressOf } from './progress.ts';

export interface CampaignSummary {
  readonly name: string;
  readonly status: string;
  readonly stage: string;
  readonly round: number | undefined;
  readonly owner: string;
  readonly startedAt: string;
}

const KEYS = {
  campaign: defineSearchAttributeKey(SEARCH.campaign, 'KEYWORD'),
  stage: defineSearchAttributeKey(SEARCH.stage, 'KEYWORD'),
  round: defineSearchAttributeKey(SEARCH.round, 'INT'),
  owner: defineSearchAttributeKey(SEARCH.owner, 'KEYWORD'),
};

const rateTable = z.record(z.string(), z.number());

export type Campaigns = ReturnType<typeof createCampaigns>;

export function createCampaigns(client: Client, store: ArtifactStore) {
  const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
  const handle = (name: CampaignName) => client.workflow.getHandle(campaignWorkflowId(name));

  return {
    submit,
    pilot,
    status,
    statusWithProgress,
    spec: specOf,
    list,
    cancel,
    resume,
    phase,
    savedState,
    reportRef,
  };

  /** `started`, or `attached` when the same campaign already runs, or `ended` when it already finished. */
  async function submit(
    campaign: { spec: CampaignSpec; specJson: string; hash: Sha256 },
    passRates: Uint8Array | undefined,
  ): Promise<'started' | 'attached' | 'ended'> {
    const { spec, specJson, hash } = campaign;
    const ref = await store.put(specJson);
    const key = `campaigns/${spec.name}/spec`;
    if (!(await store.createNamed(key, JSON.stringify(ref)))) {
      const known = artifactRef.parse(decode((await store.readNamed(key))!.bytes));
      if (known.sha256 !== hash) {
        throw new AnnealError('campaign.duplicate_name', `a campaign ${spec.name} exists with another specification`);
      }
    }
    if (passRates !== undefined) await store.createNamed(`campaigns/${spec.name}/starting-pass-rates`, passRates);
    const now = await phase(spec.name);
    if (now === 'running') return 'attached';
    if (now === 'closed') return 'ended';
    return (await start(spec, firstState(spec, ref, hash))) ? 'started' : 'attached';
  }

  /** Runs the base model over every visible task, `samples` times, and gives each task's pass rate. */
  async function pilot(
    spec: CampaignSpec,
    samples: number,
    onProgress: (done: number, total: number) => void,
  ): Promise<Record<string, number>> {
    // A campaign of its own name: its ids and its task set never mix with the campaign's.
    const own: CampaignSpec = { ...spec, name: campaignName.parse(`${spec.name}-pilot`) };
    const ref = await store.put(canonicalJson(own));
    const workflowId = `pilot/${own.name}`;
    const policy = firstState(own, ref, ref.sha256).policies[0]!;
    const options = { concurrency: spec.rollouts.concurrency, timeoutMs: durationMs(spec.rollouts.timeout) };
    const args = [{ campaign: own.name, spec: ref, policy, samples, ...options }];
    const run = await client.workflow.start('pilot', { workflowId, taskQueue: QUEUES.control, args });
    const timer = setInterval(
      () => void progressOf(client, workflowId).then((p) => p && onProgress(p.done, p.total)),
      2_000,
    );
    try {
      const rates = artifactRef.parse(await run.result());
      return rateTable.parse(decode(await store.get(rates)));
    } finally {
      clearInterval(timer);
    }
  }

  async function start(spec: CampaignSpec, state: CampaignState): Promise<boolean> {
    const input: CampaignInput = { spec, state };
    try {
      await client.workflow.start('campaign', {
        workflowId: campaignWorkflowId(spec.name),
        taskQueue: QUEUES.control,
        args: [input],
        staticSummary: spec.description === '' ? `campaign ${spec.name}` : spec.description.slice(0, 200),
        staticDetails: `Seed ${spec.seed}, ${spec.rounds} rounds, base ${spec.policy.base}. Specification ${state.specHash.slice(0, 12)}.`,
        memo: { specHash: state.specHash },
        typedSearchAttributes: new TypedSearchAttributes([
          { key: KEYS.campaign, value: spec.name },
          { key: KEYS.owner, value: spec.owner },
          { key: KEYS.stage, value: 'construct' },
          { key: KEYS.round, value: state.round },
        ]),
      });
      return true;
    } catch (failure) {
      if (failure instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw failure;
    }
  }

  async function phase(name: CampaignName): Promise<'absent' | 'running' | 'closed'> {
    try {
      const { status: found } = await handle(name).describe();
      return found.name === 'RUNNING' ? 'running' : 'closed';
    } catch (failure) {
      if (failure instanceof WorkflowNotFoundError) return (await savedState(name)) === undefined ? 'absent' : 'closed';
      throw failure;
    }
  }

  /** The live status; for a campaign that ended and whose history is gone, the saved state. */
  async function status(name: CampaignName): Promise<CampaignStatus> {
    try {
      return await handle(name).query<CampaignStatus>(CAMPAIGN.status);
    } catch (failure) {
      if (!(failure instanceof WorkflowNotFoundError)) throw unavailable(failure);
      const state = await savedState(name);
      if (state === undefined) throw new AnnealError('campaign.not_found', `no campaign is called ${name}`);
      return { state, stage: 'ended' };
    }
  }

  async function statusWithProgress(name: CampaignName): Promise<CampaignStatus> {
    const now = await status(name);
    if (now.activeWorkflow === undefined || now.openGate !== undefined) return now;
    const progress = await progressOf(client, now.activeWorkflow);
    return progress === undefined ? now : { ...now, progress };
  }

  async function savedState(name: CampaignName): Promise<CampaignState | undefined> {
    const saved = await store.readNamed(`campaigns/${name}/state`);
    return saved === undefined ? undefined : campaignState.parse(decode(saved.bytes));
  }

  async function list(): Promise<CampaignSummary[]> {
    const found: CampaignSummary[] = [];
    for await (const w of client.workflow.list({ query: `WorkflowType = 'campaign' ORDER BY StartTime DESC` })) {
      const seen = w.typedSearchAttributes;
      const name = seen.get(KEYS.campaign) ?? w.workflowId;
      // One row a campaign: each round is a run of its own.
      if (found.some((other) => other.name === name)) continue;
      found.push({
        name,
        status: w.status.name.toLowerCase(),
        stage: seen.get(KEYS.stage) ?? '',
        round: seen.get(KEYS.round),
        owner: seen.get(KEYS.owner) ?? '',
        startedAt: w.startTime.toISOString(),
      });
    }
    return found;
  }

  async function cancel(name: CampaignName): Promise<void> {
    const now = await phase(name);
    if (now === 'absent') throw new AnnealError('campaign.not_found', `no campaign is called ${name}`);
    if (now === 'closed') throw new AnnealError('campaign.not_running', `${name} is not running`);
    await handle(name).cancel();
  }

  /** Starts a campaign again from its last saved state; what was finished is found, not repeated. */
  async function resume(name: CampaignName): Promise<void> {
    const now = await phase(name);
    if (now === 'running')
      throw new AnnealError('campaign.duplicate_name', `${name} is running; there is nothing to resume`);
    const ref = await specRef(name);
    const spec = await specOf(name);
    const saved = await savedState(name);
    if (saved?.ending === 'released')
      throw new AnnealError('campaign.not_running', `${name} has released a version; it is complete`);
    const state: CampaignState = { ...(saved ?? firstState(spec, ref, ref.sha256)), ending: 'running' };
    delete state.stoppedBy;
    await start(spec, state);
  }

  async function specRef(name: CampaignName): Promise<ArtifactRef> {
    const known = await store.readNamed(`campaigns/${name}/spec`);
    if (known === undefined) throw new AnnealError('campaign.not_found', `no campaign is called ${name}`);
    return artifactRef.parse(decode(known.bytes));
  }

  async function specOf(name: CampaignName): Promise<CampaignSpec> {
    return campaignSpec.parse(decode(await store.get(await specRef(name))));
  }

  async function reportRef(name: CampaignName) {
    const named = await store.readNamed(`campaigns/${name}/report`);
    return named === undefined ? undefined : artifactRef.parse(decode(named.bytes));
  }
}

function firstState(spec: CampaignSpec, ref: CampaignState['spec'], hash: Sha256): CampaignState {
  const base = { campaign: spec.name, number: 0, name: makePolicyName(spec.name, 0), base: spec.policy.base };
  return {
    version: 1,
    campaign: spec.name,
    spec: ref,
    specHash: hash,
    runChain: '',
    startedAt: new Date().toISOString(),
    round: 0,
    policies: [{ ...base, parent: null, adapter: null, adapterGguf: null, optimizer: null }],
    latest: 0,
    best: 0,
    rounds: [],
    gates: [],
    stages: [],
    tokens: 0,
    ending: 'running',
  };
}

export const parseCampaignName = (text: string): CampaignName => {
  const parsed = campaignName.safeParse(text);
  if (!parsed.success) throw new AnnealError('campaign.not_found', `${JSON.stringify(text)} is not a campaign's name`);
  return parsed.data;
};

function unavailable(failure: unknown): unknown {
  const message = failure instanceof Error ? failure.message : String(failure);
  if (/no poller|deadline|unavailable|timed? ?out/i.test(message)) {
    return new AnnealError('stack.not_running', 'no worker answers for this campaign', { cause: failure });
  }
  return failure;
}
