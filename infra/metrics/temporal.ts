// The SDK's own metrics: pollers, slots, latencies of workflow tasks. Core serves them itself; ours include them in one answer.
import type { RuntimeOptions } from '@temporalio/worker';

/** For `Runtime.install`, and the address for `serveMetrics({include})`. Names end in their unit, counters in `_total`. */
export function temporalMetrics(port: number): {
  readonly telemetryOptions: NonNullable<RuntimeOptions['telemetryOptions']>;
  readonly address: string;
} {
  const bindAddress = `127.0.0.1:${port}`;
  return {
    telemetryOptions: {
      metrics: {
        // Its value is the same for every worker.
        attachServiceName: false,
        prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true },
      },
    },
    address: `http://${bindAddress}/metrics`,
  };
}
