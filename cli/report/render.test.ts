import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReportData } from '../../contracts/record.ts';
import { escapeHtml, html } from '../../infra/markup/html.ts';
import { DARK, LIGHT, type Palette } from '../../infra/markup/palette.ts';
import { axisFor } from '../../infra/markup/scale.ts';
import { type FixtureKind, fixtureReport } from '../../tests/fixtures/report.fixture.ts';
import { tokensByStage } from './cost.ts';
import { flatten } from './manifest.ts';
import { renderReport } from './render.ts';

const KINDS: readonly FixtureKind[] = ['improved', 'unclear', 'worse', 'not-opened', 'not-promoted', 'unbalanced'];
const VOID = new Set(['meta', 'link', 'br', 'line', 'circle', 'rect', 'path', 'polyline', '!doctype']);

/** Open tags left over, mismatches included: none on a well-formed page. */
function unbalanced(page: string): string[] {
  const open: string[] = [];
  const text = page.replace(/<style>[\s\S]*?<\/style>/, '').replace(/<script>[\s\S]*?<\/script>/, '');
  for (const [tag, slash, name] of text.matchAll(/<(\/?)([a-z!][a-z0-9]*)\b[^>]*>/gi)) {
    if (name === undefined || VOID.has(name.toLowerCase()) || tag.endsWith('/>')) continue;
    if (slash === '/' && open.at(-1) === name) open.pop();
    else open.push(`${slash}${name}`);
  }
  return open;
}

describe.each(KINDS)('the page of a campaign that is %s', (kind) => {
  const page = renderReport(fixtureReport(kind));

  it('is well-formed, with unique ids that every link finds', () => {
    expect(unbalanced(page)).toEqual([]);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of page.matchAll(/(?:href="#|aria-labelledby=")([^"]+)"/g)) expect(ids).toContain(target);
  });

  it('asks nothing of a network', () => {
    expect(page).not.toMatch(/\b(?:src|srcset|action|formaction)=|url\(|@import|https?:/i);
    for (const [, target] of page.matchAll(/href="([^"]*)"/g)) expect(target).toMatch(/^(#|data:,$)/);
    expect(page).toContain("default-src 'none'");
  });

  it('says everything that it draws: captions, scopes, descriptions', () => {
    expect(page.match(/<table /g)?.length).toBe(page.match(/<caption>/g)?.length);
    expect(page).not.toMatch(/<th>/);
    expect(page.match(/<figure>/g)?.length).toBe(page.match(/<figcaption>/g)?.length);
    for (const [svg] of page.matchAll(/<svg [^>]*>/g)) expect(svg).toMatch(/aria-label="[^"]{10,}"|aria-hidden="true"/);
    expect(page.match(/<h1>/g)).toHaveLength(1);
  });

  it('shows no undefined, NaN or object', () => {
    const text = page.replace(/<script>[\s\S]*?<\/script>/, '');
    expect(text).not.toMatch(/undefined|NaN|\[object|Infinity/);
  });

  it('is the same bytes for the same data', () => expect(renderReport(fixtureReport(kind))).toBe(page));
});

describe('what the page says', () => {
  it('begins with the result', () => {
    expect(renderReport(fixtureReport('worse'))).toContain('a loss of 9.0 points (95% interval −16.0 to −2.0)');
    expect(renderReport(fixtureReport('not-promoted'))).toContain('Nothing was promoted in 4 rounds');
  });

  it('shows who decided, why, and how', () => {
    const page = renderReport(fixtureReport());
    for (const text of ['Followed the recommendation.', 'decided: open', 'chosen, recommended', '2026-01-05 09:35 UTC'])
      expect(page).toContain(text);
    expect(page.match(/>unattended</g)?.length).toBeGreaterThan(0);
    expect(page.match(/>self-approved</g)?.length).toBeGreaterThan(0);
  });

  it('charts integrity alarms where there were any, beside the limit', () => {
    const data = fixtureReport('improved');
    expect(renderReport(data)).not.toContain('Integrity alarms by round');
    const rounds = data.state.rounds.map(({ round, ledger }) => {
      return { round, ...ledger, masked: { ...ledger.masked, integrity_alarm: round } };
    });
    const page = renderReport({ ...data, conservation: { ...data.conservation, rounds } });
    expect(page).toContain('Integrity alarms by round');
    expect(page).toMatch(/raised an integrity alarm, by round: \d+\.\d%/);
    expect(unbalanced(page)).toEqual([]);
  });

  it('does not hide a ledger that does not balance', () => {
    const page = renderReport(fixtureReport('unbalanced'));
    expect(page).toContain('Does not balance.');
    expect(page).toContain('1 trained but never requested');
    expect(page).toContain('ledger does not balance');
  });

  it('marks a gate that expired and one without an answer', () => {
    const data = fixtureReport();
    const [first, second] = data.state.gates;
    const gates = [
      { ...first!, result: { how: 'expired' as const, gate: first!.gate, option: 'keep-closed' } },
      { gate: second!.gate, kind: second!.kind, evidence: second!.evidence, recommended: second!.recommended },
    ];
    const page = renderReport({ ...data, state: { ...data.state, gates } });
    expect(page).toContain('expired: the safe option was taken');
    expect(page).toContain('This gate has no answer.');
  });

  it('says how long a gate waited, who was told of it, in whose name it was answered, and that the glass was broken', () => {
    const data = fixtureReport();
    const [first, ...others] = data.state.gates;
    const { result } = first!;
    if (result?.how !== 'decided') throw new Error('the fixture has no decision');
    const { decision } = result;
    const lent = {
      ...decision,
      body: { ...decision.body, approver: 'ben', inNameOf: 'ada', breakGlass: true as const },
    };
    const seconds = [{ decision, selfApproved: false, acceptedAt: result.acceptedAt }];
    const gates = [{ ...first!, result: { ...result, decision: lent, seconds } }, ...others];
    const openedAt = new Date(Date.parse(result.acceptedAt) - 754_000).toISOString();
    const told = [{ whom: 'cleo', by: 'slack', at: openedAt }];
    const waits = [{ gate: first!.gate, openedAt, told }];
    const page = renderReport({ ...data, waits, state: { ...data.state, gates } });
    expect(page).toContain('ben in the name of ada');
    expect(page).toContain('without the others');
    expect(page).toContain('waited</dt><dd>12m 34s');
    expect(page).toMatch(/told<\/dt><dd>cleo by slack on /);
    expect(page).toMatch(/and by<\/dt>/);
    // A report from before this was kept says nothing of it.
    expect(renderReport(data)).not.toContain('told</dt>');
  });

  it('accounts for every token', () => {
    const { state } = fixtureReport();
    const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);
    expect(sum(tokensByStage(state))).toBe(state.tokens);
    expect(tokensByStage({ ...state, tokens: state.tokens + 9 }).get('other')).toBe(9);
  });
});

it('stands with almost nothing in it', () => {
  const { state, ...data } = fixtureReport();
  const { baseline: _b, sealed: _s, release: _r, taskSet: _t, ...rest } = state;
  const empty: ReportData = {
    ...data,
    state: { ...rest, rounds: [], gates: [], stages: [], tokens: 0, best: 0, latest: 0, round: 0, ending: 'aborted' },
    spec: null,
    taskSet: undefined,
    evidences: [],
    steps: [{ round: 1, step: 1 }],
    samples: [],
    conservation: { prompts: 0, trained: 0, masked: {}, cancelled: 0, balanced: true, problems: [], others: [] },
    manifest: undefined,
  };
  const page = renderReport(empty);
  expect(unbalanced(page)).toEqual([]);
  expect(page).toContain('Nothing is measured yet');
  expect(page.replace(/<script>[\s\S]*?<\/script>/, '')).not.toMatch(/undefined|NaN/);
});

it('lets nothing of a model, a log or a reason become markup', () => {
  const attack = '</script><script>alert(1)</script><img src=x onerror=alert(1)>" onmouseover="x\u202e\u0000';
  const data = fixtureReport();
  const spread = <T extends object>(value: T): T =>
    JSON.parse(JSON.stringify(value), (key, member: unknown) =>
      TEXTS.has(key) && typeof member === 'string' ? attack : member,
    );
  const TEXTS = new Set([
    'reply',
    'prompt',
    'verdictText',
    'title',
    'why',
    'risk',
    'effect',
    'value',
    'name',
    'reason',
    'approver',
    'task',
  ]);
  const state = {
    ...data.state,
    gates: spread(data.state.gates),
    rounds: data.state.rounds.map((one) => ({ ...one, why: attack })),
  };
  const page = renderReport({
    ...data,
    state,
    evidences: spread(data.evidences),
    samples: spread(data.samples),
    manifest: { a: attack },
  });
  expect(page).toContain('&lt;img');
  expect(page).not.toContain('<img');
  expect(page.match(/<script>/g)).toHaveLength(1);
  expect(page).not.toContain('\u202e');
  expect(page).toContain('⟨U+202E⟩');
  expect(unbalanced(page)).toEqual([]);
});

describe('escaping', () => {
  it('leaves no character that could end a text or an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
      }),
    );
  });
  it('knows all five', () => expect(escapeHtml(`<>&"'`)).toBe('&lt;&gt;&amp;&quot;&#39;'));
  it('interpolates lists, numbers and nothing', () => {
    expect(html`${['<', 1, undefined, false, null]}${html`<b>${'&'}</b>`}`.html).toBe('&lt;1<b>&amp;</b>');
  });
});

it('axes have few, round ticks that enclose the data', () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(values, fc.boolean(), (data, zero) => {
      const axis = axisFor(data, { zero });
      expect(axis.ticks.length).toBeGreaterThanOrEqual(2);
      expect(axis.ticks.length).toBeLessThanOrEqual(7);
      const room = 1e-6 * (axis.max - axis.min);
      expect(Math.min(...data)).toBeGreaterThanOrEqual(axis.min - room);
      expect(Math.max(...data)).toBeLessThanOrEqual(axis.max + room);
    }),
  );
  expect(axisFor([0, 1, 2], { zero: true, whole: true }).ticks).toEqual([0, 1, 2]);
  expect(axisFor([0.31], { zero: true }).min).toBe(0);
});

it('flattens a manifest of any shape', () => {
  expect(flatten({ a: { b: [1, null] }, c: 'x' })).toEqual([
    ['a.b.0', '1'],
    ['a.b.1', 'null'],
    ['c', 'x'],
  ]);
});

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
] as const)('contrast, %s', (_mode, palette: Palette) => {
  const luminance = (hex: string): number => {
    const channel = (at: number): number => {
      const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
  };
  const contrast = (a: string, b: string): number => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
  };
  it.each(['ink', 'soft', 'good', 'warn', 'bad', 'gate', 'visible', 'format', 'right'] as const)(
    '%s is readable (AA)',
    (name) => {
      expect(contrast(palette[name], palette.paper)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(palette[name], palette.card)).toBeGreaterThanOrEqual(4.5);
    },
  );
});
