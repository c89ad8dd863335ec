// Telling trackers how a campaign goes: curves, documents, weights. What a tracker lacks is told each time, so that one that
// was down for a while ends up with everything; what it has is not told again.
import { z } from 'zod';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { type CampaignSpec, campaignSpec } from '../contracts/campaign.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { AnnealError, asAnnealError } from '../contracts/errors.ts';
import { stepMetrics } from '../contracts/job.ts';
import { type CampaignState, type RoundRecord, roundRecord } from '../contracts/record.ts';
import {
  type RunCell,
  type TrackedEnding,
  type TrackedRun,
  type Tracker,
  type TrackerRun,
  type TrackingRecord,
  trackingRecord,
} from '../contracts/tracker.ts';
import type { CampaignPorts } from './campaign.ts';
import { measured, pointsOf } from './curves.ts';
import type { TrackingActivities } from './interface.ts';
import type { Documents } from './read.ts';
import { type Content, contentsOf } from './tracked-documents.ts';

export interface TrackingPorts {
  readonly store: ArtifactStore;
  readonly documents: Documents;
  readonly manifest: CampaignPorts['manifest'];
  readonly trackers: readonly Tracker[];
  /** Weights up to this size are uploaded, 0: none; larger ones are named with where they lie. Default 64 MiB. */
  readonly weightBytes?: number;
}

const ENDINGS = {
  running: 'running',
  released: 'finished',
  refused: 'finished',
  'not-opened': 'finished',
  cancelled: 'cancelled',
  aborted: 'failed',
} as const satisfies Record<CampaignState['ending'], TrackedEnding>;

/** Where the campaign's records say what a tracker was told. */
export const trackingName = (campaign: string, tracker: string): string =>
  `campaigns/${campaign}/tracking/${tracker.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;

export function createTrackingActivities(ports: TrackingPorts): TrackingActivities {
  const { store, documents, trackers } = ports;
  /** Optimizer steps by metrics object: a thousand rounds are counted once a process. */
  const counts = new Map<string, number>();

  const metrics = async ({ training }: RoundRecord) =>
    training === undefined ? [] : documents.read(z.array(stepMetrics), training.metrics);
  const trainer = {
    metrics,
    async count(record: RoundRecord) {
      const key = record.training?.metrics.sha256 ?? '';
      const known = record.training === undefined ? 0 : counts.get(key);
      const count = known ?? (await metrics(record)).length;
      counts.set(key, count);
      return count;
    },
  };

  return {
    async track({ state }) {
      if (trackers.length === 0) return;
      const archived = state.archivedRounds ? await documents.read(z.array(roundRecord), state.archivedRounds) : [];
      const rounds = [...archived, ...state.rounds].sort((a, b) => a.round - b.round);
      const told = await Promise.all(trackers.map((tracker) => tellOne(tracker, state, rounds)));
      const failures = told.filter((failure) => failure !== undefined);
      // One that may pass is thrown first: then all are told again, which changes nothing where it went well.
      const worst = failures.find((failure) => failure.retryable) ?? failures[0];
      if (worst !== undefined) throw worst;
    },
  };

  /** The failure, which is also put on record: a campaign goes on without its tracker, and somebody must be able to see that. */
  async function tellOne(
    tracker: Tracker,
    state: CampaignState,
    rounds: readonly RoundRecord[],
  ): Promise<AnnealError | undefined> {
    const records = recordsOf(state.campaign, tracker.name);
    try {
      await tell(tracker, state, rounds, records);
      return undefined;
    } catch (failure) {
      const { code, message } = asAnnealError(failure);
      // Ours, such as a damaged object, are told apart by their code.
      const problem = { code, message, at: new Date().toISOString() };
      await records.change((record) => ({ ...record, problem })).catch(() => undefined);
      return failure instanceof AnnealError ? failure : new AnnealError('internal.bug', message, { cause: failure });
    }
  }

  async function tell(
    tracker: Tracker,
    state: CampaignState,
    rounds: readonly RoundRecord[],
    records: Records,
  ): Promise<void> {
    const spec = await documents.spec(state.spec);
    const run = await tracker.open(runOf(spec, state), records.cell);
    // A run that holds nothing may be one of the same name after the old one was deleted: then its documents are gone too.
    const empty = run.logged === 0;
    await run.log(await pointsOf(state, rounds, trainer, run.logged));
    await run.summarise(summaryOf(state));
    await putDocuments(run, await contentsOf(ports, spec, state), records, empty);
    // The rounds alone: stages between them are not timed by any record that stays.
    const seconds = rounds.reduce((sum, round) => sum + round.seconds, 0);
    await run.end(ENDINGS[state.ending], Date.parse(state.startedAt) + Math.round(seconds * 1000));
    const { id, url, logged } = run;
    await records.change(({ problem: _, ...record }) => ({ ...record, run: id, url, points: logged }));
  }

  async function putDocuments(
    run: TrackerRun,
    contents: readonly Content[],
    records: Records,
    empty: boolean,
  ): Promise<void> {
    const before = await records.read();
    const sent = before.run === run.id && !empty ? before.documents : {};
    for (const content of contents) {
      if (sent[content.name] === content.sha256) continue;
      await run.put({ name: content.name, bytes: await content.bytes(), type: content.type });
      sent[content.name] = content.sha256;
      await records.change((record) => ({ ...record, run: run.id, documents: { ...sent } }));
    }
  }

  interface Records {
    readonly cell: RunCell;
    read(): Promise<TrackingRecord>;
    change(how: (record: TrackingRecord) => TrackingRecord): Promise<TrackingRecord>;
  }

  function recordsOf(campaign: string, tracker: string): Records {
    const key = trackingName(campaign, tracker);
    const empty: TrackingRecord = { schema: 'anneal/tracking/v1', tracker, points: 0, documents: {} };
    async function stored(): Promise<{ record: TrackingRecord; tag: string | null }> {
      const named = await store.readNamed(key);
      if (named === undefined) return { record: empty, tag: null };
      return { record: trackingRecord.parse(JSON.parse(new TextDecoder().decode(named.bytes))), tag: named.tag };
    }
    async function change(how: (record: TrackingRecord) => TrackingRecord): Promise<TrackingRecord> {
      for (;;) {
        const { record, tag } = await stored();
        const next = how(record);
        if (canonicalJson(next) === canonicalJson(record)) return record;
        if (await store.swapNamed(key, tag, canonicalJson(next))) return next;
      }
    }
    return {
      change,
      read: async () => (await stored()).record,
      cell: {
        read: async () => (await stored()).record.run,
        // Of another run nothing has been sent to this one.
        replace: async (before, run) =>
          (await change((record) => (record.run === before ? { ...record, run, points: 0, documents: {} } : record)))
            .run!,
      },
    };
  }
}

function runOf(spec: CampaignSpec, { campaign, specHash, startedAt }: CampaignState): TrackedRun {
  return {
    campaign,
    specHash,
    description: spec.description,
    owner: spec.owner,
    startedAt: Date.parse(startedAt),
    parameters: flat(campaignSpec.parse(spec)),
  };
}

function summaryOf(state: CampaignState): Record<string, number | string> {
  const { sealed, tokens, round, best, ending } = state;
  return {
    'campaign/ending': ending,
    'campaign/rounds': round,
    'campaign/tokens': tokens,
    'campaign/best_version': best,
    ...(sealed === undefined
      ? {}
      : {
          ...measured('sealed', sealed.after),
          'sealed/pass_rate_before': sealed.before.passRate.value,
        }),
  };
}

/** `{a: {b: 1}}` as `a.b: "1"`. */
function flat(value: unknown, path = ''): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { [path]: typeof value === 'string' ? value : JSON.stringify(value) };
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, member]) => flat(member, path === '' ? name : `${path}.${name}`)),
  );
}
