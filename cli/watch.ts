// Following a campaign on a terminal, or as plain lines where there is none. Ctrl-C leaves the campaign running.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactRef } from '../contracts/artifact.ts';
import { AnnealError, asAnnealError, type ErrorCode } from '../contracts/errors.ts';
import { type Evidence, evidence as evidenceSchema } from '../contracts/gate.ts';
import type { CampaignName } from '../contracts/ids.ts';
import type { CampaignStatus } from '../contracts/record.ts';
import type { Config } from '../infra/config.ts';
import { stackStatus } from '../infra/stack/stack.ts';
import { divergenceReader } from './divergence.ts';
import type { Session } from './session.ts';
import { openLive, type Screen } from './view/live.ts';
import { renderProgressLine } from './view/summary.ts';
import { wrap } from './view/text.ts';
import { renderWatch } from './view/watch.ts';

export interface WatchOptions {
  /** Print where it stands, whole and for good, and return. */
  readonly once?: boolean;
  /** Called once for each gate that opens; the live view is paused meanwhile. */
  readonly onGate?: (gate: string) => Promise<void>;
  readonly signal?: AbortSignal;
  /** Default: the standard error stream. */
  readonly screen?: Screen;
}

const EVERY_MS = 700;
const FINAL: ReadonlySet<ErrorCode> = new Set(['campaign.not_found', 'campaign.broken_off', 'stack.not_running']);
/** A stack that was killed may be started again; one that stays down this long was stopped. */
const GONE_MS = 20_000;

/**
 * Watches until the campaign ends, and returns its last status. Losing Temporal for a while is shown, not fatal.
 * @throws AnnealError `campaign.broken_off` when its run was closed without an end: its last stage would be shown for ever
 */
export async function watchCampaign(
  session: Session,
  campaign: CampaignName,
  options: WatchOptions = {},
): Promise<CampaignStatus> {
  const campaigns = await session.campaigns();
  const spec = await campaigns.spec(campaign);
  const live = openLive(options.screen ?? process.stderr);
  const divergence = divergenceReader(session.store);
  const asked = new Set<string>();
  let lost: AnnealError | undefined;
  let broken: AnnealError | undefined;
  let status: CampaignStatus | undefined;
  let endedAt: Date | undefined;
  const watching = new AbortController();
  const gone = stackIsGone(session.config, watching.signal);
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      try {
        broken = await Promise.race([campaigns.brokenOff(campaign), gone]);
        if (broken !== undefined && !options.once) throw broken;
        status = await Promise.race([campaigns.statusWithProgress(campaign, options.signal), gone]);
        if (status.stage === 'ended' || broken !== undefined) endedAt = await campaigns.endedAt(campaign);
        lost = undefined;
      } catch (failure) {
        options.signal?.throwIfAborted();
        const error = asAnnealError(failure);
        if (FINAL.has(error.code) || options.once) throw error;
        lost = error;
      }
      if (status !== undefined) {
        const evidence = status.openGate && (await readEvidence(session, status.openGate.evidence));
        const lines = renderWatch(status, {
          width: live.width,
          colour: session.colour,
          spec,
          endedAt,
          kl: await divergence(status.state.rounds),
          ...(evidence ? { evidence } : {}),
        });
        const note = lost ? `Not answering (${lost.code}): shown as of the last answer` : broken?.message;
        const shown = note === undefined ? lines : [...lines, ...wrap(note, live.width)];
        if (options.once) live.print(shown);
        else live.draw(shown, renderProgressLine(status, spec));
        if (status.stage === 'ended' || options.once) {
          live.close();
          return status;
        }
        const gate = status.openGate?.gate;
        if (gate !== undefined && !asked.has(gate) && options.onGate !== undefined) {
          asked.add(gate);
          live.close();
          await options.onGate(gate);
        }
      }
      await sleep(EVERY_MS, undefined, options.signal ? { signal: options.signal } : {});
    }
  } finally {
    watching.abort();
    // Whatever ends the watch, the terminal gets its cursor back.
    live.close();
  }
}

/**
 * Rejects when the stack that was up at first is down and stays so: then nobody will ever answer.
 * @throws AnnealError `stack.not_running`
 */
function stackIsGone(config: Config, signal: AbortSignal): Promise<never> {
  const looking = (async (): Promise<never> => {
    const isDown = async (): Promise<boolean> => (await stackStatus(config)).state === 'stopped';
    // Another Temporal, or a test's: not ours to watch.
    if (await isDown()) return new Promise<never>(() => undefined);
    for (let downSince: number | undefined; ; await sleep(1_000, undefined, { signal })) {
      downSince = (await isDown()) ? (downSince ?? performance.now()) : undefined;
      if (downSince !== undefined && performance.now() - downSince > GONE_MS) {
        throw new AnnealError('stack.not_running', 'the stack was stopped while this waited for it');
      }
    }
  })();
  looking.catch(() => undefined);
  return looking;
}

async function readEvidence(session: Session, ref: ArtifactRef): Promise<Evidence | undefined> {
  try {
    return evidenceSchema.parse(JSON.parse(new TextDecoder().decode(await session.store.get(ref))));
  } catch {
    // The gate's own command reports what is wrong with it; watching goes on.
    return undefined;
  }
}
