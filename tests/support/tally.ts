// What `npm test` counts, and its closing lines. The last one is a contract: scripts read "N passed, N failed" there.

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

export function closingLines({ passed, failed, skipped }: Tally): string[] {
  return [...(skipped > 0 ? [`${skipped} skipped`] : []), `${passed} passed, ${failed} failed`];
}
