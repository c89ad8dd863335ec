// Trees as edits and patches leave them, made in an index that nobody else has.
import type { CommitId } from '../../contracts/change.ts';
import type { Edit } from '../../contracts/merge.ts';
import { unfitPath } from '../../policies/plain-path.ts';
import { idOf } from './commits.ts';
import { unfit, unfitBy } from './failures.ts';
import { BOUNDS, type Git } from './plumbing.ts';

const [LINK, SUBMODULE] = ['120000', '160000'];

/** @throws AnnealError `merge.unfit` where an edit leads out of the tree or through what is no folder */
export async function treeOfEdits(git: Git, base: CommitId, edits: ReadonlyMap<string, Edit>): Promise<string> {
  const total = [...edits.values()].reduce((sum, edit) => sum + (edit?.bytes.length ?? 0), 0);
  if (edits.size > BOUNDS.files || total > BOUNDS.bytes)
    throw unfit(`${edits.size} files of ${total} bytes are more than ${BOUNDS.files} of ${BOUNDS.bytes}`);
  const modes = await modesIn(git, base);
  refuseClashes(edits, modes);
  const lines: string[] = [];
  for (const [path, edit] of edits) {
    const before = modes.get(path);
    if (edit === null) {
      if (before !== undefined) lines.push(`0 ${'0'.repeat(base.length)}\t${path}\0`);
      continue;
    }
    const blob = idOf(await git.read(['hash-object', '-w', '--no-filters', '--stdin'], edit.bytes));
    const isProgram = edit.executable ?? before === '100755';
    lines.push(`${isProgram ? '100755' : '100644'} ${blob}\t${path}\0`);
  }
  await git.read(['read-tree', base]);
  await git.read(['update-index', '-z', '--index-info'], lines.join(''));
  return idOf(await git.read(['write-tree']));
}

function refuseClashes(edits: ReadonlyMap<string, Edit>, modes: ReadonlyMap<string, string>): void {
  const folders = new Set([...modes].flatMap(([path, mode]) => (mode === FOLDER ? [path] : [])));
  const written = new Set([...edits].flatMap(([path, edit]) => (edit === null ? [] : [path])));
  for (const [path, edit] of edits) {
    const why = unfitPath(path);
    if (why !== undefined) throw unfit(`${JSON.stringify(path)}: ${why}`);
    if (folders.has(path)) throw unfit(`${path} is a folder`);
    const mode = modes.get(path);
    if (edit !== null && (mode === LINK || mode === SUBMODULE))
      throw unfit(`${path} is a ${mode === LINK ? 'link' : 'submodule'}`);
    for (const above of foldersAbove(path)) {
      const kind = modes.get(above);
      if ((kind !== undefined && kind !== FOLDER) || written.has(above))
        throw unfit(`${path} leads through ${above}, which is a ${kind === LINK ? 'link' : 'file'}`);
    }
  }
}

const FOLDER = '040000';
const foldersAbove = (path: string): string[] => {
  const names = path.split('/');
  return names.slice(1).map((_, at) => names.slice(0, at + 1).join('/'));
};

/** Files, folders, links and submodules, by path. */
async function modesIn(git: Git, commit: CommitId): Promise<ReadonlyMap<string, string>> {
  const out = await git.read(['ls-tree', '-r', '-t', '-z', '--full-tree', commit]);
  return new Map(
    out
      .toString('utf8')
      .split('\0')
      .filter(Boolean)
      .map((line) => [line.slice(line.indexOf('\t') + 1), line.slice(0, 6)]),
  );
}

/** @throws AnnealError `merge.unfit` where it does not apply, whole */
export async function treeOfPatch(git: Git, base: CommitId, patch: Uint8Array): Promise<string> {
  if (patch.length > BOUNDS.bytes) throw unfit(`a patch of ${patch.length} bytes is larger than ${BOUNDS.bytes}`);
  const text = Buffer.from(patch).toString('latin1');
  const unpacked = [...text.matchAll(/^(?:literal|delta) (\d+)$/gm)].reduce((sum, [, size]) => sum + Number(size), 0);
  if (unpacked > BOUNDS.bytes) throw unfit(`its binary files have ${unpacked} bytes, more than ${BOUNDS.bytes}`);
  await git.read(['read-tree', base]);
  const { code, said } = await git.ask(['apply', '--cached', '--binary', '--whitespace=nowarn', '-p1', '-'], patch);
  if (code !== 0) throw unfitBy(said);
  return idOf(await git.read(['write-tree']));
}
