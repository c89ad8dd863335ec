// What is asked about a training that goes wrong while it runs. Pure.
import type { Sighting } from '../contracts/monitor.ts';
import type { Question } from './ask.ts';

export function askWhileItRuns(round: number, seen: Sighting): Question {
  const { job, cause, summary, confidence, step, at, lines, diagnosis, logs } = seen;
  return {
    title: `Stop ${job}, which goes wrong while it runs?`,
    why: summary,
    risk: 'A job that goes on costs its machines until it ends, and what it trains may be worth nothing; one that is stopped for a false alarm costs the steps since its last checkpoint.',
    facts: [
      { name: 'round', value: String(round) },
      { name: 'job', value: job },
      { name: 'seen', value: cause },
      { name: 'confidence', value: `${Math.round(100 * confidence)}%` },
      { name: 'at step', value: step === null ? 'before the first' : String(step) },
      { name: 'at', value: at },
    ],
    logTail: lines,
    options: [
      { name: 'stop', effect: 'The job is asked to write its checkpoint and to end; then it is a failed training.' },
      { name: 'go-on', effect: 'The job runs on; nobody is asked about this cause in it again.' },
    ],
    recommended: 'stop',
    safe: 'go-on',
    attachments: [{ name: 'diagnosis', object: diagnosis }, ...logs],
  };
}
