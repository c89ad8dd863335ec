// How a trace travels in Temporal's headers: W3C's `traceparent`, in the header that Temporal's SDKs use for it. This file runs
// in the workflow sandbox as well: it knows neither OpenTelemetry nor the machine.
import { defaultPayloadConverter, type Headers } from '@temporalio/common';

const HEADER = '_tracer-data';
const FORM = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  /** `01`: somebody keeps this trace. */
  readonly flags: string;
}

/** Undefined for anything that is not a trace's parent: a header comes from outside. */
export function parseTraceParent(text: unknown): TraceParent | undefined {
  const [, traceId, spanId, flags] = (typeof text === 'string' ? FORM.exec(text) : null) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return /^0+$/.test(traceId) || /^0+$/.test(spanId) ? undefined : { traceId, spanId, flags };
}

export const formatTraceParent = ({ traceId, spanId, flags }: TraceParent): string =>
  `00-${traceId}-${spanId}-${flags}`;

export function readHeader(headers: Headers): TraceParent | undefined {
  const payload = headers[HEADER];
  if (payload === undefined) return undefined;
  try {
    const carrier = defaultPayloadConverter.fromPayload<Record<string, unknown> | null>(payload);
    return parseTraceParent(carrier?.traceparent);
  } catch {
    // Another SDK's, in a form of its own.
    return undefined;
  }
}

/** The headers with the parent in them; unchanged without one. */
export function withHeader(headers: Headers, parent: TraceParent | undefined): Headers {
  if (parent === undefined) return headers;
  const payload = defaultPayloadConverter.toPayload({ traceparent: formatTraceParent(parent) });
  return payload === undefined ? headers : { ...headers, [HEADER]: payload };
}

/**
 * A workflow run's span has an id that follows from the run: the workflow can name it to its activities without drawing a random
 * number, which would change what a replay draws. A run id is a UUID, whose last 16 digits are random in every version.
 */
export const spanIdOfRun = (runId: string): string => runId.replaceAll('-', '').slice(-16).padStart(16, '0');
