// What pip says, read for progress and for the cause of a failure.
import { AnnealError, type ErrorCode } from '../../../contracts/errors.ts';
import type { Captured } from '../../process/capture.ts';

const UNITS: Readonly<Record<string, number>> = { bytes: 1, B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9 };

/**
 * Follows pip's output. `onDetail` gets a line for people and the bytes named so far: pip names a file's size when it
 * begins to fetch it (or finds it in the cache).
 */
export function pipProgress(onDetail: (detail: string, bytes: number) => void): {
  line: (line: string) => void;
  total: () => { packages: number; bytes: number };
} {
  let bytes = 0;
  let packages = 0;
  return {
    line(line) {
      const file = /^\s*(?:Downloading|Using cached) (\S+) \(([\d.]+) (\w+)\)/.exec(line);
      if (file !== null) {
        bytes += Number(file[2]) * (UNITS[file[3] ?? ''] ?? 0);
        packages += 1;
        const name = (file[1] ?? '').split('/').at(-1)?.split('-')[0];
        onDetail(`${name} ${file[2]} ${file[3]}`, bytes);
      } else if (line.startsWith('Installing collected packages:')) {
        onDetail(`unpacking ${packages} packages`, bytes);
      }
    },
    total: () => ({ packages, bytes }),
  };
}

/** The error for a failed pip (or venv) command: no space, a wrong hash, else `otherwise`, with its last words. */
export function pipFailure(
  result: Captured,
  doing: string,
  otherwise: ErrorCode = 'stack.download_failed',
): AnnealError {
  const said = `${result.stdout}\n${result.stderr}`;
  if (/No space left on device|Errno 28|ENOSPC/.test(said)) {
    return new AnnealError('stack.no_space', `${doing}: no space left on the disk`);
  }
  const last = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(Collecting|Downloading|Using cached|Looking in|WARNING: Retrying)/.test(line))
    .slice(-6)
    .join('\n  ');
  if (/DO NOT MATCH THE HASHES|Expected sha256/i.test(said)) {
    return new AnnealError('stack.download_failed', `${doing}: a file has not the pinned hash\n  ${last}`);
  }
  return new AnnealError(otherwise, `${doing} failed (exit ${result.code})\n  ${last}`);
}
