// The share of agents, counted as ./anneal share counts it: once for all who look, and not more often than once in a while, since all
// histories are read for it.
import type { AuditEvent } from '../../contracts/audit.ts';
import { type AnnealError, asAnnealError } from '../../contracts/errors.ts';
import { campaignName } from '../../contracts/ids.ts';
import type { Share } from '../../contracts/share.ts';
import { durationMs } from '../../contracts/units.ts';
import { readAudit } from '../../infra/audit/verify.ts';
import { checkSignature } from '../../infra/identity/signature.ts';
import { signerOf } from '../../infra/identity/signers.ts';
import { readHistories } from '../../infra/temporal/histories.ts';
import { ofCampaign, shareOf } from '../../policies/share.ts';
import type { ConsolePorts } from '../ports.ts';

export const SPANS = ['7d', '30d', 'all'] as const;
export type Span = (typeof SPANS)[number];

export interface CountedShare {
  readonly share: Share;
  readonly at: Date;
}
export interface SeenShare {
  readonly counted: CountedShare | undefined;
  /** It is counted anew right now. */
  readonly counting: boolean;
  readonly failed: AnnealError | undefined;
}

/** As long as it took, and no less than this, nothing is counted again. */
const FRESH_MS = 60_000;
/** For a page that waits for it. */
const PATIENCE_MS = 4_000;
/** For all of them. */
const MOST_MS = 300_000;

type Ports = Pick<ConsolePorts, 'temporal' | 'store' | 'approvers' | 'people' | 'heads'>;
interface Read extends Awaited<ReturnType<typeof readHistories>> {
  readonly audit: readonly AuditEvent[];
}

export type ShareReader = ReturnType<typeof createShareReader>;

export function createShareReader(ports: Ports) {
  const kept = new Map<Span, { read: Read; at: Date; took: number }>();
  const reading = new Map<Span, Promise<void>>();
  const failures = new Map<Span, AnnealError>();

  function begin(span: Span): Promise<void> {
    const begun = reading.get(span);
    if (begun !== undefined) return begun;
    const known = kept.get(span);
    if (known !== undefined && Date.now() - known.at.getTime() < Math.max(FRESH_MS, known.took))
      return Promise.resolve();
    const now = readAll(ports, span)
      .then((read) => {
        failures.delete(span);
        kept.set(span, read);
      })
      .catch((failure: unknown) => void failures.set(span, asAnnealError(failure)))
      .finally(() => reading.delete(span));
    reading.set(span, now);
    return now;
  }

  return {
    /** @param campaign of one alone; whatever is no campaign's name has no steps */
    async look(span: Span, campaign: string | undefined): Promise<SeenShare> {
      const late = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
      await Promise.race([begin(span), late]);
      const known = kept.get(span);
      const counted = known && { share: countedOf(known.read, campaign), at: known.at };
      return { counted, counting: reading.has(span), failed: failures.get(span) };
    },

    /** When it was counted last: a page that waits for it hears so. */
    version: async (span: string): Promise<string | undefined> => kept.get(span as Span)?.at.toISOString(),
  };
}

function countedOf({ histories, cut, audit }: Read, campaign: string | undefined): Share {
  const name = campaignName.safeParse(campaign);
  return shareOf(name.success ? ofCampaign(name.data, histories) : histories, { audit, cut });
}

async function readAll(ports: Ports, span: Span): Promise<{ read: Read; at: Date; took: number }> {
  const began = Date.now();
  const since = span === 'all' ? undefined : new Date(began - durationMs(span));
  const signal = AbortSignal.timeout(MOST_MS);
  const { histories, cut } = await readHistories(await ports.temporal(), { since, signal });
  const registry = await ports.people();
  const { entries, problems } = await readAudit({
    store: ports.store,
    verifyBytes: (bytes, signed) =>
      checkSignature(signerOf(ports.approvers(), registry, signed.keyId).key, bytes, signed),
    witnesses: (await ports.heads?.()) ?? [],
  });
  // What is wrong with the log bears nothing out.
  const broken = new Set(problems.map(({ number }) => number));
  const audit = entries.flatMap(({ entry }) => (broken.has(entry.number) ? [] : [entry.event]));
  return { read: { histories, cut, audit }, at: new Date(), took: Date.now() - began };
}
