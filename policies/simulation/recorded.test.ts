// What a campaign's record tells, played again: beside a run that was made of known times by the real decisions.
import { describe, expect, it } from 'vitest';
import { overlappedRun } from '../../tests/fixtures/overlapped-run.fixture.ts';
import { compareRecorded, scenarioOf, timelineOf } from './recorded.ts';
import { simulate } from './simulate.ts';

const WINDOW = { kind: 'position-window', batch: 2, outstanding: 4, window: 2, concurrency: 2 } as const;
const BUDGET = { kind: 'admission-budget', batch: 3, eta: 1, concurrency: 2 } as const;
const even = { group: [30, 30], training: [20, 20], measuring: [10, 10] } as const;

describe('the timeline of a record', () => {
  it('has a step when its groups are there and the trainer is free, and its version when the next can begin', () => {
    const { steps } = timelineOf(overlappedRun(WINDOW, { rounds: 3, seed: 1, times: even }));
    // Two groups at once take 30 s; 20 s of training, 10 s of measuring, while the next two run.
    expect(steps.map(({ takenAt, trainedAt, durableAt }) => [takenAt, trainedAt, durableAt])).toEqual([
      [30, 50, 60],
      [60, 80, 90],
      [90, 110, 120],
    ]);
    expect(steps.map(({ staleness, rollouts, tokens }) => [staleness, rollouts, tokens])).toEqual([
      [0, 2, 80],
      [1, 2, 80],
      [1, 2, 80],
    ]);
  });

  it('is refused without a round that has trained', () => {
    const run = overlappedRun(WINDOW, { rounds: 1, seed: 1, times: even });
    expect(() => timelineOf({ ...run, spans: [] })).toThrow('no round of it has trained');
  });
});

describe('a campaign, predicted from its own record', () => {
  it.each([
    ['groups wait for the trainer', WINDOW, { group: [5, 15], training: [20, 30], measuring: [5, 10] }],
    ['the trainer waits for groups', WINDOW, { group: [40, 90], training: [5, 15], measuring: [2, 4] }],
    ['both wait', BUDGET, { group: [10, 40], training: [20, 40], measuring: [5, 10] }],
  ] as const)('within a tenth where %s', (_, scheduler, times) => {
    const { again, drawn } = compareRecorded(overlappedRun(scheduler, { rounds: 40, seed: 3, times }));
    for (const { figures } of [again, drawn]) expect(figures.filter(({ isWithin }) => !isWithin)).toEqual([]);
  });

  it.each([5, 45, 100, 160])('counts an hour in which nothing went on once, at second %i of four rounds', (at) => {
    const times = { group: [20, 30], training: [20, 30], measuring: [5, 10] } as const;
    const run = overlappedRun(WINDOW, { rounds: 4, seed: 3, times, outage: { at, seconds: 3_600 } });
    const { again } = compareRecorded(run);
    expect(again.figures.filter(({ error }) => error > 0.01)).toEqual([]);
  });

  it('is off where what it was drawn from is not what happened', () => {
    const times = { group: [40, 90], training: [5, 15], measuring: [2, 4] } as const;
    const run = overlappedRun(WINDOW, { rounds: 40, seed: 3, times });
    const slower = run.groups.map((one) => ({ ...one, ended: one.ended! + 60 }));
    const real = timelineOf(run).steps.at(-1)!.durableAt;
    const played = simulate(scenarioOf({ ...run, groups: slower }, { seed: 1 })).seconds;
    expect(played / real).toBeGreaterThan(1.3);
  });

  it('tells what another scheduler would have made of it', () => {
    const times = { group: [40, 60], training: [30, 40], measuring: [5, 10] } as const;
    const run = overlappedRun(WINDOW, { rounds: 20, seed: 5, times });
    const seconds = (scheduler: Parameters<typeof scenarioOf>[1]['scheduler']): number =>
      simulate(scenarioOf(run, { seed: 2, steps: 50, ...(scheduler && { scheduler }) })).seconds;
    expect(seconds({ kind: 'synchronous', batch: 2, concurrency: 2 })).toBeGreaterThan(1.2 * seconds(undefined));
  });
});
