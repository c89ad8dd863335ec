// What a path of a table's file may be: it reaches the file system and a bucket's keys.
import { AnnealError } from '../../../contracts/errors.ts';

const PART = /^[A-Za-z0-9_][A-Za-z0-9._=-]{0,127}$/;

/** @throws AnnealError `internal.bug` for a path that leads anywhere else */
export function checkedPath(path: string): string {
  if (path.length > 512 || path.split('/').some((part) => !PART.test(part)))
    throw new AnnealError('internal.bug', `not a path of a table: ${JSON.stringify(path)}`);
  return path;
}
