// What the acceptance of the data plane consists of, in the order in which it is measured: what is quick, and shows most, first.
import type { Figure, Tell } from '../figure.ts';
import { openJournal } from '../journal.ts';
import { createCourse, type Step, type StepFinding, stepFinding } from '../steps.ts';
import { gateway, merge, pool, rollouts } from './benches.ts';
import { clients, fuzz, kills, simulate, upstream } from './shown.ts';

export const DATA_PARTS = { clients, upstream, fuzz, simulate, kills, gateway, merge, rollouts, pool };

/** What a figure depends on: everything that is measured, and what measures it. */
export const DATA_CODE = [
  ...[
    'activities',
    'agents',
    'bench',
    'contracts',
    'evals',
    'gateway',
    'infra',
    'policies',
    'trainer',
    'worker',
    'workflows',
  ],
  ...['tests/accept', 'tests/agents', 'tests/gateway', 'tests/support', 'package-lock.json'],
];

/** @param asked which parts will be played; none means all, and what they take is told for these */
export function dataParts(asked: readonly string[], tell: Tell): Record<string, () => Promise<Figure[]>> {
  const all: [string, readonly Step[]][] = Object.entries(DATA_PARTS);
  const steps = all.flatMap(([name, own]) => (asked.length === 0 || asked.includes(name) ? own : []));
  const journal = openJournal<StepFinding>({ name: 'data', code: DATA_CODE, finding: stepFinding });
  const course = createCourse(steps, journal, tell);
  return Object.fromEntries(all.map(([name, own]) => [name, () => course.play(own)]));
}
