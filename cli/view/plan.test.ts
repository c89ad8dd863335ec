import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { campaignSpec } from '../../contracts/campaign.ts';
import { type Plan, planOf } from '../../k8s/layout/plan.ts';
import { SHIPPED, shipped } from '../../k8s/layout/shipped.fixture.ts';
import { parameters, renderPlan, size } from './plan.ts';
import { columns } from './text.ts';

const campaign = campaignSpec.parse(
  parse(readFileSync(new URL('../../examples/quickstart/campaign.yaml', import.meta.url), 'utf8')),
);
const page = (plan: Plan, width = 80): string[] => renderPlan(plan, { width, colour: false });
/** The lines of a section, without its title. */
function section(lines: readonly string[], title: string): string {
  const from = lines.findIndex((line) => line.startsWith(title)) + 1;
  return lines.slice(from, lines.indexOf('', from)).join('\n');
}

test('a bar is as long as its part is large, and of what is tiny there is a thin mark', () => {
  const { memory } = planOf(shipped('cpu')).trainer;
  const plan = planOf(shipped('cpu'));
  // Wherever the part begins: its two ends may fall on both sides of half a cell.
  for (let before = 0; before < 1e9; before += 13e6) {
    const parts = [
      { name: 'before', bytes: before },
      { name: 'tiny', bytes: 6.5e6 },
      { name: 'half', bytes: 0.5e9 },
    ];
    const filled = { ...memory, parts, used: before + 0.5065e9 };
    const lines = page({ ...plan, trainer: { ...plan.trainer, memory: filled } });
    const drawn = (name: string): string =>
      /[█▏]*$/.exec(lines.find((line) => line.startsWith(`  ${name} `)) ?? '')![0];
    expect(drawn('tiny')).toBe('▏');
    expect(drawn('half')).toMatch(/^█{3,5}$/);
  }
});

describe('the standard profile at 80 columns', () => {
  const lines = page(planOf(shipped('minimax-m27-standard'), { usdPerDeviceHour: 3 }));

  it('shows who has which GPUs', () => {
    expect(lines.slice(0, 8).join('\n')).toMatchInlineSnapshot(`
      "minimax-m27-standard
      MiniMax-M2.7 on 64 H200 for the trainer and 32 H200 for eight servers
      MiniMaxAI/MiniMax-M2.7 · 228.7B, 9.8B active · MiniMax non-commercial licence

                nodes  GPUs  divided                 each
      trainer   8 × 8    64  TP2 PP2 CP2 DP8 · EP32  NVIDIA H200 141 GB SXM
      servers   4 × 8    32  8 engines of TP4        NVIDIA H200 141 GB SXM
      together           96"
    `);
  });

  it('stacks what fills a trainer GPU', () => {
    expect(section(lines, 'Memory of the fullest')).toMatchInlineSnapshot(`
      "  weights            9.1 GB  ███
        gradients         18.1 GB     ██████
        optimizer         42.9 GB           ███████████████
        activations       12.4 GB                          █████
        loss               3.3 GB                               █
        reserve            6.0 GB                                ██
        free              49.3 GB                                  ░░░░░░░░░░░░░░░░░
        of               141.0 GB"
    `);
  });

  it('stacks what fills a server GPU, and counts the cache', () => {
    expect(section(lines, 'Memory of a server')).toMatchInlineSnapshot(`
      "  weights           57.6 GB  ████████████████████
        overhead           3.5 GB                      █
        KV cache          65.8 GB                       ███████████████████████
        free              14.1 GB                                              ░░░░░
        of               141.0 GB"
    `);
    expect(section(lines, 'KV cache')).toMatchInlineSnapshot(`
      "  tokens               1.0M  an engine; 8,293,792 in all 8
        sequences              40  at once of 204,800 tokens, the longest that are
                                   served
                              448  at once of 16,384 tokens, the usual ones
                                   █████████████████▋░░"
    `);
  });

  it('shows checkpoints, and what a day costs', () => {
    const text = lines.join('\n');
    for (const said of [
      '3.20 TB  saved in 10m 40s at 5 GB/s',
      '457.4 GB  bf16; 230.0 GB in fp8',
      '$6,912',
      '2,304 GPU hours on 96',
    ])
      expect(text).toContain(said);
  });

  it('calls every speed an estimate and says what it rests on', () => {
    const said = section(lines, 'Speed: estimates, not measured here');
    expect(said.match(/assumption:/g)).toHaveLength(2);
    expect(lines).toContain('A day: estimate');
  });

  it('shows the licence, and that every rule holds', () => {
    expect(lines.join(' ')).toContain('licensed for non-commercial use only');
    expect(lines.at(-1)).toBe('✓ Every layout rule holds.');
  });
});

test.each([...SHIPPED.keys()])('%s fits 60, 80 and 120 columns, with and without colour', (name) => {
  const plan = planOf(shipped(name), { usdPerDeviceHour: 2 });
  for (const width of [60, 80, 120])
    for (const colour of [false, true])
      for (const line of renderPlan(plan, { width, colour })) expect(columns(line), line).toBeLessThanOrEqual(width);
});

test('a layout that does not fit: by how much, and the arithmetic', () => {
  const plan = planOf(
    shipped('minimax-m27-standard', (p) => {
      Object.assign(p.accelerators.h200 ?? {}, { memoryGb: 80 });
    }),
  );
  const text = page(plan).join('\n');
  expect(text).toMatch(/too much +11\.7 GB/);
  expect(text).toContain('✗ Refused by');
  expect(text).toContain('weights 9.1 + gradients 18.1 + optimizer 42.9');
  expect(text).toContain('docs/errors/profile.memory.md');
});

test('a campaign: its steps, its hours, what its budget lacks', () => {
  const text = page(planOf(shipped('cpu'), { campaign, usdPerDeviceHour: 0.05 })).join('\n');
  expect(text).toContain('quickstart on cpu');
  expect(text).toContain('The campaign: estimate, all tokens of its budget spent');
  expect(text).toMatch(/steps +9 {2}on 288 rollouts/);
  const little = { ...campaign, budget: { ...campaign.budget, tokens: 1000 } };
  expect(page(planOf(shipped('cpu'), { campaign: little })).join('\n')).toContain('! budget.tokens: 3 rounds');
});

test('without a training speed it says what is missing', () => {
  const plan = planOf(shipped('minimax-m27-standard', (p) => Object.assign(p.trainer, { mfu: undefined })));
  const text = page(plan).join('\n');
  expect(text).toContain('unknown: give trainer.mfu');
  expect(text).toContain('unknown without a training speed');
});

test('texts of a profile cannot steer the terminal', () => {
  const plan = planOf(shipped('cpu', (p) => Object.assign(p, { description: 'a\u001b[31m red\u0007 one' })));
  expect(page(plan)[1]).toBe('a red one');
});

test('figures', () => {
  expect([size(3.2017e12), size(457.4e9), size(1.6e6), parameters(228.69e9), parameters(134.5e6)]).toEqual([
    '3.20 TB',
    '457.4 GB',
    '1.6 MB',
    '228.7B',
    '134.5M',
  ]);
});
