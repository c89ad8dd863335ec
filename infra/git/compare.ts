// What lies between two trees, as git finds it: nothing of it is anybody's word.
import { type ChangedPath, fileMode } from '../../contracts/change.ts';
import { unfitPath } from '../../policies/plain-path.ts';
import { unfit } from './failures.ts';
import { BOUNDS, type Git } from './plumbing.ts';

/** Of more files than this git does not look for renames. */
const RENAMES = ['-M', '-l1000'];
const HOW = { A: 'added', D: 'removed', M: 'changed', T: 'changed', R: 'renamed' } as const;

/** @throws AnnealError `merge.unfit` where there are too many, or one may not be in any repository */
export async function pathsBetween(git: Git, before: string, after: string): Promise<readonly ChangedPath[]> {
  const between = async (form: string): Promise<string[]> =>
    parts(await git.read(['diff-tree', '-r', '-z', form, ...RENAMES, '--no-ext-diff', '--no-textconv', before, after]));
  const [raw, counts] = [await between('--raw'), counted(await between('--numstat'))];
  const changed: ChangedPath[] = [];
  for (let at = 0; at < raw.length; ) {
    const [, old, now, letter] = /^:(\d{6}) (\d{6}) [0-9a-f]+ [0-9a-f]+ ([ADMTR])\d*$/.exec(raw[at]!) ?? [];
    if (letter === undefined) throw unfit(`git tells of a change as ${JSON.stringify(raw[at])}`);
    const how = HOW[letter as keyof typeof HOW];
    const [first = '', second = ''] = raw.slice(at + 1, at + 3);
    at += how === 'renamed' ? 3 : 2;
    const path = how === 'renamed' ? second : first;
    const mode = { before: modeOf(old!, path), after: modeOf(now!, path) };
    const lines = counts.get(path) ?? null;
    changed.push({
      path,
      from: how === 'renamed' ? first : null,
      how,
      mode,
      binary: lines === null,
      lines: lines ?? NO_LINES,
    });
  }
  if (changed.length > BOUNDS.files) throw unfit(`it touches ${changed.length} files, more than ${BOUNDS.files}`);
  for (const { path, from } of changed)
    for (const name of from === null ? [path] : [path, from]) {
      const why = unfitPath(name);
      if (why !== undefined) throw unfit(`${JSON.stringify(name)}: ${why}`);
    }
  return changed.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `git diff --binary --full-index`, whatever anybody has set. */
export const patchBetween = (git: Git, before: string, after: string): Promise<Buffer> => {
  const form = ['-p', '--binary', '--full-index', '--unified=3', '--diff-algorithm=myers', '--no-color', ...RENAMES];
  const safe = ['--no-ext-diff', '--no-textconv', '--src-prefix=a/', '--dst-prefix=b/'];
  return git.read(['diff-tree', '-r', ...form, ...safe, before, after]);
};

const NO_LINES = { added: 0, removed: 0 };

/** Lines by path; null where git takes the content for no text. */
function counted(found: readonly string[]): Map<string, ChangedPath['lines'] | null> {
  const counts = new Map<string, ChangedPath['lines'] | null>();
  for (let at = 0; at < found.length; ) {
    const [, added = '', removed = '', name = ''] = /^(\d+|-)\t(\d+|-)\t([\s\S]*)$/.exec(found[at]!) ?? [];
    const path = name === '' ? (found[at + 2] ?? '') : name;
    at += name === '' ? 3 : 1;
    counts.set(path, added === '-' ? null : { added: Number(added), removed: Number(removed) });
  }
  return counts;
}

function modeOf(digits: string, path: string): ChangedPath['mode']['before'] {
  if (digits === '000000') return null;
  const mode = fileMode.safeParse(digits);
  if (!mode.success) throw unfit(`${path} has the mode ${digits}`);
  return mode.data;
}

function parts(out: Buffer): string[] {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      .decode(out)
      .split('\0')
      .filter((part) => part !== '');
  } catch {
    throw unfit('a path is no UTF-8');
  }
}
