// web-page@2 and @3: a page that is opened, used and looked at in a real browser. It runs nowhere else, and nothing that it says of itself
// counts: what is asserted was seen from outside, of inputs that it could not know. From version 3 on it is used by more than one hand, in
// windows whose sizes it does not know, and what it shows is looked at where it was asked for.
import type { BrowserLimits, OpenPage, PageLost } from '../../../contracts/browser.ts';
import type { ComponentScore, GateResult } from '../../../contracts/judgement.ts';
import { broken, fileText, held, refused } from '../gates.ts';
import { browserOf, visitJustly } from '../rendered/visit.ts';
import { type ArtifactVerifier, defineVerifier, type Found } from '../verifier.ts';
import { flipped } from './assertion.ts';
import { isExpectation, type LayoutCheck, type Scenario, type WebPageCheck, webPageCheck } from './check.ts';
import { drawInputs, type Values } from './inputs.ts';
import { type Laid, layOut } from './layout.ts';
import { type Played, type PlayedStep, play, type Stage } from './play.ts';
import { actionsOf, asGiven, asWritten, endsWith, type Rehearsal, rehearsed, type Sized, sized } from './rehearsal.ts';
import { unseen } from './sight.ts';

const LIMITS: BrowserLimits = { wallMs: 180_000, stepMs: 10_000, diskBytes: 128 * 2 ** 20 };

/** What differs between the versions. */
interface Ways {
  readonly rehearse: (scenario: Scenario, draws: number, secret: string) => Rehearsal[];
  readonly windows: (viewports: LayoutCheck['viewports'], secret: string) => Sized[];
  /** What moves is waited for, see `Stage`. */
  readonly steady: boolean;
  /** Nothing more is played once a scenario failed that is hard. */
  readonly brief: boolean;
}

const judgeBy =
  (ways: Ways): ArtifactVerifier<WebPageCheck>['judge'] =>
  async ({ check, artifact, instruments }) => {
    const source = fileText(artifact, check.entry);
    if ('why' in source) return refused([broken('entry', source.why)]);
    const entry = held('entry', `${check.entry} can be read`);
    const browser = browserOf(instruments, 'a web page');
    const seen = await visitJustly(browser, { files: artifact, limits: LIMITS }, (open) =>
      judgeIn(open, check, { ...ways, secret: instruments.secret }),
    );
    if ('lost' in seen) return refused([entry, broken('stays', seen.lost)]);
    return { ...seen, gates: [entry, held('stays', 'the page answers to the end'), ...seen.gates] };
  };

export const webPageTwo = defineVerifier<WebPageCheck>({
  ref: { name: 'web-page', version: 2 },
  format: 'web-page',
  check: webPageCheck,
  judge: judgeBy({ rehearse: asWritten, windows: asGiven, steady: false, brief: false }),
  impossible: (check) => ({
    ...check,
    scenarios: check.scenarios.map((one, index) => (index === 0 ? flippedScenario(one) : one)),
  }),
});

export const webPage = defineVerifier<WebPageCheck>({
  ...webPageTwo,
  ref: { name: 'web-page', version: 3 },
  judge: judgeBy({ rehearse: rehearsed, windows: sized, steady: true, brief: true }),
});

interface PlayedScenario {
  readonly scenario: Scenario;
  /** One for each draw, until one fails. */
  readonly draws: readonly { readonly inputs: Values; readonly steps: readonly PlayedStep[] }[];
}

async function judgeIn(
  open: OpenPage,
  check: WebPageCheck,
  { rehearse, windows, steady, brief, secret }: Ways & { readonly secret: string },
): Promise<Found | PageLost> {
  const noted = {
    errors: new Set<string>(),
    external: new Set<string>(),
    missing: new Set<string>(),
    dialogs: new Set<string>(),
  };
  const note = (page: { events(): Record<keyof typeof noted, readonly string[]> }): void => {
    const events = page.events();
    for (const kind of ['errors', 'external', 'missing', 'dialogs'] as const)
      for (const text of events[kind]) noted[kind].add(text);
  };
  const stage = (draw: number, pace: number | undefined): Stage => ({
    open,
    steady,
    ...(pace === undefined ? {} : { pace }),
    entry: check.entry,
    values: drawInputs(check.inputs, secret, draw),
    patienceMs: check.patienceMs,
  });

  const played: PlayedScenario[] = [];
  let over = false;
  for (const scenario of check.scenarios) {
    if (over) break;
    const draws: PlayedScenario['draws'][number][] = [];
    for (const rehearsal of rehearse(scenario, check.draws, secret)) {
      const on = stage(rehearsal.draw, rehearsal.pace);
      const result = await looked(rehearsal, on);
      if ('lost' in result) return result;
      note(result.page);
      draws.push({ inputs: on.values, steps: result.steps });
      if (passed(result.steps)) continue;
      over = brief && scenario.hard;
      break;
    }
    played.push({ scenario, draws });
  }
  const laid: Laid[] = [];
  for (const { viewport, pace } of windows(over ? [] : (check.layout?.viewports ?? []), secret)) {
    const result = await layOut(check.layout!, viewport, stage(0, pace));
    if ('lost' in result) return result;
    note(result.page);
    laid.push(result);
  }
  const lists = Object.fromEntries(Object.entries(noted).map(([kind, texts]) => [kind, [...texts].sort()]));
  const seen = {
    scenarios: played.map(({ scenario: { name }, draws }) => ({ name, draws })),
    layout: laid.map(({ viewport, picture, broken: rules }) => ({ viewport, picture, broken: rules })),
    ...lists,
  } as unknown as Found['seen'];
  return scored(check, played, laid, { ...noted, seen });
}

/** Plays it, and looks at what it ends with where that is called for. */
async function looked({ scenario, dwellMs }: Rehearsal, on: Stage): Promise<Played | PageLost> {
  const result = await play(scenario, on);
  if ('lost' in result || dwellMs === undefined || !passed(result.steps)) return result;
  const { steps } = scenario;
  const { values, patienceMs } = on;
  const sought = { expected: endsWith(steps), acted: actionsOf(steps), values, patienceMs, dwellMs };
  const why = await unseen(result.page, sought);
  if (typeof why === 'object') return why;
  const seen: PlayedStep = { step: 'look at it', saw: why ?? 'it can be seen', ok: why === undefined };
  return { ...result, steps: [...result.steps, seen] };
}

const passed = (steps: readonly PlayedStep[]): boolean => steps.every(({ ok }) => ok);

/** Gates in order, the first that is broken the last; then a component for each scenario and one for the layout. */
function scored(
  check: WebPageCheck,
  played: readonly PlayedScenario[],
  laid: readonly Laid[],
  { errors, external, seen }: { errors: ReadonlySet<string>; external: ReadonlySet<string>; seen: Found['seen'] },
): Found {
  const harmful = [...errors].filter((error) => !check.allowedErrors.some((part) => error.includes(part))).sort();
  const gates: GateResult[] = [];
  const components: ComponentScore[] = [];
  const gate = (name: string, why: string | undefined, fine: string): boolean => {
    gates.push(why === undefined ? held(name, fine) : broken(name, why));
    return why === undefined;
  };
  const listed = (texts: readonly string[]): string | undefined => (texts.length === 0 ? undefined : texts.join('; '));
  if (!gate('no-errors', listed(harmful), 'no uncaught error')) return refused(gates, [], seen);
  if (!gate('self-contained', listed([...external].sort()), 'asked for nothing outside'))
    return refused(gates, [], seen);
  for (const { scenario, draws } of played) {
    const failed = draws.flatMap(({ steps }) => steps).find(({ ok }) => !ok);
    const why = failed === undefined ? undefined : `${failed.step}: ${failed.saw}`;
    if (scenario.hard && !gate(scenario.name, why, `held for ${draws.length} draws`)) return refused(gates, [], seen);
    const { name, weight } = scenario;
    components.push({
      name,
      kind: 'outcome',
      score: why === undefined ? 1 : 0,
      weight,
      why: why ?? `held for ${draws.length} draws`,
    });
  }
  if (check.layout !== null) {
    const rules = laid.flatMap(({ viewport, broken: some }) =>
      some.map(({ rule, saw }) => `at ${viewport} ${rule}: ${saw}`),
    );
    if (check.layout.hard && !gate('layout', listed(rules), 'every rule holds')) return refused(gates, [], seen);
    const why = listed(rules) ?? 'every rule holds';
    components.push({
      name: 'layout',
      kind: 'outcome',
      score: rules.length === 0 ? 1 : 0,
      weight: check.layout.weight,
      why,
    });
  }
  return { gates, components, runs: [], seen };
}

function flippedScenario(scenario: Scenario): Scenario {
  const at = scenario.steps.findLastIndex((one) => isExpectation(one) && one.before === 'not');
  const last = scenario.steps[at];
  if (last === undefined || !isExpectation(last)) return scenario;
  return { ...scenario, steps: scenario.steps.with(at, { ...last, expect: flipped(last.expect) }) };
}
