// What single sections say; the page as a whole is tested in render.test.ts.
import { expect, it } from 'vitest';
import { makePolicyName } from '../../contracts/ids.ts';
import { fixtureReport } from '../../tests/fixtures/report.fixture.ts';
import { renderReport } from './render.ts';

it('names the version that the release manifest names, and what happened at a gate that expired', () => {
  const { state, ...data } = fixtureReport();
  const policy = makePolicyName(state.campaign, 3);
  expect(renderReport({ ...data, state: { ...state, best: 0 }, released: policy })).toContain(
    '<strong>version 3</strong>',
  );
  expect(renderReport({ ...data, state: { ...state, best: 0 } })).toContain('<strong>version 4</strong>');
  const worse = fixtureReport('worse');
  const [first, second] = worse.state.gates;
  const expired = { ...second!, result: { how: 'expired' as const, gate: second!.gate, option: 'keep' } };
  const page = renderReport({ ...worse, state: { ...worse.state, gates: [first!, expired] } });
  expect(page).toContain('the release gate expired');
  expect(page).not.toContain('decided at the release gate');
});

it('counts by round what the trainers name, unfinished rounds included', () => {
  const data = fixtureReport();
  const round = { round: 5, requested: 4321, trained: 1234, masked: { completion_missing: 1 }, cancelled: 3086 };
  const others = [{ purpose: 'gate' as const, requested: 9876, recorded: 6789, cancelled: 3087, balanced: true }];
  const page = renderReport({ ...data, conservation: { ...data.conservation, rounds: [round], others } });
  for (const figure of ['4,321', '1,234', '3,086', 'completion missing', '3,087']) expect(page).toContain(figure);
});

it('shows what the plans noted, once, and why a round trained nothing, once', () => {
  const data = fixtureReport();
  const note = 'Only 2 tasks are eligible for 3 groups: some are drawn twice.';
  const why = 'No sample carried signal, so nothing was trained.';
  const [first, ...rest] = data.state.rounds;
  const { training: _training, ...untrained } = first!;
  const rounds = [{ ...untrained, why }, ...rest];
  const notes = [1, 2].map((round) => ({ round, note }));
  const page = renderReport({ ...data, state: { ...data.state, rounds }, notes });
  expect(page).toContain(`Rounds 1, 2: ${note}`);
  expect(page.match(/No sample carried signal/g)).toHaveLength(1);
});

it('names the engines that a round did without', () => {
  const data = fixtureReport();
  const [first, ...rest] = data.state.rounds;
  const givenUp = [{ policy: first!.policy.name, servers: [{ url: 'http://engine-3:8000', why: '5 calls failed' }] }];
  const page = renderReport({ ...data, state: { ...data.state, rounds: [{ ...first!, givenUp }, ...rest] } });
  expect(page).toContain(`${first!.policy.name}: 1 engine was given up: http://engine-3:8000 (5 calls failed)`);
  expect(renderReport(data)).not.toContain('given up');
});

it('sets visible beside the gate rate of the same version', () => {
  const data = fixtureReport();
  const last = data.state.rounds.at(-1)!;
  const before = data.state.rounds.find((round) => round.policy.number === last.from)!;
  const apart = 100 * (last.visible.passRate.value - before.gate.passRate.value);
  expect(renderReport(data)).toContain(
    `Version ${last.from} lies ${Math.abs(apart).toFixed(1)} points ${apart < 0 ? 'lower' : 'higher'} on visible than on gate.`,
  );
});

it('shows how rollouts and training overlapped, and nothing where they take turns', () => {
  const data = fixtureReport();
  const level = { mean: 0.5, p50: 0, p95: 1, max: 1 };
  const pipeline: NonNullable<typeof data.pipeline> = {
    scheduler: { kind: 'position-window', batch: 4, outstanding: 8, window: 3, timeoutSeconds: 60 },
    ...{ bound: 2, started: 17, trained: 14, open: 1, givenUp: { hung: 2 } },
    ...{ staleness: level, histogram: [7, 7], lag: level, disorder: level, overtaken: level, lengthBias: -0.02 },
    ...{ seconds: 100, idle: { engines: 12, trainer: 60 }, overlap: 31 },
  };
  const page = renderReport({ ...data, pipeline });
  for (const told of [
    'position-window (batch 4, outstanding 8, window 3)',
    '17 started: 14 trained on, 2 given up, 1 still open',
    'did not end in time',
    '60.0%',
    'href="#overlap"',
  ])
    expect(page).toContain(told);
  expect(renderReport(data)).not.toContain('overlap');
  expect(renderReport({ ...data, pipeline: { ...pipeline, replaced: 1 } })).toContain(
    '2 given up, 1 of them replaced by others, 1 still open',
  );
});

it('shows by which versions a round was sampled, where that is not the one it trained from', () => {
  const data = fixtureReport();
  const [first, second, ...rest] = data.state.rounds;
  const versions = [
    { version: second!.from - 1, completions: 12, tokens: 1234 },
    { version: second!.from, completions: 4, tokens: 411 },
  ];
  const rounds = [first!, { ...second!, sampled: { versions, mixed: 3 } }, ...rest];
  const page = renderReport({ ...data, state: { ...data.state, rounds } });
  for (const told of ['by the version that sampled it', '1,234', '75.02%', '3 rollouts have completions of several'])
    expect(page).toContain(told);
  expect(renderReport(data)).not.toContain('by the version that sampled it');
});

it('shows how far batches merge, and why the rest does not; nothing where rollouts are one completion', () => {
  const data = fixtureReport();
  expect(renderReport(data)).not.toContain('id="merging"');
  const breaks = { compaction: { completions: 3, tokens: 4_321 }, branch: { completions: 1, tokens: 17 } };
  const merging = [1, 2].map((round) => {
    return {
      round,
      rollouts: 4,
      completions: 22,
      before: 12_000,
      after: 4_000,
      least: 3_456,
      breaks: round === 1 ? breaks : {},
    };
  });
  const page = renderReport({ ...data, merging });
  for (const figure of ['24,000', '8,000', '3.0 times fewer', '3,456', '66.7%', '4,321'])
    expect(page).toContain(figure);
  expect(page).toContain('messages were left out or summarised');
  expect(page).not.toContain('re-tokenisation');
  expect(page).toContain('<a href="#merging">Merging</a>');
  const exact = merging.map((one) => ({ ...one, breaks: {} }));
  expect(renderReport({ ...data, merging: exact })).toContain('No completion left its line');
});
