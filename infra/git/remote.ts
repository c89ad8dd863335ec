// Another machine's repository, as git talks to it: what its names stand at, fetching, pushing. The credential is in the environment of the one
// process that needs it, neither among its arguments nor in what it says; no helper, hook, redirect or setting of a repository has a say.
import type { CommitId } from '../../contracts/change.ts';
import { commitId } from '../../contracts/change.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type Ended, type Failed, settingsOf } from './plumbing.ts';
import { inWorkroom, type Place, type Workroom } from './workroom.ts';

export interface Remote {
  readonly url: string;
  /** Of HTTP. */
  readonly authorization: () => Promise<string>;
  /** Files, for `ssh://`. */
  readonly ssh?: { readonly key: string; readonly knownHosts: string };
  /** Takes the credential out of what is told. */
  readonly conceal: (text: string) => string;
}

/** `expect`: where it stands now, by who asks; null: it is not there yet. */
export interface Push {
  readonly ref: string;
  readonly to: CommitId | null;
  readonly expect: CommitId | null;
}

const WALL_MS = 240_000;
const SETTINGS: Readonly<Record<string, string>> = {
  'http.followRedirects': 'false',
  'http.lowSpeedLimit': '1',
  'http.lowSpeedTime': '60',
  'credential.helper': '',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'fetch.recurseSubmodules': 'false',
  'push.recurseSubmodules': 'no',
  'push.gpgSign': 'false',
  'submodule.recurse': 'false',
  'transfer.bundleURI': 'false',
};

export function openRemote(place: Place, remote: Remote) {
  const { url, conceal } = remote;
  const { protocol, origin } = new URL(url);
  const isHttp = protocol === 'http:' || protocol === 'https:';
  const failed: Failed = (why, cause) =>
    new AnnealError(
      'forge.unavailable',
      conceal(why),
      cause instanceof Error ? { cause: new Error(conceal(cause.message)) } : {},
    );

  const withGit = <T>(
    use: (git: Workroom, abroad: (args: readonly string[]) => Promise<Ended>) => Promise<T>,
  ): Promise<T> =>
    inWorkroom(place, async (git) => {
      const settings = {
        ...SETTINGS,
        [`protocol.${protocol.slice(0, -1)}.allow`]: 'always',
        ...(isHttp ? { [`http.${origin}/.extraHeader`]: `Authorization: ${await remote.authorization()}` } : {}),
      };
      const environment = { ...settingsOf(settings), ...(remote.ssh && { GIT_SSH_COMMAND: sshCommand(remote.ssh) }) };
      const { ask } = git.abroad(failed, environment, WALL_MS);
      return use(git, async (args) => {
        const { code, out, said } = await ask(args);
        return { code, out, said: conceal(said) };
      });
    });

  /** @returns what a name stands at there */
  const at = (ref: string): Promise<CommitId | null> =>
    withGit(async (_, abroad) => {
      const ended = await abroad(['ls-remote', '--refs', '--exit-code', url, ref]);
      if (ended.code === 2) return null;
      if (ended.code !== 0) throw whyNot('ls-remote', ended.said);
      const line = ended.out
        .toString('utf8')
        .split('\n')
        .find((one) => one.endsWith(`\t${ref}`));
      return line === undefined ? null : commitId.parse(line.split('\t')[0]);
    });

  return {
    at,
    /** Brings what a name stands at there into the repository's objects; no name here is moved. @param known what is here already */
    async fetch(ref: string, known: CommitId): Promise<CommitId | null> {
      const there = await at(ref);
      if (there === null || there === known) return there;
      return withGit(async (git, abroad) => {
        // What it has is told to the other side, which then sends the rest only.
        await git.read(['update-ref', 'refs/heads/known', known]);
        const form = ['--no-tags', '--no-write-fetch-head', '--no-recurse-submodules', '--no-auto-maintenance'];
        const ended = await abroad(['fetch', '--quiet', ...form, url, `+${ref}:refs/heads/there`]);
        if (ended.code !== 0) throw whyNot('fetch', ended.said);
        return commitId.parse((await git.read(['rev-parse', '--verify', 'refs/heads/there'])).toString().trim());
      });
    },
    /** Only from where it is said to stand, whatever came between. @returns whether it was moved @throws AnnealError `forge.*` */
    push: ({ ref, to, expect }: Push): Promise<boolean> =>
      withGit(async (_, abroad) => {
        const lease = `--force-with-lease=${ref}:${expect ?? ''}`;
        const form = ['--porcelain', '--no-verify', '--no-follow-tags', '--no-recurse-submodules'];
        const ended = await abroad(['push', ...form, lease, url, `${to ?? ''}:${ref}`]);
        if (ended.code === 0) return true;
        const told = ended.out
          .toString('utf8')
          .split('\n')
          .find((line) => line.startsWith('!\t'));
        if (told === undefined) throw whyNot('push', ended.said);
        if (MOVED.test(told)) return false;
        const why = /\[remote rejected\] \((.*)\)$/.exec(told)?.[1] ?? told.split('\t').at(-1) ?? '';
        throw new AnnealError('forge.rejected', `git push: ${conceal(`${why}: ${tail(ended.said)}`).slice(0, 300)}`);
      }),
  };
}

/** Others came first: by our own lease, or seen there as it was about to be moved. */
const MOVED =
  /\[rejected\] \((stale info|fetch first|non-fast-forward|already exists)|cannot lock ref|failed to update ref|incorrect old value/;

function whyNot(what: string, said: string): AnnealError {
  const why = `git ${what}: ${tail(said)}`;
  if (/Authentication failed|returned error: 40[13]|Permission denied|could not read (Username|Password)/i.test(said))
    return new AnnealError('forge.unauthorised', why);
  if (/returned error: 40[04]|repository .* not found|does not appear to be a git repository/i.test(said))
    return new AnnealError('forge.not_found', why);
  if (/Host key verification failed|redirect/i.test(said)) return new AnnealError('forge.rejected', why);
  return new AnnealError('forge.unavailable', why);
}

/** Its last words say why; what the other side adds stands before them. */
const tail = (said: string): string =>
  said
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^(hint:|error: failed to push|To )/.test(line))
    .slice(-3)
    .join(' ')
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, 300) || 'it does not say why';

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const sshCommand = ({ key, knownHosts }: NonNullable<Remote['ssh']>): string =>
  [
    ...['ssh', '-F', '/dev/null', '-i', quoted(key), '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
    ...['-o', 'StrictHostKeyChecking=yes', '-o', quoted(`UserKnownHostsFile=${knownHosts}`)],
    ...['-o', 'GlobalKnownHostsFile=/dev/null', '-o', 'ForwardAgent=no', '-o', 'ConnectTimeout=20'],
  ].join(' ');
