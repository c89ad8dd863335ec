// What a user meets when a change cannot be landed.
import { AnnealError } from '../../contracts/errors.ts';
import { firstLine } from './plumbing.ts';

export const unfit = (why: string, cause?: unknown): AnnealError => new AnnealError('merge.unfit', why, { cause });

/** The repository is at fault, not the change; but for what is only too large. */
export function unlandable(why: string, cause?: unknown): AnnealError {
  const isLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
  return isLarge ? unfit('it is too large to be shown', cause) : new AnnealError('merge.repository', why, { cause });
}

/** Of a command that was given what somebody proposes: its fault, unless the disk is. */
export function unfitBy(said: string): AnnealError {
  const isDisk = /No space left|insufficient permission|Permission denied|Read-only file system|unable to write/i;
  return isDisk.test(said) ? unlandable(firstLine(said)) : unfit(firstLine(said) || 'git does not say why');
}
