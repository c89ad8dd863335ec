// On timelines that were made, until runs have recorded theirs.
import { describe, expect, it } from 'vitest';
import { type Timeline, timeline } from '../../contracts/prediction.ts';
import { compareTimelines } from './compare.ts';
import { predicted } from './spec.fixture.ts';

const source = 'assumption: a test';
const run = (seed: number, changes: object = {}): Timeline =>
  timeline.parse({
    steps: predicted(
      { seed, steps: 400, rollout: { tokens: { mean: 100, cv: 0.6, source } }, ...changes },
      { kind: 'admission-budget', eta: 1 },
    ).steps,
  });
const figure = (comparison: ReturnType<typeof compareTimelines>, name: string) =>
  comparison.figures.find((one) => one.figure === name)!;

describe('a prediction beside what was recorded', () => {
  it('has no error where it is the same, and little where only chance differs', () => {
    expect(compareTimelines(run(1), run(1)).figures.map((one) => one.error)).toEqual([0, 0, 0, 0, 0]);
    const { figures, isWithin } = compareTimelines(run(1), run(2));
    expect(figures.filter((one) => !one.isWithin)).toEqual([]);
    expect(isWithin).toBe(true);
  });

  it('shows by how much it is off, figure by figure', () => {
    const slow = run(1, { trainer: { fixedSeconds: { mean: 30, source } } });
    const comparison = compareTimelines(run(1), slow);
    expect(comparison.isWithin).toBe(false);
    expect(figure(comparison, 'trainingSeconds')).toMatchObject({ measured: 3, predicted: 30, isWithin: false });
    expect(figure(comparison, 'trainingSeconds').error).toBeCloseTo(9, 9);
    // The steps are a share of the whole, so times that are all a fifth longer are off by a fifth.
    const { steps } = run(1);
    const stretched = steps.map((step) => ({
      ...step,
      ...{ takenAt: step.takenAt * 1.2, trainedAt: step.trainedAt * 1.2, durableAt: step.durableAt * 1.2 },
    }));
    const all = compareTimelines({ steps }, { steps: stretched });
    expect(figure(all, 'secondsPerStep').error).toBeCloseTo(0.2, 9);
    expect(figure(all, 'tokensPerSecond').error).toBeCloseTo(1 - 1 / 1.2, 9);
    expect(figure(all, 'trainerWaits').error).toBeCloseTo(0, 9);
    expect(compareTimelines({ steps }, { steps: stretched }, { allowed: 0.25 }).isWithin).toBe(true);
  });

  it('leaves out the first steps, with the time before them', () => {
    const { steps } = run(1);
    const late = steps.map((step) => ({
      ...step,
      ...{ takenAt: step.takenAt + 500, trainedAt: step.trainedAt + 500, durableAt: step.durableAt + 500 },
    }));
    expect(compareTimelines({ steps }, { steps: late }).isWithin).toBe(false);
    const later = compareTimelines({ steps }, { steps: late }, { skip: 5 });
    for (const { error } of later.figures) expect(error).toBeCloseTo(0, 9);
    expect(() => compareTimelines({ steps }, { steps: late }, { skip: 400 })).toThrow(RangeError);
  });
});
