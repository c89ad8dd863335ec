// What `npm test` counts, and its closing lines. The last one is a contract: scripts read "N passed, N failed" there.

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** What failed, and what passed only when it was run again: a line each, told before the counts. */
  remarks?: string[];
}

export const together = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  remarks: [...(a.remarks ?? []), ...(b.remarks ?? [])],
});

export function closingLines({ passed, failed, skipped, remarks = [] }: Tally): string[] {
  return [...remarks, ...(skipped > 0 ? [`${skipped} skipped`] : []), `${passed} passed, ${failed} failed`];
}
