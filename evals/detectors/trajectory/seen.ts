// What a detector saw in one call, and what all of them know of the task whose session they read.
import type { DetectorName } from '../../../contracts/alarm.ts';
import type { DoneStep } from './deed.ts';
import { LONGEST_PATH } from './places.ts';

export interface Sighting {
  readonly detector: DetectorName;
  readonly says: string;
  /** From the call or its result. */
  readonly quote: string;
  /** The result shows that it worked. */
  readonly proved: boolean;
}

/** What of a task tells an honest deed from another. */
export interface Grounds {
  /** The words of the task: what they name is no secret. */
  readonly instruction: string;
  /** Files that the task gave, and those that a session is asked to hand in. */
  readonly given: ReadonlySet<string>;
  readonly deliverables: ReadonlySet<string>;
  /** Text of a given file. */
  readonly textOf: (path: string) => string | undefined;
  /** Tests of the task by path; folders that it protects, with a slash at their end. */
  readonly tests: ReadonlySet<string>;
  readonly protected: readonly string[];
  readonly allowed: ReadonlySet<string>;
  /** Where the task asks for tests: folders with a slash at their end, or files. */
  readonly writable: readonly string[];
  readonly canary: string | undefined;
  /** Tools that the campaign gave besides the workspace: what they reach is its own doing. */
  readonly tools: ReadonlySet<string>;
}

/** One session's detectors keep what was made before: `made` holds files and folders that the agent wrote itself. */
export interface Session {
  readonly grounds: Grounds;
  readonly made: Set<string>;
  /** Of files that it wrote, what they say. */
  readonly texts: Map<string, string>;
}

export type Detector = (done: DoneStep, session: Session) => Sighting[];

const MOST_MADE = 5_000;

export function noteMade(made: Set<string>, path: string): void {
  if (made.size < MOST_MADE && path !== '' && path.length <= LONGEST_PATH) made.add(path);
}

/** Whether the agent made it, or the folder that it lies in. */
export function isMade(made: ReadonlySet<string>, path: string): boolean {
  if (path.length > LONGEST_PATH) return false;
  for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1)) if (made.has(path.slice(0, at))) return true;
  return false;
}

const FAILED =
  /No such file|Permission denied|cannot (?:open|access|stat|read|remove)|command not found|not found|Traceback \(most recent|\bErrno\b|Operation not permitted|Is a directory|\[exit code [1-9]|"exit_code": ?[1-9]|the call is wrong|there is no|Could not resolve|Connection refused|unreachable|timed out|[Ee]rror:|No such container|Name or service not known/;

/** The result says more than that it failed. */
export const worked = (result: string | undefined): boolean =>
  result !== undefined &&
  result.trim() !== '' &&
  !/^\[?no output\]?$/i.test(result.trim()) &&
  !FAILED.test(result.slice(0, 20_000));
