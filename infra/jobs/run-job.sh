#!/bin/sh
# The small program between the job runner and a local job: run-job.sh FOLDER SUPERVISOR_PID SUPERVISOR_START TRAINER_ARGV...
# (a supervisor pid of 0: nothing to watch).
#
# It outlives the worker that started it, so it must be what records the job's identity and exit code: a worker that was
# killed finds both when it comes back. In order:
#
#  1. take `lock` with flock, or print `held` and leave: two submissions at once start one process. The trainer inherits
#     the descriptor, so the lock is free only when trainer and wrapper are both gone;
#  2. write process.json (own pid and start time) before anything runs, so that there is no moment in which a started job
#     looks absent; then remove the last attempt's `exit` and `error.json`;
#  3. run the trainer, appending to `log`; pass SIGTERM on to it; the kernel kills it should the wrapper itself be killed;
#  4. write `exit` by rename.
#
# A watcher ends the job when the stack's supervisor is gone, whatever the trainer is busy with, and kills the process
# group when the wrapper was killed on a machine whose setpriv cannot do that.
set -u
folder=$1 stack_pid=$2 stack_start=$3
shift 3
cd "$folder" || exit 1
start_of() { # start time of a living process, else nothing
  s=; read -r s 2>/dev/null <"/proc/$1/stat" || return 0
  s=${s##*) }
  set -- $s
  case $1 in Z|X) ;; *) echo "${20}" ;; esac
}
exec 9>>lock
flock -n 9 || { echo held; exit 75; }
child= asked=
trap 'asked=yes; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM INT HUP
self=$(start_of $$)
printf '{"pid":%s,"startTime":%s,"startedAt":"%s"}\n' $$ "$self" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >process.json.tmp &&
  mv process.json.tmp process.json || exit 1
rm -f exit error.json
echo started
exec >>log 2>&1 </dev/null
if setpriv --pdeathsig KILL -- true 2>/dev/null
then setpriv --pdeathsig KILL -- "$@" & child=$!
else "$@" & child=$!
fi
[ -z "$asked" ] || kill -TERM "$child" 2>/dev/null
(
  trap - TERM INT HUP
  exec 9>&- >/dev/null 2>&1
  while [ "$(start_of $$)" = "$self" ]; do
    if [ "$stack_pid" != 0 ] && [ "$(start_of "$stack_pid")" != "$stack_start" ]; then
      kill -TERM "$child" 2>/dev/null
      waited=0
      while [ "$(start_of $$)" = "$self" ] && [ $waited -lt 5 ]; do sleep 1; waited=$((waited + 1)); done
      kill -KILL -$$ 2>/dev/null
      exit
    fi
    sleep 1
  done
  [ -e exit ] || kill -KILL -$$ 2>/dev/null
) &
watcher=$!
wait "$child"; status=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; status=$?; done
# A signal may have ended the wait just as the trainer ended: ask once more for its true status (127: already told).
if [ $status -gt 128 ]; then wait "$child" 2>/dev/null; again=$?; [ $again -eq 127 ] || status=$again; fi
echo $status >exit.tmp && mv exit.tmp exit
kill -KILL "$watcher" 2>/dev/null
exit 0
