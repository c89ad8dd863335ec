// Values for the chart: the least that it takes, nearly everything it knows, and as little as possible made by it.

export const MINIMAL = {
  temporal: { address: 'temporal.example:7233' },
  store: { url: 's3://anneal/team-a?endpoint=https://store.example' },
};
export const FULL = {
  ...MINIMAL,
  fullnameOverride: 'team-a',
  images: {
    pullSecrets: ['registry'],
    worker: { repository: 'registry.example:5000/anneal/worker', digest: `sha256:${'a'.repeat(64)}` },
  },
  temporal: {
    ...MINIMAL.temporal,
    namespace: 'team-a',
    tls: {
      enabled: true,
      serverName: 'temporal',
      ca: { secret: 'temporal-ca' },
      client: { secret: 'temporal-client' },
    },
    apiKey: { secret: 'temporal-key', key: 'key' },
    payloadKeys: { secret: 'payloads' },
  },
  store: { ...MINIMAL.store, secret: '' },
  gpu: { namespace: 'team-a-gpu', podSecurity: 'privileged', workload: 'job' },
  sandbox: {
    ...{ by: 'pods', namespace: 'team-a-sandboxes', image: `registry.example:5000/sandbox@sha256:${'d'.repeat(64)}` },
    ...{ runtimeClass: 'gvisor', allow: ['open-network'], probe: ['store.example:443', '[::1]:9000'] },
    ...{ cpu: '500m', disk: '0' },
  },
  control: { manageNamespace: true },
  teams: { configMap: 'teams' },
  judges: { keys: { secret: 'judge-keys', key: 'team-a.json' } },
  agents: {
    model: {
      ...{ url: 'https://models.example/v1', name: 'large-1', family: 'large' },
      keys: { secret: 'agent-keys', key: 'team-a.json' },
    },
  },
  research: {
    searchUrl: 'https://search.example/search',
    judge: { url: 'https://judge.example/v1', model: 'other-1', family: 'other' },
  },
  repositories: { configMap: 'repositories', claim: 'repositories', forges: ['trainer-forge', 'ssh.of-the-other'] },
  onCall: { secret: 'on-call', key: 'night.yaml' },
  auditHeads: { secret: 'audit-heads', key: 'places.yaml' },
  tracing: { otlpEndpoint: 'http://collector:4318', trainersOtlpEndpoint: 'http://collector.monitoring:4318' },
  worker: {
    replicas: 3,
    slots: { jobs: 32, control: 8 },
    deployment: 'team-a',
    previous: [{ tag: '0.0.9', replicas: 1 }],
    extraEnv: [{ name: 'A', value: 'b' }],
    podAnnotations: { a: 'b' },
    nodeSelector: { pool: 'control' },
    tolerations: [{ key: 'a', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    priorityClassName: 'system',
    seccompProfile: { type: 'Localhost', localhostProfile: 'profiles/anneal.json' },
  },
  gateway: { persistence: { enabled: false }, podAnnotations: { a: 'b' }, extraEnv: [{ name: 'A', value: 'b' }] },
  codec: {
    enabled: true,
    replicas: 2,
    uiOrigin: 'https://temporal.example',
    from: ['ingress'],
    podAnnotations: { a: 'b' },
    nodeSelector: { pool: 'control' },
    tolerations: [{ key: 'a', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    priorityClassName: 'system',
  },
  console: {
    ...{ enabled: true, signIn: { secret: 'sign-in', key: 'team-a.yaml' }, from: ['ingress'] },
    ...{ podAnnotations: { a: 'b' }, nodeSelector: { pool: 'control' }, extraEnv: [{ name: 'A', value: 'b' }] },
    ...{ tolerations: [{ key: 'a', operator: 'Exists' }], affinity: { nodeAffinity: {} }, priorityClassName: 'system' },
  },
  networkPolicies: {
    store: { cidrs: ['10.0.0.0/8', '0.0.0.0/0', '::/0'], ports: [443, 9000] },
    dns: { namespace: 'dns', labels: { app: 'dns' } },
    metricsFrom: [],
    collector: { namespaces: ['monitoring'], cidrs: ['::/0'], ports: [4318] },
  },
  priorityClasses: { create: true },
  metrics: {
    alerts: { enabled: true, labels: { release: 'prometheus' } },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    dashboard: { enabled: true },
  },
};
export const BARE = {
  ...MINIMAL,
  gpu: { create: false },
  rbac: { create: false },
  networkPolicies: { create: false },
  metrics: { enabled: false },
};
/** A codec server with a token of its own, which asks Temporal nothing. */
export const CODEC = {
  ...MINIMAL,
  temporal: FULL.temporal,
  codec: { enabled: true, token: { secret: 'codec-token', key: 'key' } },
};
