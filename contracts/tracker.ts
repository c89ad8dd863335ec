// Trackers: where a campaign's curves, documents and weights are shown beside those of others. A tracker is a mirror:
// nothing is ever read from it that a decision rests on, and no campaign waits for one.
import { z } from 'zod';
import { campaignName, sha256 } from './ids.ts';

/** `train/loss`: the letters that every tracker takes. */
export const metricKey = z.string().regex(/^[a-z][a-z0-9_]*(\/[a-z0-9_]+)*$/);

/** One place on a campaign's curves. */
export const trackedPoint = z.strictObject({
  /** Its place in the campaign's whole sequence: from 0, without gaps, and the same however often it is told. */
  index: z.int().nonnegative(),
  /** What the curve is drawn over: all optimizer steps of the campaign, or its rounds (0: before the first). */
  axis: z.enum(['step', 'round']),
  at: z.int().nonnegative(),
  round: z.int().nonnegative(),
  /** Unix milliseconds, from the records: a retry must not tell another time. */
  time: z.int().nonnegative(),
  values: z.record(metricKey, z.number()),
});
export type TrackedPoint = z.infer<typeof trackedPoint>;

/** What a run is found by, and what is shown at its head. */
export const trackedRun = z.strictObject({
  campaign: campaignName,
  /** With the name: the run's identity. A campaign of the same name with another specification is another run. */
  specHash: sha256,
  description: z.string(),
  owner: z.string(),
  /** Unix milliseconds. */
  startedAt: z.int().nonnegative(),
  /** The specification, flat: `training.learningRate` and its value as text. */
  parameters: z.record(z.string(), z.string()),
});
export type TrackedRun = z.infer<typeof trackedRun>;

export interface TrackedDocument {
  /** A file's name; the same name again replaces the file. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly type: string;
}

/** running: more is to come. */
export const trackedEnding = z.enum(['running', 'finished', 'failed', 'cancelled']);
export type TrackedEnding = z.infer<typeof trackedEnding>;

/** One durable cell, for trackers that name runs themselves: of two workers that make a run at once, one is remembered. */
export interface RunCell {
  read(): Promise<string | undefined>;
  /** Remembers `id` if the cell still holds `before`. The id that it holds now. */
  replace(before: string | undefined, id: string): Promise<string>;
}

/**
 * Everything here may be told twice, in part, by two workers at once, and after any crash; it is then in the tracker once.
 *
 * Every method throws `AnnealError`: `tracker.unavailable` (told again later) or `tracker.refused` (a human must change something).
 */
export interface Tracker {
  /** Where it is, for messages; without credentials. */
  readonly name: string;
  /** Finds the run of this campaign and specification, or makes it. */
  open(run: TrackedRun, cell: RunCell): Promise<TrackerRun>;
}

export interface TrackerRun {
  /** The run's own name in the tracker. */
  readonly id: string;
  /** For humans. */
  readonly url: string;
  /** How many points it holds, from index 0. */
  readonly logged: number;
  /** Points in order, the first at most `logged`; those that it holds already change nothing. */
  log(points: readonly TrackedPoint[]): Promise<void>;
  /** Values of the campaign as a whole; the same key again replaces the value. */
  summarise(values: Readonly<Record<string, number | string>>): Promise<void>;
  put(document: TrackedDocument): Promise<void>;
  end(ending: TrackedEnding, at: number): Promise<void>;
}

/** What was told to a tracker, as the campaign's own records say it: the name `campaigns/<campaign>/tracking/<tracker>`. */
export const trackingRecord = z.strictObject({
  schema: z.literal('anneal/tracking/v1'),
  tracker: z.string(),
  run: z.string().optional(),
  url: z.string().optional(),
  points: z.int().nonnegative().default(0),
  /** Documents that were uploaded to this run, by name: what has not changed is not sent again. */
  documents: z.record(z.string(), sha256).default({}),
  /** The newest telling failed; the next one tells everything that is missing. */
  problem: z.strictObject({ code: z.string(), message: z.string(), at: z.iso.datetime() }).optional(),
});
export type TrackingRecord = z.infer<typeof trackingRecord>;
