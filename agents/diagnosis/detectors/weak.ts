// Signs that something failed, without what: enough to deny that the run was well, not enough for a cause.
export const WEAK: readonly RegExp[] = [
  /ChildFailedError|failed \(exitcode: -?[1-9]|exit(?:ed)?(?: with)?(?: exit)?(?: code| status)? ?[:=]? ?\(?-?(?:[1-9]\d*)\b|exitcode ?: -?[1-9]|non-?zero exit|Pod failed|Job failed|CrashLoopBackOff|BackOff(?:LimitExceeded)?|Back-off restarting|Reason: +Error|task \d+: (?:Exited|Aborted)|tasks? [\d,-]+: (?:Exited|Killed|Aborted)|giving up|run failed|training failed|status["']?: ?["']?(?:failed|error)/i,
  /\b(?:the job|process|run|training)\b.{0,40}\b(?:was ended|was killed|crashed|aborted|has died)/i,
];
export const NOT_WEAK = /exit(?:ed)?(?: with)?(?: code| status)? ?[:=]? ?0\b|0 (?:failed|errors?|errored)/i;
/** A run that says so has come to its end. */
export const FINISHED =
  /\b(?:train(?:ing|er)?|run|job|campaign|all \d+ \w+|epochs?)\b.{0,40}\b(?:done|complete[d]?|finish(?:ed)?|success\w*)\b|after training is done|\bfinished (?:without|successfully)|max_(?:epochs|steps).{0,12}reached|^done\b|^\[.*\] done:|train_runtime|run finished|Total run time/i;
