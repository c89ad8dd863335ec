import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type CampaignSpec, campaignSpec } from '../../contracts/campaign.ts';
import { campaignSpending, dayOf, priceOf } from './budget.ts';
import { planOf } from './plan.ts';
import { shipped } from './shipped.fixture.ts';

const quickstart = campaignSpec.parse(
  parse(readFileSync(new URL('../../examples/quickstart/campaign.yaml', import.meta.url), 'utf8')),
);

test('GPUs by role; by turns they are counted once', () => {
  const standard = planOf(shipped('minimax-m27-standard'));
  expect(standard.roles.map(({ role, devices, division }) => [role, devices, division])).toEqual([
    ['trainer', 64, 'TP2 PP2 CP2 DP8 · EP32'],
    ['servers', 32, '8 engines of TP4'],
  ]);
  expect([standard.devices, planOf(shipped('minimax-m27-smoke')).devices]).toEqual([96, 64]);
  expect(planOf(shipped('minimax-m27-h100')).roles[1]?.division).toBe('8 engines of TP8 · whole experts');
});

test('a day on 96 GPUs at 3 dollars an hour', () => {
  expect(priceOf(shipped('minimax-m27-standard'), 24, 3)).toEqual({ deviceHours: 2304, usd: 6912 });
  expect(priceOf(shipped('minimax-m27-smoke'), 24, 3).usd).toBe(4608);
  expect(priceOf(shipped('minimax-m27-standard'), 24).usd).toBeUndefined();
});

test("a node class's own price is used unless another is given", () => {
  const priced = shipped('minimax-m27-standard', (p) =>
    Object.assign(p.accelerators.h200 ?? {}, { usdPerDeviceHour: 4 }),
  );
  expect(priceOf(priced, 1).usd).toBe(384);
  expect(priceOf(priced, 1, 1).usd).toBe(96);
});

test('steps of a day fill it', () => {
  const day = dayOf(shipped('minimax-m27-standard'));
  if (day === undefined) throw new Error('no day');
  expect(day.steps * day.time.total).toBeCloseTo(86_400);
  expect(day.rollouts).toBeCloseTo(day.steps * 128);
});

test("the quickstart's campaign under the cpu profile: 9 steps on 288 rollouts, within its two hours", () => {
  const spent = campaignSpending(shipped('cpu'), quickstart, 0.05);
  expect(spent).toMatchObject({ of: 'campaign', steps: 9, rollouts: 288, generatedTokens: 200_000, shortfalls: [] });
  expect(spent?.hours).toBeGreaterThan(0.2);
  expect(spent?.hours).toBeLessThan(1);
  expect(spent?.usd).toBeCloseTo((spent?.hours ?? 0) * 2 * 0.05);
});

test('with `pipeline` rounds generate while they train, as far as the scheduler lets them, and the time is the longer of the two', () => {
  const whole = { ...quickstart, policy: { base: 'any', lora: null } };
  const apart = { ...shipped('minimax-m27-standard'), colocated: false };
  const spent = (pipeline: CampaignSpec['pipeline'], profile = apart) =>
    campaignSpending(profile, { ...whole, pipeline })!;
  const window = { mode: 'async', scheduler: { kind: 'position-window', outstanding: 24, window: 7 } } as const;
  const turns = spent(undefined).time;
  const { time, overlapping } = spent(window);
  expect(overlapping).toBe(true);
  const longer = Math.max(time.generating, time.training);
  expect(time.total).toBeCloseTo(longer + time.syncing + time.saving);
  expect(turns.total).toBeCloseTo(time.total - longer + time.generating + time.training);
  for (const scheduler of [{ kind: 'synchronous' }, { kind: 'admission-budget', eta: 0 }] as const)
    expect(spent({ mode: 'async', scheduler }).overlapping).toBe(false);
  expect(spent(window, { ...apart, colocated: true }).overlapping).toBe(false);
});

test('a budget that does not suffice is said, with the numbers', () => {
  const little = { ...quickstart, budget: { ...quickstart.budget, tokens: 1000, wallClock: '5s' } };
  expect(campaignSpending(shipped('cpu'), little)?.shortfalls).toEqual([
    expect.stringContaining('3 rounds × 96 rollouts × 48 tokens = 13824'),
    expect.stringContaining('the budget is 5s'),
  ]);
});

test('notes: what cannot be trained on, and another model than the campaign names', () => {
  const plan = planOf(shipped('minimax-m27-standard'), { campaign: quickstart });
  expect(plan.notes).toEqual([
    expect.stringContaining('above 65536 cannot be trained on'),
    expect.stringContaining('Saving takes'),
    expect.stringContaining('smollm2-135m-instruct'),
  ]);
  expect(planOf(shipped('cpu'), { campaign: quickstart }).notes).not.toContainEqual(expect.stringContaining('trains'));
});

test('a refused layout still has a plan, with what is wrong', () => {
  const plan = planOf(shipped('minimax-m27-standard', (p) => Object.assign(p.trainer, { recompute: 'none' })));
  expect(plan.problems.map(({ rule }) => rule)).toEqual(['trainer-memory']);
  expect(plan.trainer.memory.used).toBeGreaterThan(plan.trainer.memory.capacity);
});
