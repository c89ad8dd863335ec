// Merging three trees, without a work tree and without history: what git would look for in it is named here.
import { idOf } from './commits.ts';
import { unlandable } from './failures.ts';
import { firstLine } from './plumbing.ts';
import type { Workroom } from './workroom.ts';

export type Merged = { readonly tree: string } | { readonly conflict: readonly string[] };

/** What leads from `base` to `theirs`, done to `ours`. */
export async function mergeTrees(git: Workroom, base: string, ours: string, theirs: string): Promise<Merged> {
  // `merge-tree` takes commits and finds their base itself, so each tree gets one; nobody refers to them afterwards.
  const made = git.at(0);
  const commit = async (tree: string, ...parents: string[]): Promise<string> =>
    idOf(
      await made.read(
        ['commit-tree', tree, ...parents.flatMap((one) => ['-p', one]), '-F', '-'],
        'A side of a merge\n',
      ),
    );
  const from = await commit(base);
  const sides = [await commit(ours, from), await commit(theirs, from)];
  const form = ['--write-tree', '-z', '--name-only', '--no-messages'];
  const { code, out, said } = await git.ask(['merge-tree', ...form, ...sides]);
  const [tree = '', ...paths] = out
    .toString('utf8')
    .split('\0')
    .filter((part) => part.trim() !== '');
  if (code === 0) return { tree: tree.trim() };
  if (code !== 1) throw unlandable(`git merge-tree: ${firstLine(said)}`);
  return { conflict: [...new Set(paths)].sort() };
}
