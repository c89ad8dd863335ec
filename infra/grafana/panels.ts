// What the dashboard shows: rows of panels, each a question and the queries that answer it.

export interface Query {
  readonly expr: string;
  /** Grafana's own placeholders: {{campaign}}. */
  readonly legend: string;
}

export interface PanelSpec {
  readonly title: string;
  /** The panel's question in a sentence, shown at its (i). */
  readonly asks: string;
  readonly kind: 'timeseries' | 'stat' | 'table';
  /** Grafana's name of the unit: s, bytes, percentunit, short. */
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly stack?: boolean;
}

export interface RowSpec {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

const OF = 'campaign=~"$campaign"';
const RATE = '$__rate_interval';
const graph = (title: string, unit: string, asks: string, ...queries: Query[]): PanelSpec => {
  return { title, asks, kind: 'timeseries', unit, queries };
};
const stacked = (title: string, unit: string, asks: string, ...queries: Query[]): PanelSpec => {
  return { ...graph(title, unit, asks, ...queries), stack: true };
};
const query = (expr: string, legend: string): Query => ({ expr, legend });
const quantile = (q: number, metric: string, by: string, selector = ''): string =>
  `histogram_quantile(${q}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(${metric}_bucket${selector}[${RATE}])))`;
/** Every worker looks at the same campaigns: the largest is what one of them saw. */
const seen = (metric: string, by: string): string => `max by (${by}) (${metric}{${OF}})`;

export const ROWS: readonly RowSpec[] = [
  {
    title: 'Campaigns',
    panels: [
      {
        ...graph('Stage', 'short', 'Where is each running campaign?'),
        kind: 'table',
        queries: [query(seen('anneal_campaign_stage', 'campaign, stage'), '{{campaign}} {{stage}}')],
      },
      graph(
        'Pass rate on the gate split',
        'percentunit',
        'Does training help, on tasks that it never sees?',
        query(seen('anneal_campaign_gate_pass_ratio', 'campaign, version'), '{{campaign}} {{version}}'),
      ),
      graph(
        'Rounds',
        'short',
        'How far is each campaign?',
        query(seen('anneal_campaign_rounds', 'campaign'), '{{campaign}} played'),
        query(seen('anneal_campaign_rounds_planned', 'campaign'), '{{campaign}} planned'),
      ),
      graph(
        'Budget used',
        'percentunit',
        'Which campaign will stop for its budget?',
        query(
          `${seen('anneal_campaign_spent_tokens', 'campaign')} / ${seen('anneal_campaign_budget_tokens', 'campaign')}`,
          '{{campaign}} tokens',
        ),
        query(
          `${seen('anneal_campaign_worked_seconds', 'campaign')} / ${seen('anneal_campaign_budget_seconds', 'campaign')}`,
          '{{campaign}} time',
        ),
      ),
    ],
  },
  {
    title: 'Gates',
    panels: [
      {
        ...graph('Open gates', 'short', 'Which decisions wait for a human?'),
        kind: 'table',
        queries: [query(seen('anneal_gates_open', 'campaign, kind'), '{{campaign}} {{kind}}')],
      },
      graph(
        'Age of the oldest gate',
        's',
        'Has somebody been waited for longer than the reminder?',
        query(seen('anneal_gate_age_seconds', 'campaign, kind'), '{{campaign}} {{kind}}'),
        query(seen('anneal_gate_reminder_seconds', 'campaign, kind'), '{{campaign}} {{kind}} reminder'),
      ),
    ],
  },
  {
    title: 'Rollouts',
    panels: [
      stacked(
        'Rollouts by outcome',
        'short',
        'Do rollouts come in, and how do they end? Only success and policy failure train.',
        query(`sum by (outcome) (rate(anneal_rollouts_total{${OF}}[${RATE}]))`, '{{outcome}}'),
      ),
      graph(
        'Mean reward',
        'short',
        'Do rewards rise?',
        query(
          `sum by (campaign, purpose) (rate(anneal_rollout_reward_sum{${OF}}[${RATE}])) / sum by (campaign, purpose) (rate(anneal_rollout_reward_count{${OF}}[${RATE}]))`,
          '{{campaign}} {{purpose}}',
        ),
      ),
      stacked(
        'Tokens per second',
        'short',
        'How fast are tokens read and made?',
        query(`sum by (campaign, kind) (rate(anneal_tokens_total{${OF}}[${RATE}]))`, '{{campaign}} {{kind}}'),
      ),
      graph(
        'Generation latency',
        's',
        'How long does a completion take at the engine?',
        query(quantile(0.5, 'anneal_generation_seconds', 'campaign', `{${OF}}`), '{{campaign}} p50'),
        query(quantile(0.95, 'anneal_generation_seconds', 'campaign', `{${OF}}`), '{{campaign}} p95'),
      ),
      graph(
        'Speed of one generation',
        'short',
        'How many tokens a second does one request get?',
        query(quantile(0.5, 'anneal_generation_tokens_per_second', 'campaign', `{${OF}}`), '{{campaign}} p50'),
      ),
      stacked(
        'Model requests by status',
        'short',
        'What does the gateway answer the workers?',
        query(`sum by (status) (rate(anneal_model_requests_total{${OF}}[${RATE}]))`, '{{status}}'),
      ),
    ],
  },
  {
    title: 'Gateway',
    panels: [
      stacked(
        'Requests by status',
        'short',
        'What does the gateway answer?',
        query(`sum by (status) (rate(anneal_gateway_requests_total[${RATE}]))`, '{{status}}'),
      ),
      graph(
        'Generations waiting and running',
        'short',
        'Are the engines the bottleneck?',
        query('sum by (instance) (anneal_gateway_generations_waiting)', '{{instance}} waiting'),
        query('sum by (instance) (anneal_gateway_generations_running)', '{{instance}} running'),
      ),
      graph(
        'Waiting time',
        's',
        'How long does a generation wait in the gateway, and a request besides its generation?',
        query(quantile(0.95, 'anneal_gateway_engine_wait_seconds', ''), 'for an engine, p95'),
        query(quantile(0.95, 'anneal_model_wait_seconds', ''), 'in all, seen by workers, p95'),
      ),
      stacked(
        'Completions',
        'short',
        'How many answers are new, shared by equal requests, or recorded ones?',
        query(`sum by (how) (rate(anneal_gateway_completions_total[${RATE}]))`, '{{how}}'),
      ),
    ],
  },
  {
    title: 'Training',
    panels: [
      graph('Step', 'short', 'Does the job advance?', query(seen('anneal_training_step', 'campaign'), '{{campaign}}')),
      graph('Loss', 'short', 'Of the last step.', query(seen('anneal_training_loss', 'campaign'), '{{campaign}}')),
      graph(
        'KL',
        'short',
        'How far has the policy moved from the one that was sampled? In nats.',
        query(seen('anneal_training_kl_nats', 'campaign'), '{{campaign}}'),
      ),
      graph(
        'Gradient norm',
        'short',
        'Does training become unstable?',
        query(seen('anneal_training_grad_norm', 'campaign'), '{{campaign}}'),
      ),
      graph(
        'Entropy and clipping',
        'short',
        'Does the policy collapse, or is it held back?',
        query(seen('anneal_training_entropy_nats', 'campaign'), '{{campaign}} entropy, nats'),
        query(seen('anneal_training_clip_ratio', 'campaign'), '{{campaign}} clipped'),
      ),
      graph(
        'Staleness',
        'short',
        'How many versions old are the samples?',
        query(seen('anneal_training_staleness_versions', 'campaign, bound'), '{{campaign}} {{bound}}'),
      ),
      stacked(
        'Jobs by end',
        'short',
        'How do jobs end?',
        query(`sum by (campaign, cause) (increase(anneal_jobs_ended_total{${OF}}[1h]))`, '{{campaign}} {{cause}}'),
      ),
      graph(
        'Time of a step',
        's',
        'Is the trainer as fast as it was?',
        query(seen('anneal_training_step_seconds', 'campaign'), '{{campaign}}'),
      ),
    ],
  },
  {
    title: 'Store and cluster',
    panels: [
      stacked(
        'Store calls that failed',
        'short',
        'Does the store answer?',
        query(
          `sum by (operation, result) (rate(anneal_store_operations_total{result!="ok"}[${RATE}]))`,
          '{{operation}} {{result}}',
        ),
      ),
      graph(
        'Store traffic',
        'Bps',
        'How much is moved?',
        query(`sum by (direction) (rate(anneal_store_bytes_total[${RATE}]))`, '{{direction}}'),
      ),
      graph(
        'Store latency',
        's',
        'Is the store slow?',
        query(quantile(0.95, 'anneal_store_seconds', 'operation'), '{{operation}} p95'),
      ),
      stacked(
        'API server requests',
        'short',
        'What does the API server answer?',
        query(`sum by (verb, status) (rate(anneal_cluster_requests_total[${RATE}]))`, '{{verb}} {{status}}'),
        query(`sum by (verb) (rate(anneal_cluster_retries_total[${RATE}]))`, '{{verb}} again'),
      ),
    ],
  },
  {
    title: 'Workers',
    panels: [
      stacked(
        'Activities that failed',
        'short',
        'What goes wrong, by error code?',
        query(
          `sum by (activity, result) (rate(anneal_activities_total{result!~"done|cancelled"}[${RATE}]))`,
          '{{activity}} {{result}}',
        ),
        query(`sum by (activity) (rate(anneal_activity_retries_total[${RATE}]))`, '{{activity}} again'),
      ),
      graph(
        'Activity time',
        's',
        'What takes the time?',
        query(quantile(0.95, 'anneal_activity_seconds', 'activity'), '{{activity}} p95'),
      ),
      graph(
        'Free slots',
        'short',
        'Do tasks wait for a worker?',
        query(
          'sum by (task_queue, worker_type) (temporal_worker_task_slots_available)',
          '{{task_queue}} {{worker_type}}',
        ),
      ),
      graph(
        'Heads of the audit log',
        's',
        'Does each place elsewhere have the newest head?',
        query('max by (instance, place) (anneal_audit_head_wait_seconds)', '{{instance}} {{place}} waits'),
        query(`sum by (place) (rate(anneal_audit_heads_missed_total[${RATE}]))`, '{{place}} failed tries'),
        query(
          'time() - max by (place) (anneal_audit_head_missed_timestamp_seconds > 0)',
          '{{place}} since the last failed try',
        ),
      ),
      graph(
        'Memory and event loop',
        'bytes',
        'Is a process in trouble?',
        query('sum by (instance) (process_resident_memory_bytes{job=~"(.*-)?anneal.*"})', '{{instance}} memory'),
      ),
    ],
  },
];
