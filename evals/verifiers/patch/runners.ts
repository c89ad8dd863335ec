// The projects' own test runners, one test a process. A runner that loads candidate code counts as candidate: it is only watched from
// outside, and what its exit code is worth stands in docs/decisions/0017-runners-are-candidates.md.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AnnealError } from '../../../contracts/errors.ts';
import type { SandboxLimits } from '../../../contracts/ports.ts';
import { SEALED, type Step, type StepResult } from '../../workspace/workspace.ts';
import type { Artifact } from '../artifact.ts';
import type { Instruments } from '../verifier.ts';
import type { PatchCheck, RunnerName } from './check.ts';

export interface Runner {
  readonly language: 'python' | 'javascript' | 'go' | 'rust' | 'java';
  /** How one test is run; its request comes by standard input. */
  argv(id: string): readonly [string, ...string[]];
  /** The first is what argv starts, the others what it imports. */
  readonly launchers: readonly [string, ...string[]];
  /** Read from `Instruments.tools`. */
  readonly tool?: string;
  /** For languages that are compiled first (compiled.ts). */
  readonly compiled?: Compiled;
  readonly limits: Omit<SandboxLimits, 'wallMs'>;
}

export interface Compiled {
  readonly argv: readonly [string, ...string[]];
  /** Files that are compiled in with the tests although nobody named them: of these only the task's own stay. */
  readonly comesAlong?: RegExp;
}

const MB = 2 ** 20;
const LIMITS = { memoryBytes: 1_024 * MB, diskBytes: 256 * MB, processes: 64, outputBytes: 65_536 };
// V8, the JVM and Go reserve address space that they never use.
const ROOMY = { ...LIMITS, memoryBytes: 8_192 * MB };
const COMPILERS = { ...ROOMY, diskBytes: 1_024 * MB, processes: 256 };
/** Isolated from user packages, site hooks, the working directory and byte code. */
const launcher = (name: string, ...rest: string[]) =>
  ['python3', '-s', '-P', '-S', '-B', `${SEALED}/${name}`, ...rest] as const;
const compiled = (name: string, more: Partial<Compiled> = {}): Compiled => ({
  argv: launcher(name, 'build'),
  ...more,
});

export const RUNNERS: Readonly<Record<RunnerName, Runner>> = {
  unittest: {
    language: 'python',
    argv: () => launcher('launch.py', 'unittest'),
    launchers: ['launch.py'],
    limits: LIMITS,
  },
  pytest: {
    language: 'python',
    argv: () => launcher('launch.py', 'pytest'),
    launchers: ['launch.py'],
    tool: 'pytest',
    limits: LIMITS,
  },
  'node-test': {
    language: 'javascript',
    argv: (id) => {
      const reporter = ['--test-reporter', `${SEALED}/launch.mjs`, '--test-reporter-destination', 'stdout'];
      return ['/usr/bin/env', 'node', '--no-warnings', '--import', `${SEALED}/launch.mjs`, ...reporter, fileOf(id)];
    },
    launchers: ['launch.mjs'],
    limits: ROOMY,
  },
  vitest: {
    language: 'javascript',
    argv: () => ['/usr/bin/env', 'node', '--no-warnings', `${SEALED}/launch-vitest.mjs`],
    launchers: ['launch-vitest.mjs'],
    limits: { ...ROOMY, memoryBytes: 32_768 * MB },
  },
  go: {
    language: 'go',
    argv: () => launcher('launch-go.py', 'test'),
    launchers: ['launch-go.py', 'launched.py'],
    // Two tests of one name do not compile, and a TestMain rules them all.
    compiled: compiled('launch-go.py', { comesAlong: /_test\.go$/ }),
    limits: COMPILERS,
  },
  cargo: {
    language: 'rust',
    argv: () => launcher('launch-cargo.py', 'test'),
    launchers: ['launch-cargo.py', 'launched.py'],
    compiled: compiled('launch-cargo.py'),
    limits: COMPILERS,
  },
  junit: {
    language: 'java',
    argv: () => launcher('launch-junit.py', 'test'),
    launchers: ['launch-junit.py', 'launched.py'],
    tool: 'junit',
    compiled: compiled('launch-junit.py'),
    limits: COMPILERS,
  },
};

export const fileOf = (id: string): string => id.slice(0, id.indexOf('::'));

/** How a check's tests are run, as far as the runner has to know it. */
export type Running = Pick<PatchCheck, 'runner' | 'sources' | 'reporting'>;

/** Whether there is something to compile before a test is run. */
export const compiledBy = ({ runner, reporting }: Running): Compiled | undefined =>
  reporting === undefined ? RUNNERS[runner].compiled : undefined;

/** What lies read-only beside the workspace. @throws AnnealError `verifier.failed` when a tool is missing */
export function sealedFor(runner: Runner, { tools }: Instruments, reporting?: Running['reporting']): Artifact {
  const needed = reporting === undefined ? runner.tool : undefined;
  const tool = needed === undefined ? undefined : tools?.get(needed);
  if (needed !== undefined && tool === undefined)
    throw new AnnealError('verifier.failed', `the tests need ${needed}, which the grader was not given`);
  const own = runner.launchers.map(
    (name) => [name, readFileSync(new URL(`./launchers/${name}`, import.meta.url))] as const,
  );
  return new Map([...(tool ?? []), ...own]);
}

/** Where the official images of each language have their programs, then where a machine has its own. */
const USUAL = [
  ...['/usr/local/go/bin', '/usr/local/cargo/bin', '/opt/java/openjdk/bin', '/opt/gradle/bin'],
  ...['/usr/local/bin', '/usr/bin', '/bin'],
];

/** What a launcher reads and where it looks for programs, whatever it is asked to do. */
export function launched(running: Running, { toolchains }: Instruments, request: object): Pick<Step, 'stdin' | 'env'> {
  const { sources, reporting, runner } = running;
  const toolchain = toolchains?.get(runner);
  return {
    stdin: `${JSON.stringify({ sources, reporting, toolchain, ...request })}\n`,
    ...(RUNNERS[runner].language === 'python'
      ? {}
      : { env: { PATH: [...(toolchain === undefined ? [] : [toolchain.bin]), ...USUAL].join(':') } }),
  };
}

/** Numbers that follow from the secret and from what they are for, so that a second judgement draws the same. */
export const drawn = (secret: string, ...parts: readonly (string | number)[]): number =>
  createHmac('sha256', secret).update(JSON.stringify(parts)).digest().readUIntBE(0, 6);

export type TestOutcome = 'passed' | 'failed' | 'other';
type Codes = Readonly<Record<TestOutcome, number>>;

/** Exit codes that mean something by themselves lie outside: 0–2, 126 and above; 101 is Rust's for a panic. */
function codesFor(secret: string, ...parts: readonly (string | number)[]): Codes {
  const free = Array.from({ length: 97 }, (_, index) => index + 3);
  const take = (what: string): number => free.splice(drawn(secret, 'code', what, ...parts) % free.length, 1)[0]!;
  return { passed: take('passed'), failed: take('failed'), other: take('other') };
}

/** One test in a process of its own. */
export function testStep(input: {
  readonly running: Running;
  readonly instruments: Instruments;
  readonly id: string;
  readonly seconds: number;
  /** Tells this process from the others of the judgement. */
  readonly number: string;
}): { readonly step: Step; outcome(result: StepResult): TestOutcome } {
  const { id, running, instruments } = input;
  const codes = codesFor(instruments.secret, input.number);
  return {
    step: {
      what: id,
      argv: RUNNERS[running.runner].argv(id),
      ...launched(running, instruments, { id, ...codes }),
      wallMs: input.seconds * 1_000,
    },
    outcome: ({ how, exitCode }) => {
      if (how !== 'exited') return 'other';
      if (exitCode === codes.passed) return 'passed';
      return exitCode === codes.failed ? 'failed' : 'other';
    },
  };
}
