// Ties a child's life to the supervisor's, so that no SIGKILL leaves an orphan.
//
// With util-linux's setpriv the kernel itself signals the child when its parent dies; the check of PPID closes the moment
// between fork and prctl. Without it a shell stands between: it passes SIGTERM on, and a loop beside it looks every second
// whether supervisor and shell still live. (Our own programs also watch by themselves.)
import { capture } from '../process/capture.ts';

const CHECKED = '[ "$PPID" = "$0" ] || exit 143; exec "$@"';

const WATCHED = `
parent=$0 child= asked=
trap 'asked=yes; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM INT
"$@" & child=$!
[ -z "$asked" ] || kill -TERM "$child" 2>/dev/null
(
  trap - TERM INT
  while kill -0 "$parent" 2>/dev/null && kill -0 $$ 2>/dev/null && kill -0 "$child" 2>/dev/null; do sleep 1; done
  kill -TERM "$child" 2>/dev/null || exit 0
  sleep 4
  kill -KILL "$child" 2>/dev/null
) &
wait "$child"; status=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; status=$?; done
exit $status
`;

export type Guard = (argv: readonly [string, ...string[]], deathSignal: 'TERM' | 'KILL') => [string, ...string[]];

/** Busybox has a setpriv that cannot do this, hence the trial. */
export async function hasSetpriv(): Promise<boolean> {
  return (await capture(['setpriv', '--pdeathsig', 'KILL', '--', 'true'], { timeoutMs: 10_000 })).code === 0;
}

/** Wraps commands for children of the process `parentPid`, which must be the caller itself. */
export function createGuard(parentPid: number, setpriv: boolean): Guard {
  return (argv, deathSignal) =>
    setpriv
      ? ['setpriv', '--pdeathsig', deathSignal, '--', 'sh', '-c', CHECKED, `${parentPid}`, ...argv]
      : ['sh', '-c', WATCHED, `${parentPid}`, ...argv];
}
