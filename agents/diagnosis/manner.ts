// How a file is written, seen from its beginning and its name.
import type { Calendar } from './times.ts';

/** What is known of a file before it is read: prefixes that are numbers alone mean ranks only where most lines have one. */
export interface Manner {
  readonly numbered: boolean;
  readonly calendar: Calendar;
}

/** Whether the lines of a head begin with `3: ` as those of `srun --label` do. */
export function mannerOf(head: string, calendar: Calendar): Manner {
  const lines = head
    .split('\n')
    .slice(0, 200)
    .filter((line) => line.trim() !== '');
  const labelled = lines.filter((line) => /^\s{0,6}\d{1,6}: /.test(line)).length;
  return { numbered: lines.length >= 3 && labelled >= lines.length * 0.6, calendar };
}

/** `rank3.log`, `attempt_0/3/stderr.log`, `worker-3.out`: one file a rank. */
export function rankOfPath(path: string): number | undefined {
  const found =
    /(?:rank|worker|node|proc|task|gpu|trainer|host)[-_.]?(\d{1,5})(?:[-_.][a-z]+)*\.?\w*$/i.exec(path) ??
    /attempt_\d+\/(\d{1,5})\/std(?:err|out)\.log$/.exec(path) ??
    /(?:^|[/_-])(?:stderr|stdout|log|out|err)[-_.](\d{1,4})(?:\.\w+)?$/.exec(path);
  return found === null ? undefined : Number(found[1]);
}
