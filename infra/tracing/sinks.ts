// What the workflow sandbox tells about its runs: types only, so that both sides may import them.
import type { Sinks } from '@temporalio/workflow';
import type { TraceParent } from './carrier.ts';

export interface RunSpan {
  readonly parent: TraceParent;
  readonly spanId: string;
  readonly workflowId: string;
  readonly workflowType: string;
  readonly runId: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly how: 'done' | 'continued' | 'cancelled' | 'failed';
}

export interface TracingSinks extends Sinks {
  tracing: { ended(span: RunSpan): void };
}
