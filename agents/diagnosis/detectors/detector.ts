// What a detector is: words that programs print when something fails, or a rule on the course of a number. Both only say what they see;
// which of it is the cause is decided elsewhere.
import type { Cause } from '../../../contracts/diagnosis.ts';
import type { Place } from '../event.ts';
import type { Series } from '../series.ts';

export interface Saying {
  readonly pattern: RegExp;
  /** How sure it makes by itself, from 0 to 1. */
  readonly strength: number;
  /** Said by those who suffer from a fault elsewhere as well: any fault that is none of these comes before it. */
  readonly follows?: true;
  /** Means something else in a line that has this. */
  readonly unless?: RegExp;
  /** Only where the traceback's own lines, or the message, have this too. */
  readonly frames?: RegExp;
  /** A try that is repeated is no fault; so often in one log it is one. */
  readonly often?: number;
  /** An example, for the test that every one of them passes the automaton of words and is found. */
  readonly example: string;
}

export interface TextDetector {
  readonly cause: Cause;
  readonly sayings: readonly Saying[];
}

/** A line as it is quoted. */
export interface Quoted extends Place {
  readonly raw: string;
  readonly cut: boolean;
}

export interface Finding {
  readonly cause: Cause;
  readonly strength: number;
  readonly follows: boolean;
  readonly at: Quoted;
  readonly why: string;
  readonly count: number;
  readonly supports: readonly Quoted[];
  /** Of a collective operation. */
  readonly collective?: {
    readonly operation: string | null;
    readonly sequence: number | null;
    readonly stoppedRanks: readonly number[];
  };
}

export type CourseDetector = (series: readonly Series[]) => readonly Finding[];
