// What every step of setting up and starting reports, so that a newcomer sees what is happening and how large it is.

export interface SetupProgress {
  /** Stable name of the step: `python`, `venv`, `temporal`, `sandbox`, `start temporal`, `start policy` … */
  readonly step: string;
  /** `cached`: nothing had to be done. `running` may be reported many times. */
  readonly state: 'cached' | 'running' | 'done';
  /** Bytes downloaded so far by this step. */
  readonly bytes?: number;
  /** Seconds since the step began. */
  readonly seconds?: number;
  /** For people: `jaxlib 83.1 MB`, `Python 3.11.7`. */
  readonly detail: string;
}

export type OnProgress = (progress: SetupProgress) => void;

/** A reporter for one step that fills in its name and the time since now. */
export function stepReporter(
  step: string,
  onProgress: OnProgress,
): (state: SetupProgress['state'], detail: string, bytes?: number) => void {
  const start = performance.now();
  return (state, detail, bytes) => {
    const seconds = Math.round((performance.now() - start) / 100) / 10;
    onProgress({ step, state, detail, seconds, ...(bytes === undefined ? {} : { bytes }) });
  };
}

/** 1 MB = 10^6 bytes, as download pages and pip count. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
