// Reading the history of a repository that nobody vouches for: nothing of it is run, and nothing is written.
import type { ChangedFile, Commit, RepositoryReader } from '../../contracts/repository.ts';
import { parseStored } from './commits.ts';
import { BOUNDS, emptyTree, folderOf, gitIn } from './plumbing.ts';
import { readObjects, snapshotOf, unreadable } from './snapshot.ts';

/**
 * @param at the commit to read history from: anything that git takes for one
 * @throws AnnealError `tasks.source_failed` when there is no such repository or commit, or git is not installed
 */
export async function openRepository(path: string, at = 'HEAD'): Promise<RepositoryReader> {
  const git = gitIn(await folderOf(path, unreadable), unreadable);
  const head = (await git.read(['rev-parse', '--verify', '--end-of-options', `${at}^{commit}`])).toString().trim();

  const parents = new Map<string, string>();
  const before = async (commit: string): Promise<string> => {
    if (parents.size === 0) await commits();
    return parents.get(commit) ?? emptyTree(head);
  };

  async function commits(): Promise<readonly Commit[]> {
    const limit = `--max-count=${BOUNDS.commits}`;
    const ids = (await git.read(['rev-list', '--first-parent', limit, head]))
      .toString()
      .split('\n')
      .filter(Boolean)
      .reverse();
    const read = await readObjects(git, ids);
    const all = ids.map((id) => parseCommit(id, read.get(id)!.toString('utf8')));
    for (const { id, parent } of all) if (parent !== undefined) parents.set(id, parent);
    return all;
  }

  return {
    head,
    commits,
    async changes(commit) {
      const out = await git.read(['diff-tree', '-r', '-z', '--raw', '--no-renames', await before(commit), commit]);
      const parts = out.toString('utf8').split('\0');
      return Array.from({ length: Math.floor(parts.length / 2) }, (_, index): ChangedFile => {
        const letter = parts[2 * index]!.at(-1);
        const how = letter === 'A' ? 'added' : letter === 'D' ? 'removed' : 'changed';
        return { path: parts[2 * index + 1]!, how };
      });
    },
    snapshot: (commit) => snapshotOf(git, commit),
    async diff(commit, paths) {
      if (paths.length === 0) return '';
      const form = ['--no-ext-diff', '--no-textconv', '--no-renames', '--no-color', '--full-index', '--unified=3'];
      const prefixes = ['--src-prefix=a/', '--dst-prefix=b/', '--diff-algorithm=myers'];
      const range = [await before(commit), commit, '--', ...paths];
      return (await git.read(['diff-tree', '-p', ...form, ...prefixes, ...range])).toString('utf8');
    },
  };
}

function parseCommit(id: string, text: string): Commit {
  const { parents, message } = parseStored(text);
  const [subject = '', ...rest] = message.trim().split('\n');
  return { id, parent: parents[0], merge: parents.length > 1, subject: subject.trim(), body: rest.join('\n').trim() };
}
