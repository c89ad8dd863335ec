import { expect, test } from 'vitest';
import { predictFleet } from '../../policies/simulation/predict.ts';
import { measured, specOf } from '../../policies/simulation/spec.fixture.ts';
import { renderSimulation } from './simulation.ts';

const spec = specOf({
  fleet: { devices: [8, 1], trainerShares: [0.5], shared: true, usdPerDeviceHour: measured(2) },
  schedulers: [{ kind: 'synchronous' }, { kind: 'admission-budget', eta: 1 }, { kind: 'admission-budget', eta: 3 }],
  limits: { maxStaleness: 1 },
});
const result = {
  ...{ schema: 'anneal/simulation/v1' as const, name: spec.name, seed: spec.seed, assumptions: ['weights.seconds'] },
  predictions: spec.fleet.devices.flatMap((devices) => predictFleet(spec, devices)),
};

test('a table for each fleet: what is best, what is outside of the limits, what cannot run, what was only assumed', () => {
  expect(renderSimulation(result, spec, { width: 140, colour: false }).join('\n')).toMatchInlineSnapshot(`
    "test
    20 steps a line, seed 1

    8 devices, 4 rollouts a step
       train + roll out  scheduler             tokens/s  a step  idle  trainer waits  engines wait  versions old  length  lost  $/M tokens
       by turns          synchronous                 29    14 s   43%            71%           64%        0.0, 0      0%    0%      155.56
    ★  by turns          admission budget η=1        44   9.0 s   11%            56%           44%        0.9, 1      0%    0%      100.00
    !  by turns          admission budget η=3        44   9.0 s   11%            56%           44%        1.9, 2      0%    0%      100.00
       4 + 4             synchronous                 29    14 s   54%            71%           29%        0.0, 0      0%    0%      155.56
       4 + 4             admission budget η=1        36    11 s   41%            64%            9%        0.9, 1      0%    0%      123.89
       4 + 4             admission budget η=3        36    11 s   41%            64%            9%        0.9, 1      0%    0%      123.89

    1 device, 4 rollouts a step
       train + roll out  scheduler             tokens/s  a step  idle  trainer waits  engines wait  versions old  length  lost  $/M tokens
    ★  by turns          synchronous                  9    44 s    2%            91%            9%        0.0, 0      0%    0%       61.11
       by turns          admission budget η=1         9    44 s    2%            91%            9%        0.2, 1      0%    0%       61.11
       by turns          admission budget η=3         9    44 s    2%            91%            9%        0.2, 1      0%    0%       61.11
    ✗  50%               synchronous                  –
    ✗  50%               admission budget η=1         –
    ✗  50%               admission budget η=3         –
    ✗ not possible: the trainer needs 1 device and gets 0

    tokens/s: written by the model and trained on. idle: of all devices’ time. versions old: mean, most. length: of what was trained on, against
    what was started. lost: failed, hung or expired.
    ★ fastest of its fleet within the limits; what staleness costs in learning no simulation knows.
    $ cheapest a token: 1 device, by turns, synchronous.
    ! outside of the limits that the file sets.
    ? figures that nobody measured: weights.seconds."
  `);
});

test('a narrow terminal keeps what is decided by', () => {
  const lines = renderSimulation(result, spec);
  expect(lines.every((line) => line.length <= 80)).toBe(true);
  expect(lines.find((line) => line.includes('scheduler '))).toMatch(/tokens\/s.*idle.*versions old/);
});
