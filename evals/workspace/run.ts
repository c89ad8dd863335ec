// Running the steps of a candidate in one fresh sandbox, under a driver that only relays. Nothing is judged here.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { MOST_ARTIFACT_BYTES } from '../../contracts/artifact-task.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Sandbox, SandboxLimits } from '../../contracts/ports.ts';
import type { Artifact } from '../verifiers/artifact.ts';
import {
  BEGAN,
  DriverLost,
  type RunWorkspace,
  type StepResult,
  type WorkspaceResult,
  type WorkspaceRun,
} from './workspace.ts';

/** Isolated from user packages, site hooks, the working directory and byte code. */
const DRIVER = ['python3', '-s', '-P', '-S', '-B', '/work/driver.py'] as const;

/** A tmpfs bounds bytes, not inodes; each costs the kernel about a kilobyte. */
const MOST_INODES = 50_000;
const MOST_FILES = 2_000;
/** What the driver needs besides its steps: it starts, writes and clears the workspace, and reads the declared files. */
const DRIVER_MS = 10_000;
/** What a line holds besides base64: braces, a path or a reason. */
const LINE_BYTES = 4_096;
/** The account is one string, and half a gigabyte is as long as a string gets. */
const MOST_ACCOUNT_BYTES = 400 * 2 ** 20;

const stepLine = z.strictObject({
  step: z.int(),
  how: z.enum(['exited', 'timeout', 'output-limit', 'signalled']),
  exitCode: z.int().nullable(),
  milliseconds: z.number().nonnegative(),
  stdout: z.string(),
  stderr: z.string(),
});
const line = z.union([
  z.strictObject({ began: z.int() }),
  stepLine,
  z.strictObject({ file: z.string(), data: z.string() }),
  z.strictObject({ refused: z.string(), why: z.string() }),
  z.strictObject({ done: z.string(), lines: z.int() }),
]);
type Line = z.infer<typeof line>;

const sources = new Map<string, string>();
function sourceOf(name: string): string {
  const known = sources.get(name) ?? readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
  sources.set(name, known);
  return known;
}

export const openWorkspace =
  (sandbox: Sandbox): RunWorkspace =>
  (run) =>
    runWorkspace(sandbox, run);

/**
 * Everything that a step may see lies in its workspace or is sealed beside it; the rest of the run waits in the driver's memory.
 * @throws as `RunWorkspace`
 */
export async function runWorkspace(sandbox: Sandbox, run: WorkspaceRun): Promise<WorkspaceResult> {
  const nonce = randomBytes(16).toString('hex');
  const files: Record<string, string | Uint8Array> = {
    'driver.py': sourceOf('driver.py'),
    'collect.py': sourceOf('collect.py'),
  };
  for (const [path, bytes] of run.sealed ?? []) files[`sealed/${path}`] = bytes;
  const { stdin, collectedBytes } = request(run, nonce);
  const { door, agent, signal } = run;
  const result = await sandbox.run({
    ...{ argv: DRIVER, files, stdin, limits: limitsFor(run, collectedBytes) },
    ...(door === undefined ? {} : { door }),
    ...(agent === undefined ? {} : { agent }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (result.how !== 'exited' || result.exitCode !== 0) {
    const why = result.stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
    const how = `ended before its account was complete (${result.how}) ${why}`.trim();
    throw BEGAN.test(result.stdout) ? new DriverLost(said(how)) : broken(how);
  }
  return account(result.stdout, run, nonce);
}

function request(run: WorkspaceRun, nonce: string): { stdin: Uint8Array; collectedBytes: number } {
  const blobs: Uint8Array[] = [];
  const named = (artifact: Artifact): (readonly [string, number])[] =>
    [...artifact].map(([path, bytes]) => {
      blobs.push(bytes);
      return [path, bytes.length];
    });
  const files = named(run.files);
  const steps = run.steps.map(({ argv, env, stdin, wallMs, fresh }) => {
    const input = Buffer.from(stdin ?? '');
    blobs.push(input);
    return {
      argv,
      env: env ?? {},
      stdin: input.length,
      seconds: wallMs / 1_000,
      fresh: fresh === undefined ? null : named(fresh),
    };
  });
  const declared = run.collect.reduce(
    (sum, { path, maxBytes }) => sum + (path.endsWith('/') ? MOST_ARTIFACT_BYTES : maxBytes),
    0,
  );
  const collectedBytes = Math.min(MOST_ARTIFACT_BYTES, declared);
  const { outputBytes } = run.limits;
  const limits = { outputBytes, inodes: MOST_INODES, files: MOST_FILES, collectedBytes };
  const collect = run.collect.map(({ path, maxBytes }) => ({ path, maxBytes }));
  const head = `${JSON.stringify({ nonce, files, steps, collect, limits })}\n`;
  return { stdin: Buffer.concat([Buffer.from(head), ...blobs]), collectedBytes };
}

function limitsFor(run: WorkspaceRun, collectedBytes: number): SandboxLimits {
  const encoded = (bytes: number): number => 4 * Math.ceil(bytes / 3);
  const outputBytes =
    run.steps.length * (2 * encoded(run.limits.outputBytes) + LINE_BYTES) +
    encoded(collectedBytes) +
    (mostNamed(run) + 1) * LINE_BYTES;
  if (outputBytes > MOST_ACCOUNT_BYTES)
    throw new AnnealError('internal.bug', `steps that may write ${outputBytes} bytes in all are too many for one run`);
  const wallMs = run.steps.reduce((sum, step) => sum + step.wallMs, DRIVER_MS);
  return { ...run.limits, outputBytes, wallMs };
}

/** Files and refusals together: what the driver may name. */
const mostNamed = (run: WorkspaceRun): number =>
  run.collect.reduce((sum, { path }) => sum + (path.endsWith('/') ? MOST_FILES : 1), 0);

function account(stdout: string, run: WorkspaceRun, nonce: string): WorkspaceResult {
  const texts = stdout.split('\n');
  if (texts.pop() !== '') throw broken('stopped in the middle of a line');
  const lines = texts.map(parse);
  const last = lines.pop();
  if (last === undefined || !('done' in last) || last.done !== nonce || last.lines !== lines.length)
    throw broken('did not end its account');
  const steps: StepResult[] = [];
  const collected = new Map<string, Uint8Array>();
  const refused: { path: string; why: string }[] = [];
  for (const one of lines) {
    if ('began' in one) {
      if (one.began !== steps.length) throw broken('begins steps out of order');
    } else if ('step' in one) {
      if (one.step !== steps.length) throw broken('accounts for steps out of order');
      const { how, exitCode, milliseconds } = one;
      steps.push({ how, exitCode, milliseconds, stdout: decoded(one.stdout), stderr: decoded(one.stderr) });
    } else if ('file' in one) {
      if (collected.has(one.file)) throw broken(`hands out ${one.file} twice`);
      collected.set(one.file, Buffer.from(one.data, 'base64'));
    } else if ('refused' in one) refused.push({ path: one.refused, why: one.why });
    else throw broken('ended its account twice');
  }
  if (steps.length !== run.steps.length) throw broken(`accounts for ${steps.length} steps of ${run.steps.length}`);
  if (collected.size + refused.length > mostNamed(run)) throw broken('names more files than were declared');
  for (const path of collected.keys()) {
    const wanted = run.collect.some((one) => (one.path.endsWith('/') ? path.startsWith(one.path) : path === one.path));
    if (!wanted) throw broken(`hands out ${path.slice(0, 100)}, which is not declared`);
  }
  return { steps, collected, refused };
}

function parse(text: string): Line {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    throw broken('wrote something that is no account');
  }
}

/** Bytes that are no UTF-8 become replacement characters: this text is evidence, never a verdict. */
const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

const said = (how: string): string => `the workspace's driver ${how}`;
const broken = (how: string): AnnealError => new AnnealError('verifier.failed', said(how));
