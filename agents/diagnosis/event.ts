// What detectors are fed: one message with where it stands, who wrote it and when.
import type { Metric } from './metrics.ts';
import type { Level } from './prefix.ts';

export interface Place {
  /** Index of the file. */
  readonly file: number;
  readonly line: number;
  readonly offset: number;
  readonly rank: number | undefined;
  readonly time: string | undefined;
  readonly seconds: number | undefined;
  /** Counts through all files: what was read first. */
  readonly order: number;
}

export interface Event extends Place {
  /** The message without what stands before it. */
  readonly body: string;
  /** The record as the file has it. */
  readonly raw: string;
  readonly cut: boolean;
  readonly unit: string;
  readonly level: Level | undefined;
  readonly metrics: readonly Metric[];
  /** Lines before it that were not looked at. */
  readonly skipped: number;
}
