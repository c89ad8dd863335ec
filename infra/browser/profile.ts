// How Chromium is started: as an argument list, pure, so that a test can read what isolates.
//
// Two walls. Outside stands bubblewrap: no network, nothing of the machine but /usr read-only, one sized tmpfs, a process name space
// whose end takes every process along. Inside it Chromium keeps its own sandbox around each renderer (name spaces and seccomp), which
// needs nested user name spaces and a /proc; that is why bubblewrap is not told to refuse them here, as it is for other programs.
import { dirname } from 'node:path';
import type { RootEntry } from '../sandbox/profile.ts';
import { NAMESPACES, SANDBOX_UID } from '../sandbox/profile.ts';

/** Inside. Downloads land in a folder of their own, from which a page that is ours reads them. */
export const PROFILE_FOLDER = '/tmp/profile';
export const DOWNLOAD_FOLDER = '/tmp/downloads';

/** Heap of one page's scripts. */
const SCRIPT_HEAP_MIB = 256;
/** Writable memory of one process. More than four gigabytes of it are address space that the script engine reserves and does not use. */
const DATA_BYTES = 6 * 2 ** 30;
const OPEN_FILES = 1_024;

export interface ChromiumLaunch {
  readonly chromium: string;
  readonly bwrap: string;
  readonly rootLinks: readonly RootEntry[];
  readonly diskBytes: number;
  /** After this it is killed from outside, whatever became of us. */
  readonly seconds: number;
  /** Where the first process writes its number: it leads a process group, whose end is the end of everything. */
  readonly pidFile: string;
  /** Files that a process writes its number to in order to be bounded (cgroup.ts). */
  readonly groups: readonly string[];
  /** The worker runs as root: an ordinary user does this. */
  readonly root: boolean;
}

/** Enters the groups, then becomes the program: whatever it starts is in them. */
const ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 97; shift; done; shift; exec "$@"';

/** The first is the program. Chromium speaks its protocol on descriptors 3 and 4, which go through. */
export function chromiumArguments(launch: ChromiumLaunch): [string, ...string[]] {
  const user = String(SANDBOX_UID);
  return [
    '/bin/sh',
    ...['-c', ENTER, 'sh', launch.pidFile, ...launch.groups, '--'],
    ...['timeout', '--signal=KILL', String(launch.seconds)],
    ...(launch.root ? ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'] : []),
    ...['prlimit', `--data=${DATA_BYTES}`, `--nofile=${OPEN_FILES}`, '--core=0', '--msgqueue=0', '--'],
    ...[launch.bwrap, ...isolation(launch), '--', launch.chromium, ...switches()],
  ];
}

function isolation({ chromium, rootLinks, diskBytes }: ChromiumLaunch): string[] {
  const folder = dirname(chromium);
  return [
    ...NAMESPACES.map((name) => `--unshare-${name}`),
    ...['--uid', String(SANDBOX_UID), '--gid', String(SANDBOX_UID), '--cap-drop', 'ALL'],
    ...['--hostname', 'browser', '--new-session', '--die-with-parent', '--clearenv'],
    ...['--setenv', 'PATH', '/usr/bin:/bin', '--setenv', 'HOME', '/tmp', '--setenv', 'LC_ALL', 'C.UTF-8'],
    ...['--setenv', 'TZ', 'UTC', '--ro-bind', '/usr', '/usr'],
    ...(folder.startsWith('/usr/') ? [] : ['--ro-bind', folder, folder]),
    ...['/etc/ld.so.cache', '/etc/fonts'].flatMap((path) => ['--ro-bind-try', path, path]),
    ...rootLinks.flatMap(({ path, link }) =>
      link === undefined ? ['--ro-bind', path, path] : ['--symlink', link, path],
    ),
    ...['--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev'],
    ...['--size', String(diskBytes), '--tmpfs', '/tmp', '--dir', PROFILE_FOLDER, '--dir', DOWNLOAD_FOLDER],
    ...['--remount-ro', '/', '--chdir', '/tmp'],
  ];
}

/** What a browser does of its own accord is off, what differs between machines is fixed, and no page is told that it is being judged. */
function switches(): string[] {
  return [
    ...['--headless', '--remote-debugging-pipe', '--no-startup-window', `--user-data-dir=${PROFILE_FOLDER}`],
    ...['--no-first-run', '--no-default-browser-check', '--password-store=basic', '--mute-audio'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-default-apps', '--disable-sync'],
    ...['--disable-extensions', '--disable-breakpad', '--disable-crash-reporter', '--metrics-recording-only'],
    // There is no network to reach; these spare the waiting for it.
    ...['--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND', '--dns-prefetch-disable'],
    '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
    ...['--disable-background-timer-throttling', '--disable-renderer-backgrounding'],
    ...['--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars', '--force-color-profile=srgb'],
    ...['--font-render-hinting=none', '--disable-lcd-text', '--disable-blink-features=AutomationControlled'],
    ...['--renderer-process-limit=4', `--js-flags=--max-old-space-size=${SCRIPT_HEAP_MIB}`],
  ];
}
