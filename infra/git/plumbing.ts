// Git's plumbing on a repository that nobody vouches for: the hooks, programs, filters and remotes that its configuration names have no
// say, and neither has anything of whoever runs this.
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { AnnealError } from '../../contracts/errors.ts';

export const BOUNDS = { files: 2_000, bytes: 32 * 2 ** 20, commits: 20_000, wallMs: 60_000 } as const;

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
  // Names that some file system takes for `.git`, on every machine.
  'core.protectHFS': 'true',
  'core.protectNTFS': 'true',
  // What a branch names is on the disk before the branch names it.
  'core.fsync': 'objects,reference',
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
  ...settingsOf(),
};

/** Settings as git takes them from its environment, which nobody else sees. @param more besides those of every command; they come first */
export function settingsOf(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const all = Object.entries({ ...SETTINGS, ...more });
  const pairs = all.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(all.length), ...Object.fromEntries(pairs) };
}

/** How one command ended. */
export interface Ended {
  readonly code: number;
  readonly out: Buffer;
  /** What it said on the side: its first line is the reason. */
  readonly said: string;
}

export interface Git {
  /** What the command wrote. @throws what `failed` makes of the reason, when it ends with anything but 0 */
  read(args: readonly string[], stdin?: string | Uint8Array): Promise<Buffer>;
  /** For commands whose exit code is an answer. @throws only when git did not run to its end */
  ask(args: readonly string[], stdin?: string | Uint8Array): Promise<Ended>;
}

export type Failed = (why: string, cause?: unknown) => AnnealError;

/** @param failed what a user meets when git cannot do what it was asked for; @param wallMs after which it is killed */
export function gitIn(
  folder: string,
  failed: Failed,
  environment: Readonly<Record<string, string>> = {},
  wallMs: number = BOUNDS.wallMs,
): Git {
  const ask = (args: readonly string[], stdin: string | Uint8Array = ''): Promise<Ended> =>
    new Promise((done, refuse) => {
      const child = execFile(
        'git',
        [`--git-dir=${folder}`, '--no-pager', ...args],
        {
          cwd: '/',
          env: { ...ENVIRONMENT, ...environment },
          encoding: 'buffer',
          maxBuffer: 2 * BOUNDS.bytes,
          timeout: wallMs,
          killSignal: 'SIGKILL',
        },
        (failure, out, stderr) => {
          const said = stderr.toString('utf8').trim();
          if (failure === null) return done({ code: 0, out, said });
          if (typeof failure.code === 'number') return done({ code: failure.code, out, said });
          const why = failure.code === 'ENOENT' ? 'git is not installed' : firstLine(said || failure.message);
          return refuse(failed(`git ${args[0]}: ${why}`, failure));
        },
      );
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(stdin);
    });
  return {
    ask,
    async read(args, stdin) {
      const { code, out, said } = await ask(args, stdin);
      if (code !== 0) throw failed(`git ${args[0]}: ${firstLine(said) || `ended with ${code}`}`);
      return out;
    },
  };
}

/** Of what git says, as it is told to users. */
export const firstLine = (said: string): string => said.split('\n')[0]?.slice(0, 300) ?? '';

/** The folder that holds the objects and branches of the repository at a path. */
export async function folderOf(path: string, failed: Failed): Promise<string> {
  const inner = join(resolve(path), '.git');
  const folder = await stat(inner).then(
    (entry) => (entry.isDirectory() ? inner : undefined),
    () => resolve(path),
  );
  if (folder === undefined) throw failed(`${path} is a work tree of a repository elsewhere; name that one`);
  return folder;
}

/** The tree without any file, by the length of the repository's ids. */
export const emptyTree = (like: string): string =>
  like.length === 40
    ? '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
    : '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321';
