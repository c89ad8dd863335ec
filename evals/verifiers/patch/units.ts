// Whether all that a workload asks for shows in what it prints. The code under test shares the workload's process: it may empty a loop or
// give again what it gave before. That is seen only where each unit of work is another one and leaves a line of its own.
import { z } from 'zod';
import { createRandom } from '../../../policies/random.ts';
import { runWorkspace } from '../../workspace/run.ts';
import { SEALED, WORKSPACE } from '../../workspace/workspace.ts';
import type { Artifact } from '../artifact.ts';
import type { Instruments } from '../verifier.ts';
import type { PerformanceCheck } from './check.ts';
import { RUNNERS, sealedFor } from './runners.ts';

/** Fewer, and what is skipped of one is too much of all. */
const LEAST_UNITS = 5;
/** Watching takes time of its own. */
const LONGER = 4;

/** What is wrong with what a workload printed, for one seed after the other; undefined where nothing is. */
export function unshown(outputs: readonly string[]): string | undefined {
  const lines = outputs.map((output) => output.split('\n').filter((line) => line.trim() !== ''));
  const fewest = Math.min(...lines.map(({ length }) => length));
  if (fewest < LEAST_UNITS)
    return `prints ${fewest} lines: one is asked for each unit of work, ${LEAST_UNITS} at the least`;
  const all = lines.flat();
  if (new Set(all).size < all.length)
    return 'prints a line twice, for one seed or for two: what gave it could be reused';
  return undefined;
}

const watchedRun = z.object({ calls: z.array(z.tuple([z.int(), z.string()])), changed: z.boolean() });
/** Where in what a call gives something is changed: what is left out is left out at an end, in the middle or all over. */
const SHARES = [0, 0.37, 0.74] as const;

/** What certification has against a workload. @throws AnnealError `sandbox.*`, `verifier.failed` */
export async function unitReasons(input: {
  readonly check: PerformanceCheck;
  readonly given: Artifact;
  readonly instruments: Instruments;
  readonly seed: number;
}): Promise<string[]> {
  const { check, instruments, seed } = input;
  const random = createRandom('units', seed);
  const seeds = [random.below(2 ** 31), random.below(2 ** 31)] as const;
  const files = new Map(
    [...input.given].map(([path, bytes]) =>
      path.endsWith('.py')
        ? [path, Buffer.concat([bytes, Buffer.from('\n__import__("sys").watched(globals())\n')])]
        : [path, bytes],
    ),
  );
  const watch = async (given: number, leftOut = -1, share = -1) => {
    const { steps } = await runWorkspace(instruments.sandbox, {
      files,
      sealed: new Map([
        ...sealedFor({ ...RUNNERS.unittest, launchers: ['watch.py'] }, instruments),
        ['workload.py', Buffer.from(check.workload)],
      ]),
      steps: [
        {
          what: 'the workload, watched',
          argv: [
            'python3',
            '-s',
            '-P',
            '-S',
            '-B',
            `${SEALED}/watch.py`,
            `${SEALED}/workload.py`,
            String(leftOut),
            String(share),
          ],
          stdin: `${given}\n`,
          env: { PYTHONPATH: check.sources.map((source) => `${WORKSPACE}/${source}`).join(':') },
          wallMs: LONGER * check.secondsPerTest * 1_000,
        },
      ],
      collect: [],
      limits: { ...RUNNERS[check.runner].limits, outputBytes: 2 ** 24 },
    });
    return steps[0]!;
  };
  const [first, second] = [await watch(seeds[0]), await watch(seeds[1])];
  for (const { how, exitCode, stderr } of [first, second])
    if (how !== 'exited' || exitCode !== 0) return [`the workload does not run watched: ${stderr.slice(-200)}`];
  const told = unshown([first.stdout, second.stdout]);
  if (told !== undefined) return [`the workload ${told}`];
  const toldBy = ({ stderr }: { stderr: string }) =>
    watchedRun.parse(JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? ''));
  const asked = toldBy(first).calls;
  if (new Set(asked.map(([, hash]) => hash)).size < asked.length)
    return ['the workload asks for the same work twice: what it gave could be reused'];
  const printed = first.stdout.trimEnd().split('\n').length;
  const before = new Set(asked.map(([lines]) => lines));
  if (Array.from({ length: printed }, (_, line) => line).some((line) => !before.has(line)))
    return ['the workload prints a line for which it asked for nothing'];
  for (const call of new Set([0, random.below(asked.length), asked.length - 1])) {
    const without = await watch(seeds[0], call);
    if (without.how === 'exited' && without.exitCode === 0 && without.stdout === first.stdout)
      return [`the workload prints the same where its call ${call + 1} gives nothing`];
  }
  const some = random.below(asked.length);
  for (const share of SHARES) {
    const other = await watch(seeds[0], some, share);
    const ended = other.how === 'exited' && other.exitCode === 0;
    if (ended && toldBy(other).changed && other.stdout === first.stdout)
      return [`the workload prints the same where something is changed in what its call ${some + 1} gives`];
  }
  return [];
}
