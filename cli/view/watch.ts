// The live view of one campaign: where it stands, what each round brought, what it waits for, what it has cost.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { Evidence } from '../../contracts/gate.ts';
import type { CampaignState, CampaignStatus, RoundRecord, Stage } from '../../contracts/record.ts';
import { durationMs } from '../../contracts/units.ts';
import { count, percent, small, span } from '../../infra/markup/figures.ts';
import { givenUpSentence } from '../../policies/given-up.ts';
import { bar, sparkline } from './bars.ts';
import { renderEvidence } from './evidence.ts';
import { renderGate, renderGateNotice, type ViewOptions } from './gate.ts';
import { type Paint, paint } from './paint.ts';
import { currentRound, LOOP } from './round.ts';
import { type Column, table } from './table.ts';
import { clip, columns, padEnd, plain, wrap } from './text.ts';

export interface WatchOptions extends ViewOptions {
  /** For the number of rounds and the budget. */
  readonly spec?: CampaignSpec | undefined;
  /** When its run was closed; undefined while it runs, and when that is not known any more. */
  readonly endedAt?: Date | undefined;
  /** Of the open gate. */
  readonly evidence?: Evidence | undefined;
  /** KL by round, from the trainers' metrics: the last step's. */
  readonly kl?: Readonly<Record<number, number>> | undefined;
}

/** What a stage is called where people read it. */
export const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  calibrate: 'measuring the judge',
  construct: 'constructing tasks',
  servers: 'waiting for policy servers',
  baseline: 'measuring the starting model',
  rollout: 'rolling out',
  train: 'training',
  evaluate: 'evaluating',
  decide: 'deciding',
  'sealed-gate': 'waiting: open the sealed split?',
  sealed: 'evaluating the sealed split',
  'release-gate': 'waiting: release?',
  release: 'releasing',
  report: 'writing the report',
  ended: 'ended',
};

interface Step {
  readonly name: string;
  readonly stages: readonly Stage[];
  /** Of a campaign that has ended. */
  readonly done: (state: CampaignState) => boolean;
}
const PATH: readonly Step[] = [
  { name: 'construct', stages: ['calibrate', 'construct'], done: (state) => state.taskSet !== undefined },
  { name: 'baseline', stages: ['baseline'], done: (state) => state.baseline !== undefined },
  { name: 'rounds', stages: LOOP, done: (state) => state.round > 0 },
  { name: 'sealed', stages: ['sealed-gate', 'sealed'], done: (state) => state.sealed !== undefined },
  { name: 'release', stages: ['release-gate', 'release'], done: (state) => state.release !== undefined },
  { name: 'report', stages: ['report'], done: () => true },
];

export function renderWatch(status: CampaignStatus, options: WatchOptions): string[] {
  const { width } = options;
  const ink = paint(options.colour);
  return [
    ...header(status, options, ink),
    '',
    ...stageLines(status, options, ink),
    ...groupLine(status, options, ink),
    '',
    ...roundsTable(status, options, ink),
    ...renderEvidence(status.state, width, ink),
    ...rewardLine(status, ink, width),
    ...costLine(status, options, ink),
    ...givenUp(status, width, ink),
    ...failure(status, width, ink),
    ...openGate(status, options),
  ];
}

/** Seconds since its start, until its end. */
function elapsedSeconds({ state, stage }: CampaignStatus, { now = new Date(), endedAt }: WatchOptions): number {
  if (stage === 'ended' && endedAt === undefined) return state.stages.reduce((sum, one) => sum + one.seconds, 0);
  return ((endedAt ?? now).getTime() - Date.parse(state.startedAt)) / 1000;
}

function header(status: CampaignStatus, options: WatchOptions, ink: Paint): string[] {
  const { state, stage } = status;
  const { width, spec } = options;
  const of = spec === undefined ? '' : ` of ${spec.rounds}`;
  const elapsed = span(elapsedSeconds(status, options));
  const round = currentRound(status);
  const right = `${round > 0 ? `round ${round}${of} · ` : ''}${stage === 'ended' ? plain(state.ending) : elapsed}`;
  const name = clip(plain(state.campaign), width - columns(right) - 2);
  return [ink.bold(name) + ' '.repeat(Math.max(2, width - columns(name) - columns(right))) + ink.dim(right)];
}

/** Policy servers are opened whenever a campaign goes on as a new run, so that waiting for them belongs to what comes next. */
function stepOf({ stage, state }: CampaignStatus, spec: CampaignSpec | undefined): number {
  if (stage !== 'servers') return PATH.findIndex((step) => step.stages.includes(stage));
  const roundsDone = state.sealed !== undefined || state.round >= (spec?.rounds ?? Number.POSITIVE_INFINITY);
  return PATH.findIndex((step) => !(step.stages === LOOP ? roundsDone : step.name !== 'report' && step.done(state)));
}

function stageLines(status: CampaignStatus, { width, spec }: WatchOptions, ink: Paint): string[] {
  const { stage, progress } = status;
  const at = stepOf(status, spec);
  // A campaign that was ended early has not done what lies behind its end.
  const marks = PATH.map(({ done }, index) => {
    if (stage === 'ended' ? done(status.state) : index < at) return { mark: '✓', paint: ink.green };
    return index === at ? { mark: '●', paint: ink.bold } : { mark: '○', paint: ink.dim };
  });
  const strip = marks.map(({ mark, paint }, index) => paint(`${mark} ${PATH[index]!.name}`)).join('  ');
  const compact = marks.map(({ mark, paint }) => paint(mark)).join(' ');
  const lines = [columns(strip) <= width ? strip : compact];
  const gateStage = stage === 'sealed-gate' || stage === 'release-gate';
  const word = STAGE_WORDS[stage];
  if (progress === undefined || progress.total === 0) return [...lines, gateStage ? ink.yellow(word) : word];
  const share = progress.done / progress.total;
  const tail = `${progress.done}/${progress.total} ${plain(progress.unit)}`;
  const room = Math.min(36, width - columns(word) - columns(tail) - 4);
  if (room < 8) return [...lines, clip(`${word}: ${tail}`, width)];
  const drawn = bar(share, room);
  return [...lines, `${word}  ${ink.cyan(drawn.full)}${ink.dim(drawn.empty)}  ${tail}`];
}

/** Where the groups of rollouts are that overlap with training. */
function groupLine({ pipeline, stage }: CampaignStatus, { width }: WatchOptions, ink: Paint): string[] {
  if (pipeline === undefined || stage === 'ended') return [];
  const { running, ready, waiting, trained, training, givenUp } = pipeline;
  const lost = givenUp === 0 ? '' : `, ${givenUp} given up`;
  const where = `${running} running, ${ready} ready, ${training} in training, ${trained} trained${lost}, ${waiting} to come`;
  return wrap(`groups (${pipeline.scheduler}): ${where}`, width).map(ink.dim);
}

const WHOSE = 'visible: of the version before the round; gate: of the one after it';
const HEAD: readonly Column[] = [
  { title: 'round' },
  { title: 'verdict' },
  { title: 'visible', align: 'right', drop: 2 },
  { title: 'gate (interval)' },
  { title: 'format', align: 'right', drop: 1 },
  { title: 'KL', align: 'right', drop: 5 },
  { title: 'tokens', align: 'right', drop: 4 },
  { title: 'time', align: 'right', drop: 3 },
];

function roundsTable({ state }: CampaignStatus, { width, kl }: WatchOptions, ink: Paint): string[] {
  const rows: string[][] = [];
  const gate = (one: RoundRecord['gate']): string =>
    `${percent(one.passRate.value)} (${(100 * one.passRate.low).toFixed(0)}–${(100 * one.passRate.high).toFixed(0)})`;
  if (state.baseline !== undefined) {
    const tokens = count(state.baseline.tokens);
    rows.push([
      '0',
      ink.dim('baseline'),
      '–',
      gate(state.baseline),
      percent(state.baseline.formatRate.value),
      '–',
      tokens,
      '–',
    ]);
  }
  for (const one of state.rounds) {
    const divergence = kl?.[one.round];
    rows.push([
      String(one.round),
      verdictInk(one.verdict, ink),
      percent(one.visible.passRate.value),
      gate(one.gate),
      percent(one.gate.formatRate.value),
      divergence === undefined ? '–' : small(divergence),
      count(one.tokens),
      span(one.seconds),
    ]);
  }
  if (rows.length === 0) return [];
  const lines = table(HEAD, rows, { width, header: ink.dim });
  if (state.rounds.length > 0) lines.push(...wrap(WHOSE, width).map(ink.dim));
  return state.archivedRounds === undefined ? lines : [...lines, ink.dim('earlier rounds are in the report')];
}

function verdictInk(verdict: RoundRecord['verdict'], ink: Paint): string {
  const inks = { promote: ink.green, hold: ink.dim, revert: ink.red, ask: ink.yellow };
  return inks[verdict](verdict);
}

function rewardLine({ state }: CampaignStatus, ink: Paint, width: number): string[] {
  const rewards = state.rounds.map((one) => one.visible.meanReward.value);
  const first = rewards[0];
  const last = rewards.at(-1);
  if (first === undefined || last === undefined || rewards.length < 2) return [''];
  const values = `${first.toFixed(2)} → ${last.toFixed(2)}`;
  const drawn = sparkline(rewards.slice(-Math.max(2, width - 12 - columns(values))));
  return ['', `${ink.dim(padEnd('reward', 8))}${ink.green(drawn)}  ${values}`];
}

function costLine(status: CampaignStatus, options: WatchOptions, ink: Paint): string[] {
  const { state } = status;
  const { spec, width } = options;
  const spent = elapsedSeconds(status, options);
  const tokens =
    spec === undefined
      ? `${count(state.tokens)} tokens`
      : `${count(state.tokens)} of ${count(spec.budget.tokens)} tokens (${((100 * state.tokens) / spec.budget.tokens).toFixed(0)}%)`;
  const time = spec === undefined ? span(spent) : `${span(spent)} of ${span(durationMs(spec.budget.wallClock) / 1000)}`;
  const text = `${padEnd('cost', 8)}${tokens} · ${time}`;
  const over = spec !== undefined && state.tokens >= 0.9 * spec.budget.tokens;
  return [over ? ink.yellow(clip(text, width)) : ink.dim(clip(text, width))];
}

function givenUp({ state }: CampaignStatus, width: number, ink: Paint): string[] {
  return state.givenUp === undefined ? [] : wrap(plain(givenUpSentence(state.givenUp)), width).map(ink.yellow);
}

function failure({ error }: CampaignStatus, width: number, ink: Paint): string[] {
  if (error === undefined) return [];
  const lines = wrap(`${plain(error.code)}: ${plain(error.message)}`, width);
  return ['', ...lines.map(ink.red), ink.dim(clip(`docs/errors/${plain(error.code)}.md`, width))];
}

function openGate(status: CampaignStatus, options: WatchOptions): string[] {
  const { openGate: gate, waitingFor } = status;
  if (gate === undefined)
    return waitingFor === undefined ? [] : ['', ...wrap(`Waits for ${plain(waitingFor)}.`, options.width)];
  const known = options.evidence?.gate === gate.gate ? options.evidence : undefined;
  const timed = { ...options, deadline: gate.deadline };
  return ['', ...(known === undefined ? renderGateNotice(gate.gate, timed) : renderGate(known, timed))];
}
