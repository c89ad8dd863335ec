// Heads of the audit log that a place elsewhere has not taken, as the worker's sender has it when Prometheus asks.
import type { HeadDelivery } from '../audit/kept/sender.ts';
import type { WorkerMetrics } from './registry.ts';

/** @returns what is called before each answer */
export function watchHeads(
  metrics: Pick<
    WorkerMetrics,
    'anneal_audit_heads_missed_total' | 'anneal_audit_head_wait_seconds' | 'anneal_audit_head_missed_timestamp_seconds'
  >,
  deliveries: () => readonly HeadDelivery[],
  now: () => number = Date.now,
): () => void {
  const told = new Map<string, number>();
  return () => {
    // Two servers of one origin are one place here: the worse of them is told.
    for (const [place, all] of Map.groupBy(deliveries(), (one) => one.place)) {
      const missed = all.reduce((sum, one) => sum + one.missed, 0);
      metrics.anneal_audit_heads_missed_total.inc({ place }, missed - (told.get(place) ?? 0));
      told.set(place, missed);
      const since = all.flatMap(({ waitingSince }) => waitingSince ?? []);
      const waits = since.length === 0 ? 0 : Math.max(0, now() - Math.min(...since));
      metrics.anneal_audit_head_wait_seconds.set({ place }, waits / 1_000);
      const at = Math.max(0, ...all.flatMap(({ missedAt }) => missedAt ?? []));
      metrics.anneal_audit_head_missed_timestamp_seconds.set({ place }, at / 1_000);
    }
  };
}
