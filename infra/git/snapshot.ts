// The files of one commit, plain ones only.
import { relativePath } from '../../contracts/artifact-task.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { parseObjects } from './objects.ts';
import { BOUNDS, type Git } from './plumbing.ts';

export const readObjects = async (git: Git, ids: readonly string[]): Promise<Map<string, Buffer>> =>
  parseObjects(await git.read(['cat-file', '--batch', '--buffer'], `${ids.join('\n')}\n`), ids);

/** @throws AnnealError `tasks.source_failed`, as `RepositoryReader.snapshot` */
export async function snapshotOf(git: Git, commit: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = parseTree(await git.read(['ls-tree', '-r', '-z', '-l', '--full-tree', commit]), commit);
  const read = await readObjects(git, [...new Set(entries.map(({ id }) => id))]);
  return new Map(entries.map(({ path, id }) => [path, read.get(id)!]));
}

function parseTree(out: Buffer, commit: string): { path: string; id: string }[] {
  const lines = out.toString('utf8').split('\0').filter(Boolean);
  if (lines.length > BOUNDS.files) throw unreadable(`${commit} has ${lines.length} files, more than ${BOUNDS.files}`);
  let total = 0;
  return lines.map((line) => {
    const [, mode, , id = '', size = '0', path = ''] = /^(\d+) (\w+) ([0-9a-f]+) +(\S+)\t([\s\S]*)$/.exec(line) ?? [];
    if (mode === '120000' || mode === '160000')
      throw unreadable(`${path} of ${commit} is a ${mode === '120000' ? 'link' : 'submodule'}`);
    if (!relativePath.safeParse(path).success)
      throw unreadable(`${JSON.stringify(path)} of ${commit} is no plain path`);
    total += Number(size);
    if (total > BOUNDS.bytes) throw unreadable(`${commit} has more than ${BOUNDS.bytes} bytes`);
    return { path, id };
  });
}

export const unreadable = (why: string, cause?: unknown): AnnealError =>
  new AnnealError('tasks.source_failed', `the repository cannot be read: ${why}`, { cause });
