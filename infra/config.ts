// Everything that the environment may say, read once and typed. No other file of Anneal reads process.env.
//
// The standard TEMPORAL_* variables are ignored on purpose: Anneal must never touch a cluster that merely happens to be
// configured on the machine. Only `--temporal ADDRESS` (or ANNEAL_TEMPORAL) names another server than its own.
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AnnealError, type Problem } from '../contracts/errors.ts';
import { type Deployment, deploymentOf, deploymentVariables } from './deployment.ts';
import { type Observing, observingOf, observingVariables } from './observing.ts';
import { absolute, type Paths, pathsOf, repositoryRoot } from './paths.ts';
import type { ProcessIdentity } from './process/identity.ts';
import { type Production, productionOf, productionVariables } from './temporal/production.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'a port number between 1 and 65535')
  .transform(Number)
  .refine((value) => value >= 1 && value <= 65_535, 'a port number between 1 and 65535')
  .optional();
const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]+):\d{1,5}$/, 'HOST:PORT')
  .optional();
const path = z.string().min(1).optional();
const whole = z.string().regex(/^\d+$/, 'a whole number').transform(Number).optional();

/** The variables, all optional. What each means stands beside the member of `Config` that it fills. */
const variables = z.object({
  ANNEAL_HOME: path,
  ANNEAL_TEMPORAL: address,
  ANNEAL_NAMESPACE: z.string().min(1).optional(),
  TEMPORAL_CLI: path,
  ANNEAL_PYTHON: path,
  ANNEAL_JUDGE_KEYS: path,
  ANNEAL_AGENT_MODEL_URL: z.url({ protocol: /^https?$/, error: 'http://HOST/v1' }).optional(),
  ANNEAL_AGENT_MODEL_NAME: z.string().min(1).max(200).optional(),
  ANNEAL_AGENT_MODEL_KEYS: path,
  ANNEAL_AGENT_MODEL_FAMILY: z.string().min(1).max(100).optional(),
  ANNEAL_RESEARCH_SEARCH_URL: z.url({ protocol: /^https?$/, error: 'http://HOST/search' }).optional(),
  ANNEAL_RESEARCH_JUDGE_URL: z.url({ protocol: /^https?$/, error: 'http://HOST/v1' }).optional(),
  ANNEAL_RESEARCH_JUDGE_MODEL: z.string().min(1).max(200).optional(),
  ANNEAL_RESEARCH_JUDGE_FAMILY: z.string().min(1).max(100).optional(),
  ANNEAL_ON_CALL: path,
  ANNEAL_AUDIT_HEADS: path,
  ANNEAL_REPOSITORIES: path,
  ANNEAL_CONSOLE_OIDC: path,
  ANNEAL_PROVIDERS: path,
  ANNEAL_AGENTS: path,
  ANNEAL_ENVIRONMENTS: path,
  ANNEAL_TEMPORAL_PORT: port,
  ANNEAL_UI_PORT: port,
  ANNEAL_POLICY_PORT: port,
  ANNEAL_GATEWAY_PORT: port,
  ANNEAL_STACK_PID: whole,
  ANNEAL_STACK_START: whole,
  ANNEAL_READY_FILE: path,
  ANNEAL_TEST_CHILDREN: path,
  ANNEAL_TEST_FAULT: z.string().min(1).optional(),
  ANNEAL_GATEWAY_BIND: z.string().min(1).optional(),
  ANNEAL_GATEWAY_URL: z.url('http://HOST:PORT').optional(),
  ANNEAL_GATEWAY_SEAT: z.string().min(1).optional(),
  ANNEAL_CAPTURE: z.enum(['disk', 'store'], { error: 'disk or store' }).optional(),
  ...deploymentVariables,
  ...productionVariables,
  ...observingVariables,
});

/** The four ports of the local stack, all on 127.0.0.1. */
export interface Ports {
  readonly temporal: number;
  readonly temporalUi: number;
  readonly policy: number;
  readonly gateway: number;
}

export interface Config {
  /** The folder that holds package.json. */
  readonly repo: string;
  /** The folder that our code runs from: `repo`, or `repo`/dist when compiled. Trainer, examples and locks lie in both. */
  readonly root: string;
  /** ANNEAL_HOME, default `<repo>/.anneal`: every byte that Anneal writes lies below it, but for `environments`. */
  readonly home: string;
  readonly paths: Paths;
  readonly temporal: {
    /** `--temporal` or ANNEAL_TEMPORAL, HOST:PORT; undefined: the stack runs its own server. */
    readonly external: string | undefined;
    /** ANNEAL_NAMESPACE, default `default`. */
    readonly namespace: string;
    /** TEMPORAL_CLI: path of a Temporal CLI to use rather than look for one. */
    readonly cli: string | undefined;
  };
  /** ANNEAL_TEMPORAL_*, ANNEAL_PAYLOAD_KEYS, ANNEAL_SLOTS_*, ANNEAL_WORKER_DEPLOYMENT, ANNEAL_CODEC_*, ANNEAL_TEAMS. */
  readonly production: Production;
  /** ANNEAL_METRICS_*, ANNEAL_OTLP_ENDPOINT, ANNEAL_TRACKERS. */
  readonly observing: Observing;
  /** ANNEAL_COMPUTE, ANNEAL_STORE, ANNEAL_KUBE*: what campaigns run on. */
  readonly deployment: Deployment;
  readonly gateway: {
    /** ANNEAL_GATEWAY_BIND, default 127.0.0.1: the address that the gateway listens at. */
    readonly bind: string;
    /** ANNEAL_GATEWAY_URL: where the worker finds it; undefined: on this machine, by its port. */
    readonly url: string | undefined;
    /**
     * ANNEAL_GATEWAY_SEAT, default this machine's name and the folder: where the gateway runs. The next one there goes on under the same
     * name in the store. Two that run at once must differ.
     */
    readonly seat: string;
    /** ANNEAL_CAPTURE, default `disk`: where a record is before its answer's end is sent, the disk or the store (docs/gateway.md). */
    readonly capture: 'disk' | 'store';
  };
  /** ANNEAL_PYTHON: the interpreter that the trainer's virtual environment is made from. */
  readonly python: string | undefined;
  /** ANNEAL_JUDGE_KEYS: a JSON file of API keys by the addresses of judges; undefined: they are asked without one. */
  readonly judgeKeys: string | undefined;
  /** A model that reads logs beside the detectors (docs/diagnosis.md); without an address and a name there is none. */
  readonly agentModel: {
    /** ANNEAL_AGENT_MODEL_URL: up to and without `/chat/completions`. */
    readonly url: string | undefined;
    /** ANNEAL_AGENT_MODEL_NAME: as its server calls it. */
    readonly name: string | undefined;
    /** ANNEAL_AGENT_MODEL_KEYS: a JSON file of API keys by addresses of models; undefined: it is asked without one. */
    readonly keys: string | undefined;
    /** ANNEAL_AGENT_MODEL_FAMILY: of models; the letters that its name begins with unless given. */
    readonly family: string | undefined;
  };
  /** What questions to documents may ask besides that model (docs/research.md). */
  readonly research: {
    /** ANNEAL_RESEARCH_SEARCH_URL: a server that is asked for web pages; undefined: nothing is asked of anybody. */
    readonly searchUrl: string | undefined;
    /** ANNEAL_RESEARCH_JUDGE_URL, _MODEL, _FAMILY: a model of another family that judges claims; its key is in ANNEAL_JUDGE_KEYS. */
    readonly judge: {
      readonly url: string | undefined;
      readonly model: string | undefined;
      readonly family: string | undefined;
    };
  };
  /** ANNEAL_ON_CALL: the file that says who is told of an open gate (docs/on-call.md); it holds addresses that are secrets. */
  readonly onCall: string | undefined;
  /** ANNEAL_AUDIT_HEADS: the file that says where heads of the audit log are kept besides (docs/approvals.md); it may hold tokens. */
  readonly auditHeads: string | undefined;
  /** ANNEAL_REPOSITORIES: the file of repositories that agents may propose changes to (docs/agents.md); undefined: to none. */
  readonly repositories: string | undefined;
  /** ANNEAL_CONSOLE_OIDC: the file that says who signs in to the console, and how (docs/console.md); undefined: its local mode. */
  readonly consoleOidc: string | undefined;
  /** ANNEAL_PROVIDERS: a JSON file of other people's models, by the policy names under which the gateway serves them (docs/gateway.md). */
  readonly providers: string | undefined;
  /**
   * ANNEAL_AGENTS: the folder of the agents that campaigns may name (docs/harness.md). Beside the home unless given, since the sandbox's
   * user reads it, who may not read the home.
   */
  readonly agents: string;
  /** ANNEAL_ENVIRONMENTS: where root file systems of tasks are unpacked (docs/environments.md). Beside the home, for the same reason. */
  readonly environments: string;
  /** ANNEAL_{TEMPORAL,UI,POLICY,GATEWAY}_PORT. The supervisor sets all of them for its children. */
  readonly ports: { readonly [Name in keyof Ports]: number | undefined };
  /** ANNEAL_STACK_PID and ANNEAL_STACK_START: the supervisor that this process belongs to. */
  readonly stack: ProcessIdentity | undefined;
  /** ANNEAL_READY_FILE: what `markReady` writes to tell the supervisor that this process serves. */
  readonly readyFile: string | undefined;
  readonly hooks: {
    /** ANNEAL_TEST_CHILDREN: a JSON file `{name: argv}` that replaces commands of the stack's children. */
    readonly children: string | undefined;
    /** ANNEAL_TEST_FAULT: a point at which a component kills itself; what the points are is up to the component. */
    readonly fault: string | undefined;
  };
}

export interface ConfigOptions {
  readonly environment?: Environment;
  /** The value of `--temporal`. Wins over ANNEAL_TEMPORAL. */
  readonly temporal?: string | undefined;
  /** Wins over ANNEAL_HOME. */
  readonly home?: string | undefined;
}

/**
 * Reads the configuration. An empty variable counts as unset.
 * @throws AnnealError `cli.usage` naming every variable that has a wrong form.
 */
export function loadConfig(options: ConfigOptions = {}): Config {
  const environment = options.environment ?? process.env;
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = variables.safeParse({ ...given, ...(options.temporal ? { ANNEAL_TEMPORAL: options.temporal } : {}) });
  if (!parsed.success) throw usage(parsed.error, given);
  const set = parsed.data;
  const root = realpathSync(join(dirname(fileURLToPath(import.meta.url)), '..'));
  const repo = repositoryRoot(root);
  const home = absolute(options.home ?? set.ANNEAL_HOME ?? join(repo, '.anneal'));
  return {
    repo,
    root,
    home,
    paths: pathsOf(root, home),
    temporal: {
      external: set.ANNEAL_TEMPORAL,
      namespace: set.ANNEAL_NAMESPACE ?? 'default',
      cli: set.TEMPORAL_CLI,
    },
    production: productionOf(set, given, set.ANNEAL_NAMESPACE ?? 'default'),
    observing: observingOf(set, given, set.ANNEAL_STACK_PID === undefined),
    deployment: deploymentOf(set, home),
    gateway: {
      bind: set.ANNEAL_GATEWAY_BIND ?? '127.0.0.1',
      url: set.ANNEAL_GATEWAY_URL?.replace(/\/$/, ''),
      seat: set.ANNEAL_GATEWAY_SEAT ?? `${hostname()}:${home}`,
      capture: set.ANNEAL_CAPTURE ?? 'disk',
    },
    python: set.ANNEAL_PYTHON,
    judgeKeys: set.ANNEAL_JUDGE_KEYS === undefined ? undefined : resolve(set.ANNEAL_JUDGE_KEYS),
    agentModel: {
      url: set.ANNEAL_AGENT_MODEL_URL,
      name: set.ANNEAL_AGENT_MODEL_NAME,
      keys: set.ANNEAL_AGENT_MODEL_KEYS === undefined ? undefined : resolve(set.ANNEAL_AGENT_MODEL_KEYS),
      family: set.ANNEAL_AGENT_MODEL_FAMILY,
    },
    research: {
      searchUrl: set.ANNEAL_RESEARCH_SEARCH_URL,
      judge: {
        url: set.ANNEAL_RESEARCH_JUDGE_URL,
        model: set.ANNEAL_RESEARCH_JUDGE_MODEL,
        family: set.ANNEAL_RESEARCH_JUDGE_FAMILY,
      },
    },
    onCall: set.ANNEAL_ON_CALL === undefined ? undefined : resolve(set.ANNEAL_ON_CALL),
    auditHeads: set.ANNEAL_AUDIT_HEADS === undefined ? undefined : resolve(set.ANNEAL_AUDIT_HEADS),
    repositories: set.ANNEAL_REPOSITORIES === undefined ? undefined : resolve(set.ANNEAL_REPOSITORIES),
    consoleOidc: set.ANNEAL_CONSOLE_OIDC === undefined ? undefined : resolve(set.ANNEAL_CONSOLE_OIDC),
    providers: set.ANNEAL_PROVIDERS === undefined ? undefined : resolve(set.ANNEAL_PROVIDERS),
    agents: resolve(set.ANNEAL_AGENTS ?? `${home}-agents`),
    environments: resolve(set.ANNEAL_ENVIRONMENTS ?? `${home}-environments`),
    ports: {
      temporal: set.ANNEAL_TEMPORAL_PORT,
      temporalUi: set.ANNEAL_UI_PORT,
      policy: set.ANNEAL_POLICY_PORT,
      gateway: set.ANNEAL_GATEWAY_PORT,
    },
    stack:
      set.ANNEAL_STACK_PID === undefined || set.ANNEAL_STACK_START === undefined
        ? undefined
        : { pid: set.ANNEAL_STACK_PID, startTime: set.ANNEAL_STACK_START },
    readyFile: set.ANNEAL_READY_FILE,
    hooks: { children: set.ANNEAL_TEST_CHILDREN, fault: set.ANNEAL_TEST_FAULT },
  };
}

/** Where the parts of the stack listen, as seen by one of its children or by a client that knows the ports. */
export interface Endpoints {
  /** HOST:PORT. */
  readonly temporal: string;
  /** Undefined when Temporal is not ours. */
  readonly temporalUi: string | undefined;
  /** Undefined where policy servers are pods. */
  readonly policy: string | undefined;
  readonly gateway: string;
}

/** @throws AnnealError `stack.not_running` when a port is unknown: this process is not a child of the supervisor. */
export function endpointsOf(config: Config, ports: Partial<Ports> = {}): Endpoints {
  const need = (name: keyof Ports): number => {
    const value = ports[name] ?? config.ports[name];
    if (value === undefined) throw new AnnealError('stack.not_running', `the ${name} port is not known`);
    return value;
  };
  const external = config.temporal.external;
  return {
    temporal: external ?? `127.0.0.1:${need('temporal')}`,
    temporalUi: external === undefined ? `http://127.0.0.1:${need('temporalUi')}` : undefined,
    policy: config.deployment.compute === 'local' ? `http://127.0.0.1:${need('policy')}` : undefined,
    gateway: config.gateway.url ?? `http://127.0.0.1:${need('gateway')}`,
  };
}

/**
 * What a child process inherits: this process's environment without TEMPORAL_* (the Temporal CLI would obey it) and without
 * our own variables, which the caller sets anew through `additions`.
 */
export function childEnvironment(
  additions: Readonly<Record<string, string>> = {},
  environment: Environment = process.env,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && !name.startsWith('TEMPORAL_') && !name.startsWith('ANNEAL_')) kept[name] = value;
  }
  return { ...kept, ...additions };
}

/** The folders of PATH, in order. */
export function searchPath(environment: Environment = process.env): string[] {
  return (environment.PATH ?? '/usr/local/bin:/usr/bin:/bin').split(':').filter((entry) => isAbsolute(entry));
}

function usage(error: z.ZodError, given: Record<string, string | undefined>): AnnealError {
  const problems: Problem[] = error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return {
      code: 'cli.usage',
      path: name === 'ANNEAL_TEMPORAL' ? '--temporal / ANNEAL_TEMPORAL' : name,
      expected: issue.message,
      got: given[name],
      hint: 'Correct or unset it.',
    };
  });
  return new AnnealError(
    'cli.usage',
    problems.length === 1 ? 'a setting has a wrong form' : `${problems.length} settings have a wrong form`,
    { problems },
  );
}
