// Campaigns as commands and the console see them: submit, look, resume, cancel.
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { type CampaignSpec, campaignSpec } from '../../contracts/campaign.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { CampaignName, Sha256 } from '../../contracts/ids.ts';
import { sourceFilesName } from '../../contracts/locked-set.ts';
import {
  baseWeightsOf,
  CAMPAIGN,
  calibrationSetName,
  campaignWorkflowId,
  profileName,
  QUEUES,
} from '../../contracts/names.ts';
import { type PolicyWeights, policyWeights } from '../../contracts/policy-version.ts';
import { type Turn, turnOf } from '../../contracts/queues.ts';
import { type CampaignInput, type CampaignState, type CampaignStatus, campaignState } from '../../contracts/record.ts';
import { howBrokenOff } from './broken-off.ts';
import { CAMPAIGN_KEYS, listCampaigns } from './campaign-list.ts';
import { specKey } from './campaign-names.ts';
import { firstState } from './first-state.ts';
import { newestRun } from './newest-run.ts';
import { unreadableFor } from './payload-trouble.ts';
import { progressOf } from './progress.ts';

/**
 * Called directly before a start, which is then asked for within START_MS.
 * `runs`: it runs already, and is not started again should it close now. What it throws prevents the start.
 */
export type BeforeStart = () => Promise<'start' | 'runs'>;
/** Far less than a reservation lasts (policies/team-reservations.ts): the server is not asked for longer. */
export const START_MS = 60_000;

export type Campaigns = ReturnType<typeof createCampaigns>;

/** @param turn whose turn a campaign's work takes where queues are shared: its team's, where there are teams */
export function createCampaigns(
  client: Client,
  store: ArtifactStore,
  turn: (owner: string) => Turn = (owner) => turnOf(owner),
) {
  const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
  const handle = (name: CampaignName) => client.workflow.getHandle(campaignWorkflowId(name));

  return {
    submit,
    status,
    statusWithProgress,
    spec: specOf,
    list: () => listCampaigns(client, savedState),
    cancel,
    resume,
    phase,
    brokenOff,
    endedAt,
    newestRun: (workflowId: string) => newestRun(client, workflowId),
    savedState,
    reportRef,
  };

  /**
   * `started`, or `attached` when the same campaign already runs, or `ended` when it already finished.
   * @throws AnnealError `campaign.duplicate_name`; `campaign.broken_off` when it stopped without an end
   */
  async function submit(
    campaign: { spec: CampaignSpec; specJson: string; hash: Sha256 },
    beside: {
      readonly passRates?: Uint8Array;
      readonly profile?: string;
      readonly weights?: PolicyWeights;
      readonly source?: ArtifactRef;
      /** The file that its judge is calibrated with. */
      readonly judgeCalibration?: string;
      readonly beforeStart?: BeforeStart;
    } = {},
  ): Promise<'started' | 'attached' | 'ended'> {
    const { spec, specJson, hash } = campaign;
    const ref = await store.put(specJson);
    const key = specKey(spec.name);
    if (!(await store.createNamed(key, JSON.stringify(ref)))) {
      const known = artifactRef.parse(decode((await store.readNamed(key))!.bytes));
      if (known.sha256 !== hash) {
        throw new AnnealError('campaign.duplicate_name', `a campaign ${spec.name} exists with another specification`);
      }
    }
    const { passRates, profile, weights, source, judgeCalibration, beforeStart } = beside;
    if (passRates !== undefined) await store.createNamed(`campaigns/${spec.name}/starting-pass-rates`, passRates);
    if (profile !== undefined) await keepProfile(spec.name, profile);
    if (judgeCalibration !== undefined) await store.createNamed(calibrationSetName(spec.name), judgeCalibration);
    if (source !== undefined) await store.createNamed(sourceFilesName(spec.name), JSON.stringify(source));
    // Those that were published when it was submitted, whatever is published later.
    if (weights !== undefined) await store.createNamed(baseWeightsOf(spec.name), JSON.stringify(weights));
    const now = await phase(spec.name);
    if (now === 'running') return 'attached';
    if (now === 'closed') {
      const broken = await brokenOff(spec.name);
      if (broken !== undefined) throw broken;
      return 'ended';
    }
    return (await start(spec, await fresh(spec, ref, hash), beforeStart)) ? 'started' : 'attached';
  }

  async function fresh(spec: CampaignSpec, ref: ArtifactRef, hash: Sha256): Promise<CampaignState> {
    const kept = await store.readNamed(baseWeightsOf(spec.name));
    return firstState(spec, ref, hash, kept === undefined ? undefined : policyWeights.parse(decode(kept.bytes)));
  }

  /** The one that jobs and servers are made by for as long as the campaign exists. */
  async function keepProfile(name: CampaignName, profile: string): Promise<void> {
    if (await store.createNamed(profileName(name), profile)) return;
    const kept = await store.readNamed(profileName(name));
    if (kept !== undefined && new TextDecoder().decode(kept.bytes) !== profile) {
      throw new AnnealError('campaign.duplicate_name', `a campaign ${name} exists with another model profile`);
    }
  }

  async function start(spec: CampaignSpec, state: CampaignState, beforeStart?: BeforeStart): Promise<boolean> {
    const input: CampaignInput = { spec, state };
    // From before the renewal on: a command that was suspended since then asks no more.
    const until = Date.now() + START_MS;
    if ((await beforeStart?.()) === 'runs') return false;
    const run = () =>
      client.workflow.start('campaign', {
        workflowId: campaignWorkflowId(spec.name),
        taskQueue: QUEUES.control,
        args: [input],
        staticSummary: spec.description === '' ? `campaign ${spec.name}` : spec.description.slice(0, 200),
        staticDetails: `Seed ${spec.seed}, ${spec.rounds} rounds, base ${spec.policy.base}. Specification ${state.specHash.slice(0, 12)}.`,
        memo: { specHash: state.specHash },
        priority: turn(spec.owner),
        typedSearchAttributes: new TypedSearchAttributes([
          { key: CAMPAIGN_KEYS.campaign, value: spec.name },
          { key: CAMPAIGN_KEYS.owner, value: spec.owner },
          { key: CAMPAIGN_KEYS.stage, value: 'construct' },
          { key: CAMPAIGN_KEYS.round, value: state.round },
        ]),
      });
    try {
      await (beforeStart === undefined ? run() : client.withDeadline(until, run));
      return true;
    } catch (failure) {
      if (failure instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw failure;
    }
  }

  async function phase(name: CampaignName): Promise<'absent' | 'running' | 'closed'> {
    try {
      const { closeTime } = await handle(name).describe();
      return closeTime === undefined ? 'running' : 'closed';
    } catch (failure) {
      if (failure instanceof WorkflowNotFoundError) return (await savedState(name)) === undefined ? 'absent' : 'closed';
      throw failure;
    }
  }

  /** The error to report when the campaign has stopped without coming to its end; undefined when it runs or has ended. */
  async function brokenOff(name: CampaignName): Promise<AnnealError | undefined> {
    let how: string | undefined;
    try {
      how = await howBrokenOff(client, campaignWorkflowId(name));
    } catch (failure) {
      if (!(failure instanceof WorkflowNotFoundError)) throw failure;
      if ((await savedState(name))?.ending === 'running') how = 'was running when its history was lost';
    }
    return how === undefined
      ? undefined
      : new AnnealError('campaign.broken_off', `${name} ${how}. Go on with ./anneal resume ${name}`);
  }

  /** When its newest run was closed, by itself or from outside; undefined while it runs, and when its history is gone. */
  async function endedAt(name: CampaignName): Promise<Date | undefined> {
    return (await newestRun(client, campaignWorkflowId(name)))?.closedAt;
  }

  /** The live status; for a campaign that ended and whose history is gone, the saved state. */
  async function status(name: CampaignName): Promise<CampaignStatus> {
    try {
      return await handle(name).query<CampaignStatus>(CAMPAIGN.status);
    } catch (failure) {
      if (!(failure instanceof WorkflowNotFoundError)) {
        if (failure instanceof AnnealError) throw failure;
        // A worker that lacks a key answers nothing, for ever.
        throw (await unreadableFor(client, campaignWorkflowId(name)).catch(() => undefined)) ?? unavailable(failure);
      }
      const state = await savedState(name);
      if (state === undefined) throw new AnnealError('campaign.not_found', `no campaign is called ${name}`);
      return { state, stage: 'ended' };
    }
  }

  /** With a signal it can be given up: a query waits half a minute for a worker that is down. */
  async function statusWithProgress(name: CampaignName, signal?: AbortSignal): Promise<CampaignStatus> {
    if (signal !== undefined) return client.withAbortSignal(signal, () => statusWithProgress(name));
    const now = await status(name);
    if (now.activeWorkflow === undefined || now.openGate !== undefined) return now;
    const progress = await progressOf(client, now.activeWorkflow);
    return progress === undefined ? now : { ...now, progress };
  }

  async function savedState(name: CampaignName): Promise<CampaignState | undefined> {
    const saved = await store.readNamed(`campaigns/${name}/state`);
    return saved === undefined ? undefined : campaignState.parse(decode(saved.bytes));
  }

  async function cancel(name: CampaignName): Promise<void> {
    const now = await phase(name);
    if (now === 'absent') throw new AnnealError('campaign.not_found', `no campaign is called ${name}`);
    if (now === 'closed') {
      // The advice of the other code is to resume it, which a released one refuses.
      if ((await savedState(name))?.ending === 'released')
        throw new AnnealError('campaign.complete', `${name} has released a version; there is nothing left to cancel`);
      throw new AnnealError('campaign.not_running', `${name} is not running`);
    }
    await handle(name).cancel();
  }

  /** Starts a campaign again from its last saved state; what was finished is found, not repeated. */
  async function resume(name: CampaignName, beforeStart?: BeforeStart): Promise<void> {
    const now = await phase(name);
    if (now === 'running')
      throw new AnnealError('campaign.already_running', `${name} is running; there is nothing to resume`);
    const ref = await specRef(name);
    const spec = await specOf(name);
    const saved = await savedState(name);
    if (saved?.ending === 'released')
      throw new AnnealError('campaign.complete', `${name} has released a version; there is nothing left to resume`);
    const state: CampaignState = { ...(saved ?? (await fresh(spec, ref, ref.sha256))), ending: 'running' };
    delete state.stoppedBy;
    await start(spec, state, beforeStart);
  }

  async function specRef(name: CampaignName): Promise<ArtifactRef> {
    const known = await store.readNamed(specKey(name));
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

function unavailable(failure: unknown): unknown {
  const message = failure instanceof Error ? failure.message : String(failure);
  if (/no poller|deadline|unavailable|timed? ?out/i.test(message)) {
    return new AnnealError('stack.not_running', 'no worker answers for this campaign', { cause: failure });
  }
  return failure;
}
