// What a session leaves in its workspace becomes the artifact that its task asks for: the declared files, or of a patch the difference to
// what was given.
import {
  type ArtifactTask,
  type Deliverable,
  MOST_ARTIFACT_BYTES,
  relativePath,
} from '../../contracts/artifact-task.ts';
import { isArtifactTask, type LockedTask } from '../../contracts/locked-set.ts';
import type { Artifact } from '../verifiers/artifact.ts';
import { packing, type Tree } from '../workspace/kept.ts';
import type { RunWorkspace, WorkspaceResult } from '../workspace/workspace.ts';
import { unifiedDiff } from './unified-diff.ts';

/** Of a task that wants one Python function. */
export const FUNCTION_FILE = 'solution.py';
const MOST_LISTED = 2_000;
/** What tools leave behind that nobody means to hand in. */
const LEFTOVER = /(^|\/)(\.git|\.anneal|__pycache__|\.pytest_cache|\.venv)(\/|$)|\.pyc$/;
const LIMITS = {
  ...{ memoryBytes: 2 * 2 ** 30, diskBytes: 4 * MOST_ARTIFACT_BYTES, processes: 16, outputBytes: 1 << 20 },
};

export const deliverablesOf = (task: LockedTask): readonly Deliverable[] =>
  isArtifactTask(task) ? task.deliverables : [{ path: FUNCTION_FILE, maxBytes: 1 << 20, required: true }];

/** The file that a task of the format `patch` wants, which is the difference to what was given where nobody wrote it. */
export const patchFileOf = (task: LockedTask): string | undefined =>
  isArtifactTask(task) && task.format === 'patch' ? task.deliverables[0]?.path : undefined;

/** @throws as RunWorkspace */
export async function handedIn(
  run: RunWorkspace,
  task: LockedTask,
  of: { readonly tree: Tree; readonly given: Artifact; readonly signal?: AbortSignal },
): Promise<Pick<WorkspaceResult, 'collected' | 'refused'>> {
  const packed = packing(of.tree);
  const common = { files: packed.files, limits: LIMITS, ...(of.signal === undefined ? {} : { signal: of.signal }) };
  const patch = patchFileOf(task);
  const declared = await run({ ...common, steps: packed.before, collect: deliverablesOf(task) });
  if (patch === undefined || declared.collected.has(patch) || declared.refused.length > 0) return declared;
  const list = { what: 'list', argv: ['find', '.', '-type', 'f'], wallMs: 20_000 } as const;
  const { steps } = await run({ ...common, steps: [...packed.before, list], collect: [] });
  const there = (steps[1]?.stdout ?? '')
    .split('\n')
    .map((line) => line.replace(/^\.\//, ''))
    .filter((path) => relativePath.safeParse(path).success && !LEFTOVER.test(path));
  if (there.length > MOST_LISTED)
    return { collected: new Map(), refused: [{ path: patch, why: `${there.length} files` }] };
  const after = await run({
    ...{ ...common, steps: packed.before },
    collect: there.map((path) => ({ path, maxBytes: 1 << 20, required: true })),
  });
  const diff = unifiedDiff(of.given, after.collected);
  return { collected: diff === '' ? new Map() : new Map([[patch, Buffer.from(diff)]]), refused: [] };
}

/** What the words of a task leave open where it is done in a workspace. */
export function closingWords(task: LockedTask): string {
  const patch = patchFileOf(task);
  if (patch !== undefined)
    return `The given files lie in the current folder. Change them there: the difference becomes ${patch}.`;
  const paths = deliverablesOf(task).map(({ path }) => path);
  const given = isArtifactTask(task) ? Object.keys((task as ArtifactTask).given) : [];
  const lie =
    given.length === 0
      ? ''
      : `${given.slice(0, 20).join(', ')}${given.length > 20 ? ', …' : ''} lie in the current folder. `;
  return `${lie}What lies at ${paths.join(', ')} in the current folder when you are done is handed in.`;
}
