// Every metric of Anneal's own: name with its unit, labels, meaning. Dashboards and alert rules are tested against this table.
//
// A label's values are few and known: campaigns, purposes, codes of the error table, routes. Rollouts, tasks and prompts are
// never labels: each combination of values is a series that Prometheus keeps for weeks.

interface Entry {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

const counter = <const L extends readonly string[]>(help: string, ...labels: L) =>
  ({ type: 'counter', help, labels }) as const satisfies Entry;
const gauge = <const L extends readonly string[]>(help: string, ...labels: L) =>
  ({ type: 'gauge', help, labels }) as const satisfies Entry;
const histogram = <const L extends readonly string[]>(help: string, buckets: readonly number[], ...labels: L) =>
  ({ type: 'histogram', help, labels, buckets }) as const satisfies Entry;

const QUICK_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const GENERATION_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320];
const ACTIVITY_SECONDS = [0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 1_800, 7_200];
const TOKEN_RATES = [1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640];
const REWARDS = [-1, -0.5, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 5];

/** Of a worker's process. */
export const WORKER_METRICS = {
  anneal_rollouts_total: counter('Rollouts whose trajectory is recorded.', 'campaign', 'purpose', 'outcome'),
  anneal_rollout_reward: histogram('Rewards of graded rollouts.', REWARDS, 'campaign', 'purpose'),
  anneal_tokens_total: counter('Tokens of new completions; kind: prompt, completion.', 'campaign', 'kind'),
  anneal_generation_seconds: histogram(
    'From a request at an engine to its completion.',
    GENERATION_SECONDS,
    'campaign',
  ),
  anneal_generation_tokens_per_second: histogram('Speed of one generation.', TOKEN_RATES, 'campaign'),
  anneal_model_requests_total: counter(
    'Requests to the gateway; status: ok, replayed, cancelled, or the error code.',
    'campaign',
    'status',
  ),
  anneal_model_wait_seconds: histogram(
    'Of a request to the gateway, what was not generation: queues, records, the network.',
    QUICK_SECONDS,
    'campaign',
  ),
  anneal_activity_seconds: histogram('How long an attempt of an activity took.', ACTIVITY_SECONDS, 'activity'),
  anneal_activities_total: counter(
    'Attempts of activities; result: done, cancelled, or the error code.',
    'activity',
    'result',
  ),
  anneal_activity_retries_total: counter('Attempts that were not the first.', 'activity'),
  anneal_jobs_ended_total: counter('Jobs that ended; cause: done, or how they stopped.', 'campaign', 'cause'),
  anneal_jobs_submitted_total: counter('Submissions of jobs, adoptions included.', 'campaign'),
  anneal_training_step: gauge('Optimizer steps of the newest job.', 'campaign'),
  anneal_training_loss: gauge('Of the newest finished job, its last step.', 'campaign'),
  anneal_training_kl_nats: gauge('Of the newest finished job, its last step.', 'campaign'),
  anneal_training_entropy_nats: gauge('Of the newest finished job, its last step.', 'campaign'),
  anneal_training_grad_norm: gauge('Of the newest finished job, its last step.', 'campaign'),
  anneal_training_clip_ratio: gauge('Share of clipped tokens, of the newest finished job.', 'campaign'),
  anneal_training_step_seconds: gauge('Of the newest finished job, a step on average.', 'campaign'),
  anneal_training_staleness_versions: gauge(
    'How many policy versions old the samples were; bound: min, max.',
    'campaign',
    'bound',
  ),
  anneal_store_operations_total: counter(
    'Calls of the artifact store; result: ok, or the code.',
    'operation',
    'result',
  ),
  anneal_store_seconds: histogram('How long a call of the artifact store took.', ACTIVITY_SECONDS, 'operation'),
  anneal_store_bytes_total: counter('Bytes of objects; direction: read, written.', 'direction'),
  anneal_cluster_requests_total: counter(
    'Tries of requests to the API server; status: HTTP, timeout, unreachable.',
    'verb',
    'status',
  ),
  anneal_cluster_request_seconds: histogram('How long a try took.', QUICK_SECONDS, 'verb'),
  anneal_cluster_retries_total: counter('Tries that were not the first.', 'verb'),
  anneal_campaign_stage: gauge('1 for the stage that a running campaign is in.', 'campaign', 'stage'),
  anneal_campaign_rounds: gauge('Rounds that a running campaign has played.', 'campaign'),
  anneal_campaign_rounds_planned: gauge('Rounds that it is to play.', 'campaign'),
  anneal_campaign_spent_tokens: gauge('Tokens that a running campaign has generated.', 'campaign'),
  anneal_campaign_budget_tokens: gauge('Tokens that it may generate.', 'campaign'),
  anneal_campaign_worked_seconds: gauge('Time at work of a running campaign.', 'campaign'),
  anneal_campaign_budget_seconds: gauge('Time that it may work.', 'campaign'),
  anneal_campaign_gate_pass_ratio: gauge(
    'Pass rate on the gate split; version: base, best, latest.',
    'campaign',
    'version',
  ),
  anneal_campaign_engines_given_up: gauge(
    'Policy servers that the newest weight update gave up; nothing is asked of them.',
    'campaign',
  ),
  anneal_gates_open: gauge('Gates that wait for a human.', 'campaign', 'kind'),
  anneal_gate_age_seconds: gauge('How long the oldest open gate has been open.', 'campaign', 'kind'),
  anneal_gate_reminder_seconds: gauge('After how long an open gate reminds.', 'campaign', 'kind'),
  anneal_audit_heads_missed_total: counter(
    'Tries to keep a head of the audit log elsewhere that failed, by the place as `audit verify` calls it.',
    'place',
  ),
  anneal_audit_head_wait_seconds: gauge(
    'How long the oldest head that a place has not has waited; 0 where it has the newest.',
    'place',
  ),
  anneal_audit_head_missed_timestamp_seconds: gauge('When such a try last failed; 0 where none did.', 'place'),
  anneal_board_errors_total: counter('Looks at campaigns and gates that failed.'),
} as const satisfies Record<string, Entry>;

/** Of a gateway's process. */
export const GATEWAY_METRICS = {
  anneal_gateway_requests_total: counter('Requests answered; status: HTTP, or closed.', 'route', 'status'),
  anneal_gateway_request_seconds: histogram('From a request to its answer.', GENERATION_SECONDS, 'route'),
  anneal_gateway_requests_in_flight: gauge('Requests being worked on.', 'route'),
  anneal_gateway_generations_waiting: gauge('Generations that wait for a connection to an engine.'),
  anneal_gateway_generations_running: gauge('Generations at an engine.'),
  anneal_gateway_engine_wait_seconds: histogram('How long a generation waited for a connection.', QUICK_SECONDS),
  anneal_gateway_engine_seconds: histogram("From the connection to the engine's answer.", GENERATION_SECONDS),
  anneal_gateway_completions_total: counter('Completions given; how: generated, joined, replayed.', 'how'),
  anneal_gateway_tokens_total: counter('Completion tokens generated.'),
  anneal_gateway_refused_total: counter('Requests that were refused.'),
  anneal_gateway_failed_total: counter('Requests that failed.'),
  anneal_gateway_fsyncs_total: counter("Flushes of the data pool's logs."),
  anneal_gateway_log_bytes: gauge("Size of the data pool's logs."),
} as const satisfies Record<string, Entry>;

export type MetricEntry = Entry;
export type WorkerMetric = keyof typeof WORKER_METRICS;
export type GatewayMetric = keyof typeof GATEWAY_METRICS;
