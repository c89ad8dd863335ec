// A workspace that outlives its sandbox: everything in it is packed after a step and laid out again before the next, links and modes
// included. Between two steps nothing of it runs, so that a worker may die there and leave nothing behind.
import { randomBytes } from 'node:crypto';
import { MOST_ARTIFACT_BYTES } from '../../contracts/artifact-task.ts';
import type { SandboxResult } from '../../contracts/ports.ts';
import type { Artifact } from '../verifiers/artifact.ts';
import type { RunWorkspace, Step, WorkspaceRun } from './workspace.ts';

const PACKING_MS = 20_000;
/** Room for a tree and for it packed, twice. */
const LIMITS: WorkspaceRun['limits'] = {
  ...{ memoryBytes: 2 * 2 ** 30, diskBytes: 4 * MOST_ARTIFACT_BYTES, processes: 64, outputBytes: 256 * 1_024 },
};

/** A workspace, packed. */
export type Tree = Uint8Array;

export interface KeptWorkspace {
  /** What lies there now. */
  readonly tree: () => Tree | undefined;
  /** One program after the other, and all of it kept. `lost`: what the step left could not be kept, and the workspace is as before. */
  run(step: Omit<Step, 'fresh'>): Promise<{ readonly result: SandboxResult; readonly lost: string | undefined }>;
}

/** Laying out a tree, and packing one, as steps around others. The name is one that no program inside can know beforehand. */
export function packing(tree: Tree | undefined): {
  readonly files: Artifact;
  readonly before: readonly Step[];
  readonly after: readonly Step[];
  readonly path: string;
} {
  const path = `tree-${randomBytes(12).toString('hex')}.tar`;
  const out = ['-c', `tar -xf ${path} && rm ${path}`] as const;
  const into = ['-c', `tar --exclude=./${path} -cf ${path} . 2>/dev/null`] as const;
  return {
    path,
    files: new Map(tree === undefined ? [] : [[path, tree]]),
    before: tree === undefined ? [] : [{ what: 'lay out', argv: ['sh', ...out], wallMs: PACKING_MS }],
    after: [{ what: 'pack', argv: ['sh', ...into], wallMs: PACKING_MS }],
  };
}

/** @param sealed beside the workspace, read-only, at each step */
export function keptWorkspace(
  run: RunWorkspace,
  of: { readonly files: Artifact; readonly sealed?: Artifact; readonly signal?: AbortSignal },
): KeptWorkspace {
  let tree: Tree | undefined;
  return {
    tree: () => tree,
    async run(step) {
      const packed = packing(tree);
      const { steps, collected, refused } = await run({
        files: tree === undefined ? of.files : packed.files,
        ...(of.sealed === undefined ? {} : { sealed: of.sealed }),
        steps: [...packed.before, step, ...packed.after],
        collect: [{ path: packed.path, maxBytes: MOST_ARTIFACT_BYTES, required: true }],
        ...{ limits: LIMITS, ...(of.signal === undefined ? {} : { signal: of.signal }) },
      });
      const kept = collected.get(packed.path);
      tree = kept ?? tree;
      const why = refused[0]?.why ?? 'it could not be packed';
      return { result: steps[packed.before.length]!, lost: kept === undefined ? why : undefined };
    },
  };
}
