// A rule of its own until policies/loop-detection takes this place: the same call with the same result, over and over.
import type { LoopWatch } from '../../contracts/agent-ports.ts';

const [WARN_AT, STOP_AT] = [3, 6];

export function sameCallWatch(): LoopWatch {
  let [last, times] = ['', 0];
  return {
    seen({ name, arguments: text, result }) {
      const now = JSON.stringify([name, text, result]);
      times = now === last ? times + 1 : 1;
      last = now;
      return times >= STOP_AT ? 'stop' : times >= WARN_AT ? 'warn' : 'go_on';
    },
  };
}
