// What the supervisor is told: which children, in what order, and when each counts as ready.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { SEARCH_TYPES } from '../../contracts/names.ts';
import type { Config, Ports } from '../config.ts';
import { deploymentEnvironment } from '../deployment.ts';
import { TOUCH_MS } from './watch-parent.ts';

const argv = z.tuple([z.string()], z.string());

/** `file`: the child makes it (`markReady`); the supervisor removes it before each start. `exec`: the command exits 0 and prints every expected word. */
export const readiness = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tcp'), port: z.int() }),
  z.strictObject({ kind: z.literal('http'), url: z.string() }),
  z.strictObject({ kind: z.literal('file'), path: z.string() }),
  z.strictObject({ kind: z.literal('exec'), argv, expect: z.array(z.string()) }),
]);
export type Readiness = z.infer<typeof readiness>;

/** `http`: it answers. `touched`: it touches the file (`markReady` does, as long as its event loop turns). */
export const health = z.strictObject({
  look: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('http'), url: z.string() }),
    z.strictObject({ kind: z.literal('touched'), path: z.string(), maxAgeMs: z.int() }),
  ]),
  everyMs: z.int().positive(),
  /** A busy machine is slow, not hung. */
  timeoutMs: z.int().positive(),
  /** After so long without a good look it is killed and started again. */
  limitMs: z.int().positive(),
});
export type Health = z.infer<typeof health>;

export const childPlan = z.strictObject({
  name: z.string().regex(/^[a-z]+$/),
  argv,
  /** Added to what every child inherits. */
  env: z.record(z.string(), z.string()),
  /** What the kernel sends the child when the supervisor dies. */
  deathSignal: z.enum(['TERM', 'KILL']),
  /** Children that must be ready before this one is started for the first time. */
  after: z.array(z.string()),
  ready: readiness,
  /** Looked at from when it is ready; the port alone does not tell: the kernel goes on accepting for a process that hangs. */
  health: health.optional(),
  /** How long a start after the first may take until it is ready; default two minutes. */
  restartLimitMs: z.int().positive().optional(),
});
export type ChildPlan = z.infer<typeof childPlan>;

export const stackPlan = z.strictObject({
  schema: z.literal('anneal/stack-plan/v1'),
  home: z.string(),
  logs: z.string(),
  stateFile: z.string(),
  jobs: z.string(),
  ports: z.strictObject({ temporal: z.int(), temporalUi: z.int(), policy: z.int(), gateway: z.int() }).partial(),
  /** The Temporal that was named; null: the stack runs its own. */
  external: z.string().nullable(),
  /** In the order of starting; stopped in reverse. */
  children: z.array(childPlan),
});
export type StackPlan = z.infer<typeof stackPlan>;

export interface ChildContext {
  readonly config: Config;
  readonly ports: Partial<Ports>;
  /** The Temporal CLI; undefined when another Temporal was named. */
  readonly temporalBinary: string | undefined;
}

const OFTEN = { everyMs: 5_000, timeoutMs: 5_000, limitMs: 30_000 } as const;
const answering = (url: string): Health => ({ ...OFTEN, look: { kind: 'http', url } });

/** Path of one of our programs, in the form (source or compiled) in which this very file runs. */
export function programPath(name: string): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../../${name}.${extension}`, import.meta.url));
}

/** Temporal and policy server first, then the gateway, then the worker. */
export function defaultChildren(context: ChildContext): ChildPlan[] {
  const { config, ports } = context;
  const { paths } = config;
  const shared = sharedEnvironment(context);
  const readyFile = join(paths.run, 'worker.ready');
  const temporal = context.temporalBinary === undefined ? [] : [temporalChild(context, context.temporalBinary)];
  // Elsewhere the campaigns' own pods serve.
  const policy: ChildPlan[] = config.deployment.compute === 'local' ? [policyChild(context)] : [];
  const children: ChildPlan[] = [
    ...temporal,
    ...policy,
    {
      name: 'gateway',
      argv: [process.execPath, programPath('worker/gateway')],
      env: shared,
      deathSignal: 'TERM',
      after: policy.map((child) => child.name),
      ready: { kind: 'tcp', port: ports.gateway ?? 0 },
      health: answering(`http://127.0.0.1:${ports.gateway}/health`),
    },
    {
      name: 'worker',
      argv: [process.execPath, programPath('worker/main')],
      env: { ...shared, ANNEAL_READY_FILE: readyFile },
      deathSignal: 'TERM',
      after: [...temporal.map((child) => child.name), 'gateway'],
      ready: { kind: 'file', path: readyFile },
      health: { ...OFTEN, look: { kind: 'touched', path: readyFile, maxAgeMs: 3 * TOUCH_MS } },
    },
  ];
  return replaceCommands(children, config.hooks.children);
}

function policyChild({ config: { paths }, ports }: ChildContext): ChildPlan {
  const health = `http://127.0.0.1:${ports.policy}/health`;
  return {
    name: 'policy',
    argv: [paths.venvPython, '-m', 'anneal_server', '--port', `${ports.policy}`, '--state', paths.policy],
    env: {
      PYTHONPATH: paths.trainer,
      PYTHONUNBUFFERED: '1',
      PYTHONNOUSERSITE: '1',
      ANNEAL_STORE: `file://${paths.store}`,
      ANNEAL_JAX_CACHE: paths.jaxCache,
    },
    deathSignal: 'TERM',
    after: [],
    ready: { kind: 'http', url: health },
    health: answering(health),
  };
}

function temporalChild({ config, ports }: ChildContext, binary: string): ChildPlan {
  const { namespace } = config.temporal;
  const address = `127.0.0.1:${ports.temporal}`;
  // The CLI would otherwise take address, keys and certificates from the user's own Temporal settings.
  const isolated = [
    '--disable-config-file',
    '--disable-config-env',
    '--env-file',
    join(config.paths.run, 'no-env.yaml'),
  ];
  return {
    name: 'temporal',
    argv: [
      ...([binary, 'server', 'start-dev', '--db-filename', config.paths.temporalDatabase] as const),
      ...['--ip', '127.0.0.1', '--port', `${ports.temporal}`, '--ui-port', `${ports.temporalUi}`],
      ...['--log-level', 'warn', '--namespace', namespace, ...isolated],
      ...Object.entries(SEARCH_TYPES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ],
    env: {},
    // The database is a write-ahead-logged SQLite file, so that there is nothing to be gained by asking politely.
    deathSignal: 'KILL',
    after: [],
    // The port opens before the namespace and the search attributes exist.
    ready: {
      kind: 'exec',
      argv: [
        ...([binary, 'operator', 'search-attribute', 'list', '--address', address, '--namespace', namespace] as const),
        ...isolated,
      ],
      expect: Object.keys(SEARCH_TYPES),
    },
    // The UI's server is the same process and asks its frontend.
    health: answering(`http://127.0.0.1:${ports.temporalUi}/api/v1/cluster-info`),
  };
}

/** What our own children read through `loadConfig`. */
function sharedEnvironment({ config, ports }: ChildContext): Record<string, string> {
  const all: Record<string, string | number | undefined> = {
    ANNEAL_HOME: config.home,
    ANNEAL_NAMESPACE: config.temporal.namespace,
    ANNEAL_TEMPORAL: config.temporal.external,
    ANNEAL_TEMPORAL_PORT: ports.temporal,
    ANNEAL_UI_PORT: ports.temporalUi,
    ANNEAL_POLICY_PORT: ports.policy,
    ANNEAL_GATEWAY_PORT: ports.gateway,
    ANNEAL_JUDGE_KEYS: config.judgeKeys,
    ANNEAL_AGENT_MODEL_URL: config.agentModel.url,
    ANNEAL_AGENT_MODEL_NAME: config.agentModel.name,
    ANNEAL_AGENT_MODEL_KEYS: config.agentModel.keys,
    ANNEAL_AGENT_MODEL_FAMILY: config.agentModel.family,
    ANNEAL_RESEARCH_SEARCH_URL: config.research.searchUrl,
    ANNEAL_RESEARCH_JUDGE_URL: config.research.judge.url,
    ANNEAL_RESEARCH_JUDGE_MODEL: config.research.judge.model,
    ANNEAL_RESEARCH_JUDGE_FAMILY: config.research.judge.family,
    ANNEAL_ON_CALL: config.onCall,
    ANNEAL_AUDIT_HEADS: config.auditHeads,
    ANNEAL_REPOSITORIES: config.repositories,
    ANNEAL_PROVIDERS: config.providers,
    ANNEAL_CAPTURE: config.gateway.capture,
    ANNEAL_GATEWAY_SEAT: config.gateway.seat,
    ANNEAL_AGENTS: config.agents,
    ANNEAL_ENVIRONMENTS: config.environments,
    ANNEAL_TEST_FAULT: config.hooks.fault,
  };
  const set = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]]));
  return {
    ...Object.fromEntries(set),
    ...deploymentEnvironment(config.deployment),
    ...config.production.environment,
    ...config.observing.environment,
  };
}

/** The test hook: other commands under the same names, of whose health nothing is known. */
function replaceCommands(children: ChildPlan[], file: string | undefined): ChildPlan[] {
  if (file === undefined) return children;
  const commands = z.record(z.string(), argv).parse(JSON.parse(readFileSync(file, 'utf8')));
  return children.map((child) => {
    const { health: _, ...other } = child;
    const replaced = commands[child.name];
    return replaced === undefined ? child : { ...other, argv: replaced };
  });
}
