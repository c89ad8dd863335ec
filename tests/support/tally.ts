// What `npm test` counts, and its closing lines. The last one is a contract: scripts read "N passed, N failed" there.

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** What failed, and what passed only when it was run again: a line each, told before the counts. */
  remarks?: string[];
  /** Files of which at least one test ran. */
  ran?: string[];
}

export const together = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  remarks: [...(a.remarks ?? []), ...(b.remarks ?? [])],
  ran: [...(a.ran ?? []), ...(b.ran ?? [])],
});

/**
 * Files that no part has run, and that may not be left out: where everything is to be shown, a check that is skipped for want of a
 * program must not pass for one that held, and one that no part looks for must not either.
 * @param there every file of tests that there is
 */
export function neverRan({ ran = [] }: Tally, there: readonly string[], mayBeLeftOut: readonly string[]): string[] {
  return there.filter((file) => !ran.includes(file) && !mayBeLeftOut.includes(file)).sort();
}

export function closingLines({ passed, failed, skipped, remarks = [] }: Tally): string[] {
  return [...remarks, ...(skipped > 0 ? [`${skipped} skipped`] : []), `${passed} passed, ${failed} failed`];
}
