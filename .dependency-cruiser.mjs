// The import table of the architecture, enforced. What is not allowed here is forbidden.
export const ALLOWED = {
  contracts: [],
  policies: ['contracts'],
  workflows: ['contracts', 'policies'],
  activities: ['contracts', 'policies', 'agents', 'evals'],
  agents: ['contracts', 'policies'],
  evals: ['contracts', 'policies'],
  gateway: ['contracts', 'policies'],
  k8s: ['contracts', 'policies'],
  infra: ['contracts', 'policies'],
  // cli/spec reads and checks campaign files: those that agents propose are held to the same rules as anybody's.
  worker: [
    'contracts',
    'policies',
    'activities',
    'agents',
    'evals',
    'gateway',
    'k8s',
    'infra',
    'workflows',
    'cli/spec',
  ],
  cli: ['contracts', 'policies', 'activities', 'agents', 'evals', 'gateway', 'k8s', 'infra', 'console'],
  console: ['contracts', 'policies', 'infra'],
};
const OWN = Object.keys(ALLOWED).join('|');
const TEST = '\\.test\\.ts$';
/** Starts programs for tests, as the stack does for users; nothing that ships imports it. */
const TESTBED = '^k8s/testbed/';

const matrix = Object.entries(ALLOWED).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  comment: `${folder}/ may import ${allowed.join(', ') || 'nothing'} of ours.`,
  severity: 'error',
  from: { path: `^${folder}/`, pathNot: folder === 'k8s' ? [TEST, TESTBED] : TEST },
  to: {
    path: `^(${OWN}|tests|bench)/`,
    pathNot: [
      `^(${[folder, ...allowed].join('|')})/`,
      ...(folder === 'workflows' ? ['^activities/(queue-)?interface\\.ts$'] : []),
    ],
  },
}));

export default {
  forbidden: [
    ...matrix,
    {
      name: 'testbed-imports',
      comment: 'k8s/testbed/ may import contracts, policies and infra of ours.',
      severity: 'error',
      from: { path: TESTBED, pathNot: TEST },
      to: { path: `^(${OWN}|tests|bench)/`, pathNot: '^(k8s/testbed|contracts|policies|infra)/' },
    },
    {
      name: 'testbed-does-not-ship',
      severity: 'error',
      from: { path: `^(${OWN})/`, pathNot: [TEST, TESTBED] },
      to: { path: TESTBED },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'contracts-need-zod-only',
      severity: 'error',
      from: { path: '^contracts/', pathNot: [TEST, '^contracts/emit-schemas\\.ts$'] },
      to: { pathNot: '^contracts/', dependencyTypesNot: ['local'], path: '^(?!node_modules/zod/)' },
    },
    {
      name: 'policies-are-pure',
      severity: 'error',
      from: { path: '^policies/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'policies-need-zod-only',
      severity: 'error',
      from: { path: '^policies/', pathNot: TEST },
      to: { path: '^node_modules/(?!zod/)' },
    },
    {
      name: 'workflows-are-deterministic',
      severity: 'error',
      from: { path: '^workflows/', pathNot: TEST },
      to: { path: '^node_modules/(?!zod/|@temporalio/(workflow|common)/)' },
    },
    {
      name: 'workflows-have-no-machine',
      severity: 'error',
      from: { path: '^workflows/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'images-have-no-duckdb',
      comment: 'What the images of worker and gateway start cannot ask for what they leave out.',
      severity: 'error',
      from: { path: '^worker/', pathNot: TEST },
      to: { path: '@duckdb/', reachable: true },
    },
    { name: 'no-utils', severity: 'error', from: {}, to: { path: '(^|/)utils?/', pathNot: '^node_modules/' } },
    { name: 'no-utils-unused', severity: 'error', from: { path: '(^|/)utils?/', orphan: true }, to: {} },
    { name: 'no-utils-inside', severity: 'error', from: { path: '(^|/)utils?/' }, to: {} },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Its first choice, the TypeScript compiler, it knows only up to version 6; without either it misses exported types.
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
