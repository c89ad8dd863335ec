// Traces by OpenTelemetry, sent by OTLP over HTTP. Nothing of it is loaded unless an endpoint is given: without one every
// function here is a call that returns.
import type { Context, Span, SpanContext, Tracer } from '@opentelemetry/api';
import { formatTraceParent, type TraceParent } from './carrier.ts';

export interface TracingOptions {
  /** The collector's address, for example http://127.0.0.1:4318; undefined: no traces. */
  readonly endpoint: string | undefined;
  /** `anneal-worker`, `anneal-gateway`, `anneal-cli`. */
  readonly service: string;
  /** How long spans are gathered before they are sent; default 2 s. */
  readonly delayMs?: number;
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface Tracing {
  /** Runs `work` in a span below `parent`, below the current one, or as a trace of its own. Its failure is the span's. */
  span<T>(
    name: string,
    of: { readonly parent?: TraceParent | undefined; readonly attributes?: Attributes; readonly kind?: SpanKindName },
    work: () => Promise<T>,
  ): Promise<T>;
  /** A span that is begun and ended by hand, and is not the current one. */
  begin(name: string, of: { parent?: TraceParent | undefined; attributes?: Attributes; kind?: SpanKindName }): OpenSpan;
  /** One that has been timed elsewhere, under an id that others may know already. */
  record(span: {
    readonly name: string;
    readonly parent: TraceParent;
    readonly spanId: string;
    readonly startedAt: number;
    readonly attributes: Attributes;
    readonly failed: boolean;
  }): void;
  /** The current span, to hand on. */
  current(): TraceParent | undefined;
  /** Sends what is left. A collector that does not answer holds nothing up for long. */
  close(): Promise<void>;
}

export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export interface OpenSpan {
  readonly parent: TraceParent;
  end(attributes?: Attributes, failed?: boolean): void;
}

const CLOSE_MS = 3_000;

/** Undefined when no endpoint is given. Once a process. */
export async function startTracing(options: TracingOptions): Promise<Tracing | undefined> {
  const { endpoint, service, delayMs = 2_000 } = options;
  if (endpoint === undefined) return undefined;
  const api = await import('@opentelemetry/api');
  const sdk = await import('@opentelemetry/sdk-trace');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  const resources = await import('@opentelemetry/resources');
  const url = tracesUrl(endpoint);
  const random = new sdk.RandomIdGenerator();
  /** The id of the span that is started next. */
  let given: string | undefined;
  const provider = new sdk.TracerProvider({
    resource: resources.defaultResource().merge(resources.resourceFromAttributes({ 'service.name': service })),
    // What the CLI decided holds for the whole trace.
    sampler: new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() }),
    idGenerator: {
      generateTraceId: () => random.generateTraceId(),
      generateSpanId: () => given ?? random.generateSpanId(),
    },
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url, timeoutMillis: 5_000 }),
        scheduledDelayMillis: delayMs,
        // A round's rollouts end within seconds; what does not fit is dropped, never waited for.
        maxQueueSize: 8_192,
      }),
    ],
  });
  const contexts = new AsyncLocalStorageContextManager().enable();
  const tracer: Tracer = provider.getTracer('anneal');
  const kinds = {
    internal: api.SpanKind.INTERNAL,
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    producer: api.SpanKind.PRODUCER,
    consumer: api.SpanKind.CONSUMER,
  } as const satisfies Record<SpanKindName, number>;

  const below = (parent: TraceParent | undefined): Context => {
    if (parent === undefined) return contexts.active();
    const { traceId, spanId, flags } = parent;
    const remote: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
    return api.trace.setSpanContext(api.ROOT_CONTEXT, remote);
  };
  const parentOf = (span: Span): TraceParent => {
    const { traceId, spanId, traceFlags } = span.spanContext();
    return { traceId, spanId, flags: traceFlags.toString(16).padStart(2, '0') };
  };
  const fail = (span: Span, message?: string): void => {
    span.setStatus({ code: api.SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) });
  };

  return {
    async span(name, { parent, attributes = {}, kind = 'internal' }, work) {
      const context = below(parent);
      const span = tracer.startSpan(name, { attributes: { ...attributes }, kind: kinds[kind] }, context);
      try {
        return await contexts.with(api.trace.setSpan(context, span), work);
      } catch (failure) {
        // The code or the type, not the message: messages may quote what a model wrote.
        fail(span, failure instanceof Error ? labelOf(failure) : 'failed');
        throw failure;
      } finally {
        span.end();
      }
    },
    begin(name, { parent, attributes = {}, kind = 'internal' }) {
      const span = tracer.startSpan(name, { attributes: { ...attributes }, kind: kinds[kind] }, below(parent));
      return {
        parent: parentOf(span),
        end(more = {}, failed = false) {
          span.setAttributes({ ...more });
          if (failed) fail(span);
          span.end();
        },
      };
    },
    record({ name, parent, spanId, startedAt, attributes, failed }) {
      given = spanId;
      try {
        const span = tracer.startSpan(name, { attributes: { ...attributes }, startTime: startedAt }, below(parent));
        if (failed) fail(span);
        span.end();
      } finally {
        given = undefined;
      }
    },
    current() {
      const span = api.trace.getSpan(contexts.active());
      return span === undefined ? undefined : parentOf(span);
    },
    async close() {
      const patience = new Promise<void>((done) => void setTimeout(done, CLOSE_MS).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), patience]);
      contexts.disable();
    },
  };
}

/**
 * What a job's process is given, so that its own spans hang below the activity that started it.
 * @param collector the address as the job reaches it; undefined: it is told its place in the trace, and sends nothing
 */
export function traceEnvironment(tracing: Tracing | undefined, collector: string | undefined): Record<string, string> {
  const parent = tracing?.current();
  if (parent === undefined) return {};
  return {
    TRACEPARENT: formatTraceParent(parent),
    // The narrower of OpenTelemetry's two names: a job inherits this process's environment, which may have either.
    ...(collector === undefined ? {} : { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: tracesUrl(collector) }),
  };
}

const tracesUrl = (endpoint: string): string => `${endpoint.replace(/\/$/, '')}/v1/traces`;

function labelOf(failure: Error): string {
  const { code, type } = failure as { code?: unknown; type?: unknown };
  return typeof code === 'string' ? code : typeof type === 'string' ? type : failure.name;
}
