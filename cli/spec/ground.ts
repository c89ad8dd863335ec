// What rules that span fields stand on: the plain document, and where their findings go.
import type { ErrorCode } from '../../contracts/errors.ts';
import type { Path } from './guide.ts';

export interface Ground {
  /** The plain document; a value of the wrong type is left to zod. */
  readonly root: unknown;
  /** Undefined where there is none. */
  readonly number: (path: Path) => number | undefined;
  /** Of a duration; undefined where there is none. */
  readonly milliseconds: (path: Path) => number | undefined;
  readonly report: (code: ErrorCode, path: Path, expected: string, hint: string) => void;
}
