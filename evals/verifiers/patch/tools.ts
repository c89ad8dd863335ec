// Programs that tests need and a sandbox's root may lack: what a machine's graders have of them, and which tasks are none of its.
import { z } from 'zod';
import type { ArtifactTask } from '../../../contracts/artifact-task.ts';
import type { Artifact } from '../artifact.ts';
import { runnerName } from './check.ts';
import { RUNNERS } from './runners.ts';

/** By name, as `Instruments.tools`; asked for only where a task needs one, since packing them takes a second. */
export type OpenTools = () => Promise<ReadonlyMap<string, Artifact>>;

const withRunner = z.looseObject({ runner: runnerName, reporting: z.unknown().optional() });

/** Undefined where its tests need nothing that the sandbox's root should not have. */
export function toolOf({ check }: Pick<ArtifactTask, 'check'>): string | undefined {
  const { data } = withRunner.safeParse(check);
  return data === undefined || data.reporting !== undefined ? undefined : RUNNERS[data.runner].tool;
}

/** @returns undefined where its tests can be run; else why not, in words that go behind the task's id */
export function whyNotRun(task: Pick<ArtifactTask, 'check'>, tools: ReadonlySet<string>): string | undefined {
  const needed = toolOf(task);
  if (needed === undefined || tools.has(needed)) return undefined;
  return `has tests that ${needed} runs, which the graders here have not${HINTS[needed] ?? ''}`;
}

const HINTS: Readonly<Record<string, string>> = {
  pytest: ': give the worker a Python with pytest, by ANNEAL_PYTHON or as python3',
};
