// The gateway's rule for loops, for calls with their results: a warning first, and the end when it goes on as long again.
import type { LoopWatch } from '../../contracts/agent-ports.ts';
import { findLoop, type LoopLimits, type Step, stepsNeeded } from '../../policies/loops.ts';

const WARN: LoopLimits = { repeats: 3, cycles: 3, longest: 4 };
const STOP: LoopLimits = { repeats: 6, cycles: 6, longest: 4 };

export function loopWatch(): LoopWatch {
  const steps: Step[] = [];
  return {
    seen({ name, arguments: text, result }) {
      steps.push({ did: JSON.stringify([name, text]), saw: result, called: true });
      if (steps.length > stepsNeeded(STOP)) steps.shift();
      if (findLoop(steps, STOP) !== undefined) return 'stop';
      return findLoop(steps, WARN) === undefined ? 'go_on' : 'warn';
    },
  };
}
