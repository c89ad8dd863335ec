// The catalog as live metrics: one registry a process, every metric of it created at the start. Those without labels are 0 from
// then on; a combination of labels begins with its first event.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { GATEWAY_METRICS, type MetricEntry, WORKER_METRICS } from './catalog.ts';

type Live<E extends MetricEntry> = E['type'] extends 'counter'
  ? Counter<E['labels'][number]>
  : E['type'] extends 'gauge'
    ? Gauge<E['labels'][number]>
    : Histogram<E['labels'][number]>;

export type Metrics<C extends Record<string, MetricEntry>> = { readonly [Name in keyof C]: Live<C[Name]> };
export type WorkerMetrics = Metrics<typeof WORKER_METRICS>;
export type GatewayMetrics = Metrics<typeof GATEWAY_METRICS>;

export interface Registered<C extends Record<string, MetricEntry>> {
  readonly registry: Registry;
  readonly metrics: Metrics<C>;
}

/** With the process's own: memory, file descriptors, event loop lag. */
export const workerMetrics = (): Registered<typeof WORKER_METRICS> => register(WORKER_METRICS);
export const gatewayMetrics = (): Registered<typeof GATEWAY_METRICS> => register(GATEWAY_METRICS);

function register<C extends Record<string, MetricEntry>>(catalog: C): Registered<C> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = Object.entries(catalog).map(([name, { type, help, labels, buckets = [] }]) => {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') return [name, new Counter(options)];
    if (type === 'gauge') return [name, new Gauge(options)];
    return [name, new Histogram({ ...options, buckets: [...buckets] })];
  });
  return { registry, metrics: Object.fromEntries(metrics) as Metrics<C> };
}
