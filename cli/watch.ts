// Following a campaign on a terminal, or as plain lines where there is none. Ctrl-C leaves the campaign running.
import { setTimeout as sleep } from 'node:timers/promises';
import { type AnnealError, asAnnealError } from '../contracts/errors.ts';
import type { CampaignName } from '../contracts/ids.ts';
import type { CampaignStatus } from '../contracts/record.ts';
import type { Session } from './session.ts';
import { createLive } from './view/live.ts';
import { renderProgressLine } from './view/progress-line.ts';
import { renderWatch } from './view/watch.ts';

export interface WatchOptions {
  /** Print where it stands and return. */
  readonly once?: boolean;
  /** Called once for each gate that opens; the live view is paused meanwhile. */
  readonly onGate?: (gate: string) => Promise<void>;
  readonly signal?: AbortSignal;
}

const EVERY_MS = 700;

/** Watches until the campaign ends, and returns its last status. Losing Temporal for a while is shown, not fatal. */
export async function watchCampaign(session: Session, campaign: CampaignName, options: WatchOptions = {}): Promise<CampaignStatus> {
  const campaigns = await session.campaigns();
  const live = createLive(process.stderr);
  const asked = new Set<string>();
  let lost: AnnealError | undefined;
  let status: CampaignStatus | undefined;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      status = await campaigns.statusWithProgress(campaign);
      lost = undefined;
    } catch (failure) {
      const error = asAnnealError(failure);
      if (error.code === 'campaign.not_found' || options.once) throw error;
      lost = error;
    }
    if (status !== undefined) {
      const view = { width: process.stderr.columns ?? 80, colour: session.colour, now: new Date() };
      const lines = renderWatch(status, view);
      live.show(lost === undefined ? lines : [...lines, `Not answering (${lost.code}): shown as of the last answer`], renderProgressLine(status));
      if (status.stage === 'ended' || options.once) {
        live.end();
        return status;
      }
      const gate = status.openGate?.gate;
      if (gate !== undefined && !asked.has(gate) && options.onGate !== undefined) {
        asked.add(gate);
        live.end();
        await options.onGate(gate);
      }
    }
    await sleep(EVERY_MS, undefined, options.signal ? { signal: options.signal } : {});
  }
}
