// The steps of a long acceptance, one after the other: what held is kept for this state of the code, a miss is told at once and measured
// again the next time, and how often it was measured stands beside it: an acceptance is not repeated until it holds in silence.
import { z } from 'zod';
import { type Figure, figure, lineOf, type Tell } from './figure.ts';
import type { Journal } from './journal.ts';

export interface Step {
  readonly name: string;
  /** What it takes on two idle cores, to tell beforehand how long all of them will. */
  readonly seconds: number;
  measure(tell: Tell): Promise<Figure[]>;
}

export const stepFinding = z.strictObject({
  name: z.string(),
  figures: z.array(figure),
  ms: z.number(),
  /** Of this state of the code, this one included. */
  measured: z.int().min(1),
});
export type StepFinding = z.infer<typeof stepFinding>;

export interface Course {
  play(steps: readonly Step[]): Promise<Figure[]>;
}

/** @param steps all that will be played, in any number of lots */
export function createCourse(steps: readonly Step[], journal: Journal<StepFinding>, tell: Tell): Course {
  const kept = (step: Step): StepFinding | undefined => {
    const found = journal.found.get(step.name);
    return found?.figures.every(({ holds }) => holds) ? found : undefined;
  };
  const waiting = new Set(steps.filter((step) => kept(step) === undefined));
  const [expected, done] = [seconds(waiting), steps.length - waiting.size];
  tell(
    `${steps.length} steps, about ${inWords(expected)} on two idle cores` +
      (done > 0 ? `; ${done} held before, by this code (.testbed/accept; without it they are measured anew)` : ''),
  );
  const spent = { ms: 0, expected: 0 };
  return {
    async play(lot) {
      const figures: Figure[] = [];
      for (const step of lot) {
        const before = kept(step);
        if (before === undefined) {
          tell(`${step.name}, about ${inWords(step.seconds)}`);
          const found = await measured(step, (journal.found.get(step.name)?.measured ?? 0) + 1, tell);
          journal.add(found);
          for (const one of found.figures) if (!one.holds) tell(`MISSED ${lineOf(one)}`);
          waiting.delete(step);
          spent.ms += found.ms;
          spent.expected += step.seconds;
          // A machine that is twice as slow so far is taken to remain so.
          const left = (seconds(waiting) * spent.ms) / (spent.expected * 1000);
          tell(
            `${step.name}: ${inWords(found.ms / 1000)}; ${steps.length - waiting.size} of ${steps.length} steps done` +
              (waiting.size > 0 ? `, about ${inWords(left)} left` : ''),
          );
        }
        const { figures: told, measured: times } = journal.found.get(step.name)!;
        figures.push(
          ...told.map((one) => (times === 1 ? one : { ...one, value: `${one.value}, measured ${times} times` })),
        );
      }
      return figures;
    },
  };
}

/** What breaks is a miss, and no end of the others. */
async function measured(step: Step, times: number, tell: Tell): Promise<StepFinding> {
  const began = performance.now();
  const figures = await step.measure(tell).catch((failure: unknown): Figure[] => {
    const [reason = ''] = (failure instanceof Error ? failure.message : String(failure)).split('\n');
    return [{ name: `${step.name} comes to its end`, value: reason.slice(0, 300), bound: 'measured', holds: false }];
  });
  const none = { name: step.name, value: 'nothing was measured', bound: 'measured', holds: false };
  return {
    name: step.name,
    figures: figures.length > 0 ? figures : [none],
    ms: Math.round(performance.now() - began),
    measured: times,
  };
}

const seconds = (steps: Iterable<Step>): number => [...steps].reduce((sum, step) => sum + step.seconds, 0);

export const inWords = (s: number): string => (s < 100 ? `${Math.round(s)} s` : `${Math.round(s / 60)} min`);
