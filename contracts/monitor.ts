// What is seen in a training's logs while it still runs, and what a campaign wants done about it.
import { z } from 'zod';
import { artifactRef } from './artifact.ts';
import { suspectedCause } from './diagnosis.ts';
import { jobName, sha256 } from './ids.ts';
import { incidentName } from './incident.ts';
import { duration } from './units.ts';

export const monitorSpec = z.strictObject({
  act: z
    .enum(['tell', 'ask', 'stop', 'none'])
    .default('ask')
    .describe(
      'What a cause that does not heal leads to while the job runs: it is told of, a human is asked whether to stop the job, or it is stopped. none: nobody watches.',
    ),
  hangAfter: duration
    .default('10m')
    .describe('Silence shorter than this is never taken for a hang, however fast the steps before it were.'),
});
export type MonitorSpec = z.infer<typeof monitorSpec>;

/** Told once for a cause in a job by one specification. */
export const sighting = z.strictObject({
  schema: z.literal('anneal/sighting/v1'),
  job: jobName,
  /** Of the job's specification: mended code is another one. */
  specHash: sha256,
  cause: suspectedCause,
  /** One sentence of the detectors. */
  summary: z.string().max(500),
  confidence: z.number().min(0).max(1),
  /** The newest step then; null: none was done. */
  step: z.int().nullable(),
  at: z.iso.datetime(),
  /** What shows it, as it stands in the logs. */
  lines: z.array(z.string().max(400)).max(5),
  diagnosis: artifactRef,
  /** The logs as they were then. */
  logs: z.array(z.strictObject({ name: z.string().min(1), object: artifactRef })).max(10),
});
export type Sighting = z.infer<typeof sighting>;

/** What came of a sighting. `late`: the job had ended before anything was done. */
export const sightingRecord = z.strictObject({
  ...sighting.omit({ schema: true, lines: true, logs: true }).shape,
  round: z.int().positive(),
  /** What agents were given it as, where the trainer comes from a repository. */
  incident: incidentName.optional(),
  did: z.enum(['told', 'asked', 'went-on', 'stopped', 'late']),
});
export type SightingRecord = z.infer<typeof sightingRecord>;

/** What a job is watched for, and who is told. */
export interface WatchOrder {
  /** A workflow's id. */
  readonly reportTo: string;
  readonly hangAfterMs: number;
}
