// The dashboard and the alert rules: every metric that they ask for is one that we, Temporal's SDK or Prometheus give, with the
// labels that it has; each alert says what to do. The rules' meaning is played by promtool (prometheus.test.ts).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { GATEWAY_METRICS, type MetricEntry, WORKER_METRICS } from '../metrics/catalog.ts';
import { gatewayMetrics, workerMetrics } from '../metrics/registry.ts';
import { dashboard } from './dashboard.ts';
import { ROWS } from './panels.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const CATALOG: Readonly<Record<string, MetricEntry>> = { ...WORKER_METRICS, ...GATEWAY_METRICS };
/** What Prometheus gives (met by prometheus.test.ts, where there is one), Node's client (met below) and Temporal's SDK (../metrics/worker.test.ts). */
const OTHERS: ReadonlySet<string> = new Set([
  'up',
  'process_resident_memory_bytes',
  'temporal_worker_task_slots_available',
]);
/** What Prometheus adds to every series, and what histograms have. */
const COMMON: readonly string[] = ['instance', 'job', 'le'];
const THEIRS: readonly string[] = ['task_queue', 'worker_type'];

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: Record<string, string>;
}
const rules = (parse(read('./alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
const panels = ROWS.flatMap((row) => row.panels);
const asked = [
  ...panels.flatMap((panel) => panel.queries.map(({ expr }) => ({ where: `panel ${panel.title}`, expr }))),
  ...rules.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
];
const metricsIn = (expr: string): string[] =>
  [...expr.replaceAll(/"[^"]*"/g, '""').matchAll(/\b(anneal_\w+|temporal_\w+|process_\w+|nodejs_\w+|up)\b/g)].map(
    (match) => match[1]!,
  );
const base = (name: string): string => (CATALOG[name] === undefined ? name.replace(/_(bucket|sum|count)$/, '') : name);

describe.each(asked)('$where', ({ expr }) => {
  it('asks for metrics that exist', () => {
    const names = metricsIn(expr);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      if (OTHERS.has(name)) continue;
      const entry = CATALOG[base(name)];
      expect(entry, name).toBeDefined();
      expect(entry!.type === 'histogram', name).toBe(base(name) !== name);
      // A counter's value says when the process was started, no more.
      if (entry!.type === 'counter') expect(expr, name).toMatch(new RegExp(`(rate|increase)\\(${name}\\b`));
    }
  });

  it('asks for labels that they have', () => {
    const known = new Set([
      ...COMMON,
      ...THEIRS,
      ...metricsIn(expr).flatMap((name) => CATALOG[base(name)]?.labels ?? []),
    ]);
    const selected = [...expr.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)/g)].map((match) => match[1]!);
    const grouped = [...expr.matchAll(/\b(?:by|on|without)\s*\(([^)]*)\)/g)].flatMap((match) =>
      match[1]!.split(',').map((label) => label.trim()),
    );
    for (const label of [...selected, ...grouped]) expect([...known], label).toContain(label);
  });
});

describe('the dashboard', () => {
  it('is what is committed', () => {
    expect(JSON.parse(read('./anneal.json'))).toEqual(JSON.parse(JSON.stringify(dashboard())));
  });

  it('places no panel on another, and numbers them', () => {
    const placed = dashboard().panels as { id: number; gridPos: { x: number; y: number; w: number; h: number } }[];
    expect(new Set(placed.map((panel) => panel.id)).size).toBe(placed.length);
    for (const [n, { gridPos: a }] of placed.entries()) {
      expect(a.x + a.w).toBeLessThanOrEqual(24);
      for (const { gridPos: b } of placed.slice(n + 1)) {
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        expect(apart, JSON.stringify([a, b])).toBe(true);
      }
    }
  });

  it('shows every metric of the catalog, or an alert does', () => {
    // Counted for their rate by other panels' histograms, or the other half of a total.
    const elsewhere = [
      ...['anneal_jobs_submitted_total', 'anneal_cluster_request_seconds', 'anneal_gateway_request_seconds'],
      ...['anneal_gateway_requests_in_flight', 'anneal_gateway_engine_seconds', 'anneal_gateway_tokens_total'],
      ...['anneal_gateway_refused_total', 'anneal_gateway_failed_total', 'anneal_gateway_fsyncs_total'],
      'anneal_gateway_log_bytes',
    ];
    const shown = new Set(asked.flatMap(({ expr }) => metricsIn(expr).map(base)));
    expect(
      Object.keys(CATALOG)
        .filter((name) => !shown.has(name))
        .sort(),
    ).toEqual(elsewhere.sort());
  });
});

describe('an alert', () => {
  const guide = readFileSync(new URL('../../docs/observability.md', import.meta.url), 'utf8');
  it.each(rules)('$alert says what to do', ({ alert, labels, annotations }) => {
    expect(['page', 'ticket']).toContain(labels.severity);
    expect(annotations.summary).toMatch(/\S/);
    expect(annotations.runbook).toBe(`docs/observability.md#${alert.toLowerCase()}`);
    const section = new RegExp(`^### ${alert}\\n\\n([\\s\\S]+?)(?=\\n#|$(?![\\s\\S]))`, 'm').exec(guide)?.[1];
    expect(section?.length, `docs/observability.md has no section ${alert}`).toBeGreaterThan(60);
  });

  it('is played by promtool', () => {
    const played = read('./alerts.promtool.yaml');
    for (const { alert } of rules) expect(played).toContain(`alertname: ${alert}`);
  });
});

describe("what is not the catalog's", () => {
  it("is given by Node's client, of worker and gateway alike", async () => {
    const node = [...OTHERS].filter((name) => name.startsWith('process_'));
    expect(node).not.toEqual([]);
    for (const { registry } of [workerMetrics(), gatewayMetrics()]) {
      const text = await registry.metrics();
      for (const name of node) expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
    }
  });
});

describe('who is missed', () => {
  const watched = rules.flatMap(({ alert, expr }) =>
    [...expr.matchAll(/\bup\{job=~"([^"]*)"\}/g)].map(([, job]) => [alert, new RegExp(`^(?:${job})$`)] as const),
  );
  it.each(watched)('%s knows the jobs that docs/observability.md and the chart name', (_, job) => {
    const named = ['anneal-worker', 'anneal-gateway', 'team-a-anneal-worker', 'anneal-blue-gateway'];
    expect(named.some((name) => job.test(name))).toBe(true);
    for (const name of ['node', 'prometheus']) expect(name).not.toMatch(job);
  });

  it('is asked for each of the two, also where no target is left to be down', () => {
    const { expr } = rules.find(({ alert }) => alert === 'AnnealGone')!;
    const absent = [...expr.matchAll(/absent\(up\{job=~"([^"]*)"\}\)/g)].map(([, job]) => new RegExp(`^(?:${job})$`));
    const missed = (name: string): boolean[] => absent.map((job) => job.test(name));
    expect(missed('anneal-worker')).toEqual([true, false]);
    expect(missed('anneal-gateway')).toEqual([false, true]);
  });
});

describe('the catalog', () => {
  it('names units and keeps to what Prometheus asks for', () => {
    for (const [name, { type, help, labels }] of Object.entries(CATALOG)) {
      expect(name).toMatch(/^anneal_[a-z_]+$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(help.endsWith('.'), name).toBe(true);
      // Each value of these would be a series of its own, for ever.
      for (const label of ['rollout', 'task', 'id', 'message', 'path', 'url', 'policy', 'job', 'run'])
        expect(labels, name).not.toContain(label);
    }
  });

  it('is all there before anything has happened', async () => {
    const text = `${await workerMetrics().registry.metrics()}\n${await gatewayMetrics().registry.metrics()}`;
    for (const [name, { type }] of Object.entries(CATALOG)) expect(text).toContain(`# TYPE ${name} ${type}`);
  });
});
