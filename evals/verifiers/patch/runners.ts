// The projects' own test runners, one test a process. A runner that loads candidate code counts as candidate: it is only watched from
// outside, and what its exit code is worth stands in docs/decisions/0017-runners-are-candidates.md.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AnnealError } from '../../../contracts/errors.ts';
import type { SandboxLimits } from '../../../contracts/ports.ts';
import { SEALED, type Step, type StepResult } from '../../workspace/workspace.ts';
import type { Artifact } from '../artifact.ts';
import type { Instruments } from '../verifier.ts';
import type { RunnerName } from './check.ts';

export interface Runner {
  readonly language: 'python' | 'javascript';
  /** How one test is run; its request comes by standard input. */
  argv(id: string): readonly [string, ...string[]];
  readonly launcher: 'launch.py' | 'launch.mjs';
  /** Read from `Instruments.tools`. */
  readonly tool?: string;
  readonly limits: Omit<SandboxLimits, 'wallMs'>;
}

const MB = 2 ** 20;
const LIMITS = { memoryBytes: 1_024 * MB, diskBytes: 256 * MB, processes: 64, outputBytes: 65_536 };
/** Isolated from user packages, site hooks, the working directory and byte code. */
const PYTHON = ['python3', '-s', '-P', '-S', '-B', `${SEALED}/launch.py`] as const;

export const RUNNERS: Readonly<Record<RunnerName, Runner>> = {
  unittest: { language: 'python', argv: () => [...PYTHON, 'unittest'], launcher: 'launch.py', limits: LIMITS },
  pytest: {
    language: 'python',
    argv: () => [...PYTHON, 'pytest'],
    launcher: 'launch.py',
    tool: 'pytest',
    limits: LIMITS,
  },
  'node-test': {
    language: 'javascript',
    argv: (id) =>
      [
        ...['/usr/bin/env', 'node', '--no-warnings', '--import', `${SEALED}/launch.mjs`],
        ...['--test-reporter', `${SEALED}/launch.mjs`, '--test-reporter-destination', 'stdout', fileOf(id)],
      ] as [string, ...string[]],
    launcher: 'launch.mjs',
    // V8 reserves address space that it never uses.
    limits: { ...LIMITS, memoryBytes: 8_192 * MB },
  },
};

export const fileOf = (id: string): string => id.slice(0, id.indexOf('::'));

/** What lies read-only beside the workspace. @throws AnnealError `verifier.failed` when a tool is missing */
export function sealedFor(runner: Runner, { tools }: Instruments): Artifact {
  const own = readFileSync(new URL(`./${runner.launcher}`, import.meta.url));
  const tool = runner.tool === undefined ? undefined : tools?.get(runner.tool);
  if (runner.tool !== undefined && tool === undefined)
    throw new AnnealError('verifier.failed', `the tests need ${runner.tool}, which the grader was not given`);
  return new Map([...(tool ?? []), [runner.launcher, own]]);
}

/** Numbers that follow from the secret and from what they are for, so that a second judgement draws the same. */
export const drawn = (secret: string, ...parts: readonly (string | number)[]): number =>
  createHmac('sha256', secret).update(JSON.stringify(parts)).digest().readUIntBE(0, 6);

export type TestOutcome = 'passed' | 'failed' | 'other';
type Codes = Readonly<Record<TestOutcome, number>>;

/** Exit codes that mean something by themselves lie outside: 0–2, 126 and above. */
function codesFor(secret: string, ...parts: readonly (string | number)[]): Codes {
  const free = Array.from({ length: 120 }, (_, index) => index + 3);
  const take = (what: string): number => free.splice(drawn(secret, 'code', what, ...parts) % free.length, 1)[0]!;
  return { passed: take('passed'), failed: take('failed'), other: take('other') };
}

/** One test in a process and a workspace of its own. */
export function testStep(input: {
  readonly runner: Runner;
  readonly sources: readonly string[];
  readonly id: string;
  readonly seconds: number;
  /** Over the workspace's files, for this process alone. */
  readonly files: Artifact;
  readonly secret: string;
  /** Tells this process from the others of the judgement. */
  readonly number: string;
}): { readonly step: Step; outcome(result: StepResult): TestOutcome } {
  const codes = codesFor(input.secret, input.number);
  const { id, sources, runner } = input;
  return {
    step: {
      what: id,
      argv: runner.argv(id),
      stdin: `${JSON.stringify({ id, sources, ...codes })}\n`,
      wallMs: input.seconds * 1_000,
      fresh: input.files,
    },
    outcome: ({ how, exitCode }) =>
      how !== 'exited'
        ? 'other'
        : exitCode === codes.passed
          ? 'passed'
          : exitCode === codes.failed
            ? 'failed'
            : 'other',
  };
}
