// Campaigns as pages show them: what the running workflow says, else what it last saved.

import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { AnnealError } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import { profileName } from '../../contracts/names.ts';
import { type ProfileSpec, profileSpec } from '../../contracts/profile.ts';
import type { CampaignState, CampaignStatus } from '../../contracts/record.ts';
import { nameFailure } from '../../infra/temporal/away.ts';
import type { CampaignSummary } from '../../infra/temporal/campaign-list.ts';
import { parseCampaignName } from '../../infra/temporal/campaign-names.ts';
import { type Campaigns, createCampaigns } from '../../infra/temporal/campaigns.ts';
import type { ConsolePorts } from '../ports.ts';

/** A query waits for a worker that may be down. */
const PATIENCE_MS = 3_000;

type Ports = Pick<ConsolePorts, 'temporal' | 'store'>;

export interface LookedAtCampaign {
  readonly name: CampaignName;
  readonly spec: CampaignSpec;
  readonly profile: ProfileSpec | undefined;
  readonly state: CampaignState;
  /** Undefined: only what was saved is known, and why. */
  readonly status: CampaignStatus | undefined;
  readonly unanswered: AnnealError | undefined;
  /** Closed without an end of its own. */
  readonly broken: AnnealError | undefined;
  readonly hasReport: boolean;
}

async function campaignsOf({ temporal, store }: Ports): Promise<Campaigns> {
  return createCampaigns(await temporal(), store);
}

/** Newest first. */
export async function listedCampaigns(ports: Ports): Promise<readonly CampaignSummary[]> {
  const client = await ports.temporal();
  return client.withDeadline(Date.now() + PATIENCE_MS * 3, async () => (await campaignsOf(ports)).list());
}

/** @throws AnnealError `campaign.not_found`; why neither Temporal nor the store tells anything */
export async function lookAtCampaign(ports: Ports, text: string): Promise<LookedAtCampaign> {
  const name = parseCampaignName(text);
  const campaigns = await campaignsOf(ports);
  const spec = await campaigns.spec(name);
  const asked = await statusOf(campaigns, name);
  const saved = asked.status === undefined ? await campaigns.savedState(name) : undefined;
  const state = asked.status?.state ?? saved;
  if (state === undefined) throw asked.why ?? new Error(`nothing is saved of ${name}`);
  const [profile, broken, report] = await Promise.all([
    profileOf(ports.store, name).catch(() => undefined),
    campaigns.brokenOff(name).catch(() => undefined),
    campaigns.reportRef(name).catch(() => undefined),
  ]);
  return {
    name,
    spec,
    profile,
    state,
    status: asked.status,
    unanswered: asked.why,
    broken,
    hasReport: report !== undefined,
  };
}

async function statusOf(
  campaigns: Campaigns,
  name: CampaignName,
): Promise<{ readonly status?: CampaignStatus; readonly why: AnnealError | undefined }> {
  try {
    return { status: await campaigns.statusWithProgress(name, AbortSignal.timeout(PATIENCE_MS)), why: undefined };
  } catch (failure) {
    return { why: nameFailure(failure) };
  }
}

/** For the poller: undefined where nobody answers. */
export async function readStatus(ports: Ports, name: CampaignName): Promise<CampaignStatus | undefined> {
  return (await statusOf(await campaignsOf(ports), name)).status;
}

/** What a gate's page shows beside the evidence: comforts, never a reason to fail. */
export async function besideGate(
  ports: Ports,
  name: CampaignName,
): Promise<{ readonly spec: CampaignSpec | undefined; readonly state: CampaignState | undefined }> {
  try {
    const campaigns = await campaignsOf(ports);
    const [spec, state] = await Promise.all([campaigns.spec(name).catch(() => undefined), campaigns.savedState(name)]);
    return { spec, state };
  } catch {
    return { spec: undefined, state: undefined };
  }
}

async function profileOf(store: ConsolePorts['store'], name: CampaignName): Promise<ProfileSpec | undefined> {
  const found = await store.readNamed(profileName(name));
  return found && profileSpec.parse(JSON.parse(new TextDecoder().decode(found.bytes)));
}
