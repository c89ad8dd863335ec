import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaignSpec } from '../../contracts/campaign.ts';
import { fixtureReport, fixtureStatus, fixtureWaiting } from '../../tests/fixtures/report.fixture.ts';
import { renderGate } from './gate.ts';
import { renderGates, renderList } from './lists.ts';
import { renderFinal, renderProgressLine } from './summary.ts';
import { columns } from './text.ts';
import { renderWatch, STAGE_WORDS } from './watch.ts';

const now = new Date('2026-01-05T09:33:20Z');
const spec = campaignSpec.parse(fixtureReport().spec);
const at = (width: number) => ({ width, colour: false, now, spec, kl: { 1: 0.0027, 2: 0.0041 } });

/** Commands and paths are for copying, hence may be longer than the terminal. */
const copied = (line: string): boolean => line.includes('./anneal ') || line.includes('.html');

function fits(lines: readonly string[], width: number): void {
  for (const line of lines) if (!copied(line)) expect(columns(line), line).toBeLessThanOrEqual(width);
}

describe('watch', () => {
  it('while rolling out, 80 columns', () => {
    expect(renderWatch(fixtureStatus(), at(80)).join('\n')).toMatchInlineSnapshot(`
      "fixture-campaign                                           round 3 of 4 · 3m 20s

      ✓ construct  ✓ baseline  ● rounds  ○ sealed  ○ release  ○ report
      rolling out  ███████████████████████░░░░░░░░░░░░░  41/64 rollouts

      round  verdict   visible  gate (interval)  format      KL  tokens    time
      0      baseline        –  18.0% (11–25)     58.0%       –    4.5k       –
      1      hold        24.0%  21.0% (14–28)     71.0%  0.0027    6.4k  1m 02s
      2      promote     33.0%  27.0% (20–34)     86.0%  0.0041    6.4k  1m 05s
      visible: of the version before the round; gate: of the one after it

      reward  ▁█  0.35 → 0.48
      cost    25.3k of 200.0k tokens (13%) · 3m 20s of 30m 00s"
    `);
  });

  it('says where groups are, when rollouts overlap with training', () => {
    const counts = { waiting: 4, running: 2, ready: 1, training: 3, trained: 6, givenUp: 1 };
    const status = fixtureStatus({ pipeline: { scheduler: 'age-window', ...counts } });
    const line = 'groups (age-window): 2 running, 1 ready, 3 in training, 6 trained, 1 given up,';
    expect(renderWatch(status, at(80)).join(' ')).toContain(line);
    fits(renderWatch(status, at(40)), 40);
  });

  it('at a gate, 50 columns', () => {
    const { status, shown } = fixtureWaiting();
    expect(renderWatch(status, { ...at(50), evidence: shown }).join('\n')).toMatchInlineSnapshot(`
      "fixture-campaign             round 4 of 4 · 3m 20s

      ✓ ✓ ✓ ✓ ● ○
      waiting: release?

      round  verdict   visible  gate (interval)  format
      0      baseline        –  18.0% (11–25)     58.0%
      1      hold        24.0%  21.0% (14–28)     71.0%
      2      promote     33.0%  27.0% (20–34)     86.0%
      3      hold        44.0%  25.0% (18–32)     93.0%
      4      promote     49.0%  31.0% (24–38)     95.0%
      visible: of the version before the round; gate: of
      the one after it

      reward  ▁▄▇█  0.35 → 0.68
      cost    40.2k of 200.0k tokens (20%) · 3m 20s of …

      ╭─ waits for you · fixture-campaign.release-1 ───╮
      │ Release fixture-campaign.v4 of                 │
      │ fixture-campaign?                              │
      │ The improvement holds on unseen functions.     │
      │ Risk: Users get this version until ./anneal    │
      │ rollback moves the pointer back.               │
      │                                                │
      │ policy                fixture-campaign.v4      │
      │ gate split: pass      31.0% (25.0 to 37.0,     │
      │ rate                  n=144, 18 functions)     │
      │ sealed split,         17.0% (11.0 to 23.0,     │
      │ before: pass rate     n=144, 18 functions)     │
      │ sealed split, after:  27.0% (21.0 to 33.0,     │
      │ pass rate             n=144, 18 functions)     │
      │                                                │
      │ ▸ release (recommended)                        │
      │     Signs a release manifest, exports the      │
      │     adapter, moves \`released\` to this version. │
      │   keep (safe)                                  │
      │     Releases nothing; the campaign ends with   │
      │     its report.                                │
      │                                                │
      │ Spent so far: 47.0k tokens, 4m 45s.            │
      │                                                │
      │ ./anneal decide fixture-campaign.release-1 release \\
      │   --reason "…"                                 │
      ╰─ in 1d 0h: keep ───────────────────────────────╯"
    `);
  });

  it('waits for policy servers under the step that comes next: they are opened again in the middle of a campaign', () => {
    const strip = (state: object, spec = at(80).spec): string | undefined =>
      renderWatch(fixtureStatus({ stage: 'servers', progress: undefined, state: { ...midway, ...state } }), {
        ...at(80),
        spec,
      })[2];
    const midway = fixtureStatus().state;
    const fresh = { taskSet: undefined, baseline: undefined, round: 0, rounds: [] };
    expect(strip({})).toBe('✓ construct  ✓ baseline  ● rounds  ○ sealed  ○ release  ○ report');
    expect(strip({ round: 0, rounds: [] })).toBe('✓ construct  ✓ baseline  ● rounds  ○ sealed  ○ release  ○ report');
    expect(strip({ round: 4 })).toBe('✓ construct  ✓ baseline  ✓ rounds  ● sealed  ○ release  ○ report');
    expect(strip({ ...fresh, taskSet: midway.taskSet })).toMatch(/^✓ construct {2}● baseline/);
    expect(strip(fresh)).toMatch(/^● construct {2}○ baseline/);
  });

  it('fits every width and every stage', () => {
    const { status, shown } = fixtureWaiting();
    for (const width of [40, 50, 60, 80, 120, 200]) {
      fits(renderWatch(status, { ...at(width), evidence: shown }), width);
      for (const stage of Object.keys(STAGE_WORDS))
        fits(renderWatch(fixtureStatus({ stage: stage as keyof typeof STAGE_WORDS }), at(width)), width);
    }
  });

  it('points at the gate when its evidence is not at hand', () => {
    const text = renderWatch(fixtureWaiting().status, at(80)).join('\n');
    expect(text).toContain('./anneal gates fixture-campaign.release-1');
  });

  it('shows a failure with its page', () => {
    const text = renderWatch(fixtureStatus({ error: { code: 'job.failed', message: 'exit 1' } }), at(80)).join('\n');
    expect(text).toContain('job.failed: exit 1\ndocs/errors/job.failed.md');
  });

  it('counts no time after the end', () => {
    const { state } = fixtureReport();
    const over = fixtureStatus({ stage: 'ended', state, progress: undefined });
    const later = { ...at(80), now: new Date('2026-03-01T00:00:00Z') };
    const closed = renderWatch(over, { ...later, endedAt: new Date('2026-01-05T09:34:30Z') }).join('\n');
    expect(closed).toContain('· 4m 30s of 30m 00s');
    // Where the run is forgotten, the time that its stages took.
    expect(renderWatch(over, later).join('\n')).toContain('· 5m 35s of 30m 00s');
    // Cut off in the middle: its last stage stands for ever.
    const cut = renderWatch(fixtureStatus(), { ...later, endedAt: new Date('2026-01-05T09:31:00Z') }).join('\n');
    expect(cut).toMatch(/round 3 of 4 · 1m 00s\n/);
    expect(cut).toContain('· 1m 00s of 30m 00s');
  });

  it('stands before the first round', () => {
    const { state } = fixtureStatus();
    const early = fixtureStatus({
      stage: 'construct',
      state: { ...state, round: 0, rounds: [], baseline: undefined, tokens: 0 },
    });
    expect(renderWatch(early, { width: 80, colour: false, now }).join('\n')).toMatchInlineSnapshot(`
      "fixture-campaign                                                          3m 20s

      ● construct  ○ baseline  ○ rounds  ○ sealed  ○ release  ○ report
      constructing tasks  ███████████████████████░░░░░░░░░░░░░  41/64 rollouts


      cost    0 tokens · 3m 20s"
    `);
  });
});

describe('gate', () => {
  it('shows log lines, the last ones only', () => {
    const { shown } = fixtureWaiting();
    const logTail = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    const text = renderGate({ ...shown, logTail }, at(80)).join('\n');
    expect(text).toContain('line 29');
    expect(text).not.toContain('line 17\n');
    expect(text).toContain('Last 12 of 30 log lines');
  });

  it('shows a long log line to its end', () => {
    const { shown } = fixtureWaiting();
    const logTail = [`ValueError: ${'a word or two, '.repeat(12)}expected 8, got 7`];
    const text = renderGate({ ...shown, logTail }, at(80)).join('\n');
    expect(text).toContain('expected 8, got 7');
  });

  it('says when the deadline has passed', () => {
    const { shown } = fixtureWaiting();
    expect(renderGate(shown, { ...at(80), deadline: '2026-01-05T09:00:00Z' }).at(-1)).toContain('expired: keep');
  });

  it('says of a closed one what was decided, by whom, when and why', () => {
    const { evidences, state } = fixtureReport();
    const shown = evidences[1]!;
    const { result } = state.gates[1]!;
    if (result?.how !== 'decided') throw new Error('the fixture has decided');
    const { decision, option, selfApproved, acceptedAt } = result;
    const { approver, unattended } = decision.body;
    const reason = `Kept back\u001b[2J: ${'the gain is too small for the users. '.repeat(3)}`.trim();
    const outcome = {
      ...{ at: acceptedAt, option, approver, keyId: decision.keyId, reason, unattended, selfApproved },
      how: 'decided',
      decision,
    } as const;
    const lines = renderGate(shown, { ...at(80), state: 'decided', outcome: { ...outcome, option: 'keep' } });
    const text = lines.join('\n');
    expect(text).toMatch(/decided +keep +│/);
    expect(text).toMatch(/by +local, key [0-9a-f]{16} /);
    expect(text).toMatch(/when +2026-11-20 10:00 UTC/);
    expect(text).toMatch(/reason +Kept back: the gain/);
    expect(text).toContain('attended; self-approved: the owner decided');
    expect(text).toContain('▸ keep (chosen, safe)');
    expect(text).toContain('  release (recommended)');
    expect(text).not.toContain('./anneal decide');
    for (const width of [40, 60, 80]) fits(renderGate(shown, { ...at(width), state: 'decided', outcome }), width);
    const other = { ...outcome, unattended: true, selfApproved: false };
    const later = renderGate(shown, { ...at(120), state: 'decided', outcome: other }).join('\n');
    expect(later).toContain('unattended: no human was present; not self-approved');
    expect(later).toContain('▸ release (chosen, recommended)');
  });

  it('says of one that nobody answered that its safe option was taken, and when', () => {
    const { shown } = fixtureWaiting();
    const when = '2026-01-06T09:33:20.000Z';
    const over = (outcome: Parameters<typeof renderGate>[1]['outcome']) =>
      renderGate(shown, { ...at(120), state: outcome!.how, outcome }).join('\n');
    const expired = over({ how: 'expired', option: 'keep', at: when });
    expect(expired).toContain('its safe option, keep, was taken on 2026-01-06 09:33 UTC');
    expect(expired).toContain('▸ keep (taken, safe)');
    expect(over({ how: 'withdrawn', at: when })).toContain('Withdrawn on 2026-01-06 09:33 UTC');
    expect(over({ how: 'withdrawn', at: when })).not.toContain('▸');
  });

  it('lets nothing of a log or a model steer the terminal', () => {
    const { shown } = fixtureWaiting();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (evil) => {
        const attack = `\u001b]0;${evil}\u001b[2J\u202e${evil}\r`;
        const lines = renderGate(
          {
            ...shown,
            title: attack,
            why: attack,
            risk: attack,
            logTail: [attack],
            facts: [{ name: attack, value: attack }],
          },
          at(60),
        );
        for (const line of lines)
          for (const character of line) {
            const point = character.codePointAt(0) ?? 0;
            expect(point < 0x20 || point === 0x202e || (point >= 0x7f && point <= 0x9f)).toBe(false);
          }
      }),
    );
  });
});

describe('lists', () => {
  const one = {
    name: 'a',
    status: 'running',
    stage: 'rollout',
    round: 2,
    owner: 'local',
    startedAt: '2026-01-05T09:30:00Z',
  };

  it('campaigns, newest first', () => {
    const later = { ...one, name: 'b', stage: 'release-gate', startedAt: '2026-01-06T09:30:00Z' };
    const failed = { ...one, name: 'c', status: 'failed', round: undefined, startedAt: '2026-01-01T09:30:00Z' };
    expect(renderList([one, later, failed], at(80)).join('\n')).toMatchInlineSnapshot(`
      "campaign  state          round  owner  started
      b         waits for you      2  local  2026-01-06 09:30 UTC
      a         rollout            2  local  2026-01-05 09:30 UTC
      c         failed             –  local  2026-01-01 09:30 UTC"
    `);
    expect(renderList([])).toHaveLength(1);
  });

  it('says how a campaign ended', () => {
    const endings = ['released', 'refused', 'not-opened', 'cancelled', 'aborted'];
    const over = endings.map((ending) => ({ ...one, name: ending[0]!, status: 'completed', stage: 'ended', ending }));
    expect(renderList([...over, { ...one, name: 'x', status: 'completed' }], at(80)).join('\n')).toMatchInlineSnapshot(`
      "campaign  state       round  owner  started
      r         released        2  local  2026-01-05 09:30 UTC
      r         refused         2  local  2026-01-05 09:30 UTC
      n         not opened      2  local  2026-01-05 09:30 UTC
      c         cancelled       2  local  2026-01-05 09:30 UTC
      a         aborted         2  local  2026-01-05 09:30 UTC
      x         completed       2  local  2026-01-05 09:30 UTC"
    `);
  });

  it('gates, with the command', () => {
    const { evidences } = fixtureReport();
    expect(renderGates(evidences, at(80)).join('\n')).toMatchInlineSnapshot(`
      "gate                            recommended  safe         asks
      fixture-campaign.open-sealed-1  open         keep-closed  Open the sealed split…
      fixture-campaign.release-1      release      keep         Release fixture-campa…

      Look at one: ./anneal gates fixture-campaign.open-sealed-1
      ./anneal decide fixture-campaign.open-sealed-1 open --reason "…""
    `);
    fits(renderGates(evidences, at(50)), 50);
    expect(renderGates([])).toEqual(['No open gates.']);
  });
});

describe('the end', () => {
  it('says what was achieved, then where to look, then where the time went', () => {
    const options = { ...at(80), reportPath: '.anneal/reports/x.html', releaseLine: 'fixture-campaign.v4' };
    expect(renderFinal(fixtureReport().state, options).join('\n')).toMatchInlineSnapshot(`
      "On functions no decision had seen, fixture-campaign.v4 solves 27.0% instead of
      17.0%: a gain of 10.0 points (95% interval +3.0 to +17.0).
      Well-formed replies went from 57.0% to 94.0%, correct ones among them from 30.0%
      of 91 to 28.7% of 150: more replies have the right form; that those are right
      more or less often is not shown.
      Version 4 was released.

      release  fixture-campaign.v4
      report   .anneal/reports/x.html
      spent    40.2k tokens, 5m 35s

      construct         14 s  █▎                                 4%
      baseline          19 s  █▊                                 6%
      rollout         1m 46s  ██████████                        32%
      train           1m 26s  ████████▏                         26%
      evaluate        1m 06s  ██████▎                           20%
      decide           0.8 s                                    <1%
      sealed-gate      3.1 s  ▎                                  1%
      sealed            32 s  ███                                9%
      release-gate     8.4 s  ▊                                  3%
      release          1.1 s                                    <1%"
    `);
    for (const width of [40, 50, 120]) fits(renderFinal(fixtureReport().state, { ...options, width }), width);
  });

  it('is one line where no terminal is attached', () => {
    expect(renderProgressLine(fixtureStatus(), spec)).toBe(
      'fixture-campaign · round 3/4 · rolling out · 41/64 rollouts · last verdict promote, gate 27.0%',
    );
    expect(renderProgressLine(fixtureWaiting().status)).toContain('./anneal decide fixture-campaign.release-1 OPTION');
  });

  it('names the engines that were given up, as the picture does', () => {
    const status = fixtureStatus();
    const servers = [{ url: 'http://engine-1:8000', why: '5 calls failed' }];
    const without = {
      ...status,
      state: { ...status.state, givenUp: { policy: status.state.policies[0]!.name, servers } },
    };
    const told = '1 engine was given up: http://engine-1:8000 (5 calls failed)';
    expect(renderProgressLine(without, spec)).toContain(told);
    expect(renderWatch(without, at(160)).join('\n')).toContain(told);
    fits(renderWatch(without, at(60)), 60);
  });
});

it('colours only when asked', () => {
  const { status, shown } = fixtureWaiting();
  expect(renderWatch(status, { ...at(80), evidence: shown }).join('\n')).not.toContain('\u001b');
  const coloured = renderWatch(status, { ...at(80), evidence: shown, colour: true });
  expect(coloured.join('\n')).toContain('\u001b[32m');
  fits(coloured, 80);
});
