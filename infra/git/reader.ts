// Reading a repository that nobody vouches for, with git's plumbing: its hooks, its configuration's programs, its filters and its
// remotes have no say, and nothing is written.
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { relativePath } from '../../contracts/artifact-task.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { ChangedFile, Commit, RepositoryReader } from '../../contracts/repository.ts';
import { parseObjects } from './objects.ts';

const BOUNDS = { files: 2_000, bytes: 32 * 2 ** 20, commits: 20_000, wallMs: 60_000 } as const;

/** Overrules what the repository's own configuration says. */
const SETTINGS: Readonly<Record<string, string>> = {
  // A partial clone would fetch what is missing.
  'protocol.allow': 'never',
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  // Caches that may say other things than the commits themselves.
  'core.commitGraph': 'false',
  'core.multiPackIndex': 'false',
  'core.quotePath': 'true',
  'diff.suppressBlankEmpty': 'false',
};

/** Nothing of the caller's: no user's or system's configuration, no prompt, no replaced or grafted commits. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_GRAFT_FILE: '/dev/null',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_LITERAL_PATHSPECS: '1',
  GIT_CONFIG_COUNT: String(Object.keys(SETTINGS).length),
  ...Object.fromEntries(
    Object.entries(SETTINGS).flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ),
};

/** Where no commit is there before. */
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/**
 * @param at the commit to read history from: anything that git takes for one
 * @throws AnnealError `tasks.source_failed` when there is no such repository or commit, or git is not installed
 */
export async function openRepository(path: string, at = 'HEAD'): Promise<RepositoryReader> {
  const inner = join(resolve(path), '.git');
  const folder = await stat(inner).then(
    (entry) => (entry.isDirectory() ? inner : undefined),
    () => resolve(path),
  );
  if (folder === undefined) throw failed(`${path} is a work tree of a repository elsewhere; name that one`);
  const git = (args: readonly string[], stdin = ''): Promise<Buffer> => runGit(folder, args, stdin);
  const head = (await git(['rev-parse', '--verify', '--end-of-options', `${at}^{commit}`])).toString().trim();

  const parents = new Map<string, string>();
  const before = async (commit: string): Promise<string> => {
    if (parents.size === 0) await commits();
    return parents.get(commit) ?? EMPTY_TREE;
  };
  const objects = async (ids: readonly string[]) =>
    parseObjects(await git(['cat-file', '--batch', '--buffer'], `${ids.join('\n')}\n`), ids);

  async function commits(): Promise<readonly Commit[]> {
    const limit = `--max-count=${BOUNDS.commits}`;
    const ids = (await git(['rev-list', '--first-parent', limit, head]))
      .toString()
      .split('\n')
      .filter(Boolean)
      .reverse();
    const read = await objects(ids);
    const all = ids.map((id) => parseCommit(id, read.get(id)!.toString('utf8')));
    for (const { id, parent } of all) if (parent !== undefined) parents.set(id, parent);
    return all;
  }

  return {
    head,
    commits,
    async changes(commit) {
      const out = await git(['diff-tree', '-r', '-z', '--raw', '--no-renames', await before(commit), commit]);
      const parts = out.toString('utf8').split('\0');
      return Array.from({ length: Math.floor(parts.length / 2) }, (_, index): ChangedFile => {
        const letter = parts[2 * index]!.at(-1);
        const how = letter === 'A' ? 'added' : letter === 'D' ? 'removed' : 'changed';
        return { path: parts[2 * index + 1]!, how };
      });
    },
    async snapshot(commit) {
      const entries = parseTree(await git(['ls-tree', '-r', '-z', '-l', '--full-tree', commit]), commit);
      const read = await objects([...new Set(entries.map(({ id }) => id))]);
      return new Map(entries.map(({ path: name, id }) => [name, read.get(id)!]));
    },
    async diff(commit, paths) {
      if (paths.length === 0) return '';
      const form = ['--no-ext-diff', '--no-textconv', '--no-renames', '--no-color', '--full-index', '--unified=3'];
      const prefixes = ['--src-prefix=a/', '--dst-prefix=b/', '--diff-algorithm=myers'];
      const range = [await before(commit), commit, '--', ...paths];
      return (await git(['diff-tree', '-p', ...form, ...prefixes, ...range])).toString('utf8');
    },
  };
}

function runGit(folder: string, args: readonly string[], stdin: string): Promise<Buffer> {
  return new Promise((done, refuse) => {
    const child = execFile(
      'git',
      [`--git-dir=${folder}`, '--no-pager', ...args],
      {
        cwd: '/',
        env: { ...ENVIRONMENT },
        encoding: 'buffer',
        maxBuffer: 2 * BOUNDS.bytes,
        timeout: BOUNDS.wallMs,
        killSignal: 'SIGKILL',
      },
      (failure, stdout, stderr) => {
        if (failure === null) return done(stdout);
        const said = stderr.toString('utf8').trim().split('\n')[0]?.slice(0, 300) ?? '';
        const why = failure.code === 'ENOENT' ? 'git is not installed' : said || failure.message.split('\n')[0];
        return refuse(failed(`git ${args[0]}: ${why}`, failure));
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin);
  });
}

function parseCommit(id: string, text: string): Commit {
  const gap = text.indexOf('\n\n');
  const headers = text.slice(0, gap).split('\n');
  const above = headers.filter((line) => line.startsWith('parent ')).map((line) => line.slice('parent '.length));
  const [subject = '', ...rest] = text
    .slice(gap + 2)
    .trim()
    .split('\n');
  return { id, parent: above[0], merge: above.length > 1, subject: subject.trim(), body: rest.join('\n').trim() };
}

function parseTree(out: Buffer, commit: string): { path: string; id: string }[] {
  const lines = out.toString('utf8').split('\0').filter(Boolean);
  if (lines.length > BOUNDS.files) throw failed(`${commit} has ${lines.length} files, more than ${BOUNDS.files}`);
  let total = 0;
  return lines.map((line) => {
    const [, mode, , id = '', size = '0', path = ''] = /^(\d+) (\w+) ([0-9a-f]+) +(\S+)\t([\s\S]*)$/.exec(line) ?? [];
    if (mode === '120000' || mode === '160000')
      throw failed(`${path} of ${commit} is a ${mode === '120000' ? 'link' : 'submodule'}`);
    if (!relativePath.safeParse(path).success) throw failed(`${JSON.stringify(path)} of ${commit} is no plain path`);
    total += Number(size);
    if (total > BOUNDS.bytes) throw failed(`${commit} has more than ${BOUNDS.bytes} bytes`);
    return { path, id };
  });
}

const failed = (why: string, cause?: unknown): AnnealError =>
  new AnnealError('tasks.source_failed', `the repository cannot be read: ${why}`, { cause });
