// Task folders among a source's files: whatever has a file of a certain name in it.
import type { Artifact } from '../../verifiers/artifact.ts';
import { sha256Of } from '../../verifiers/gates.ts';

export interface MarkedFolder {
  /** Its path below the source's folder. */
  readonly name: string;
  /** Every file, by path in the folder. */
  readonly files: Artifact;
}

/** By path, each with the files below it. A task folder inside another one belongs to the outer: its files may hold such a mark too. */
export function foldersWith(mark: string, files: Artifact): MarkedFolder[] {
  const marked = [...files.keys()].filter((path) => path === mark || path.endsWith(`/${mark}`)).sort();
  const tops = marked
    .map((path) => path.slice(0, -mark.length))
    .filter((top, _, all) => !all.some((other) => other !== top && top.startsWith(other)));
  return tops.map((top) => ({
    name: top === '' ? 'task' : top.slice(0, -1),
    files: new Map(
      [...files].filter(([path]) => path.startsWith(top)).map(([path, bytes]) => [path.slice(top.length), bytes]),
    ),
  }));
}

/** For a source's description: the same folders elsewhere give the same tasks. */
export const hashesOf = (files: Artifact): Record<string, string> =>
  Object.fromEntries([...files].map(([path, bytes]) => [path, sha256Of(bytes)]));

/** The files below a folder, by their path in it. */
export const below = (folder: string, files: Artifact): Artifact =>
  new Map(
    [...files]
      .filter(([path]) => path.startsWith(`${folder}/`))
      .map(([path, bytes]) => [path.slice(folder.length + 1), bytes]),
  );
