// Predictions as tables: one for each fleet, a line for each way to divide it and each scheduler, the best marked.
import type { Prediction, SimulationResult } from '../../contracts/prediction.ts';
import type { SimulationSpec } from '../../contracts/simulation.ts';
import { count, grouped, span, wholePercent } from '../../infra/markup/figures.ts';
import type { ViewOptions } from './gate.ts';
import { type Paint, paint } from './paint.ts';
import { type Column, table } from './table.ts';
import { clip, plain, wrap } from './text.ts';

type One = SimulationResult['predictions'][number];

const COLUMNS: readonly Column[] = [
  { title: '' },
  { title: 'train + roll out' },
  { title: 'scheduler' },
  { title: 'tokens/s', align: 'right' },
  { title: 'a step', align: 'right', drop: 3 },
  { title: 'idle', align: 'right' },
  { title: 'trainer waits', align: 'right', drop: 2 },
  { title: 'engines wait', align: 'right', drop: 2 },
  { title: 'versions old', align: 'right' },
  { title: 'length', align: 'right', drop: 1 },
  { title: 'lost', align: 'right', drop: 4 },
  { title: '$/M tokens', align: 'right', drop: 1 },
];

export function renderSimulation(
  { name, seed, assumptions, predictions }: SimulationResult,
  spec: SimulationSpec,
  { width, colour }: ViewOptions = { width: 80, colour: false },
): string[] {
  const ink = paint(colour);
  const lines = [
    ink.bold(clip(plain(name), width)),
    ...wrap(plain(spec.description), width).filter((line) => line !== ''),
    ink.dim(clip(`${spec.steps} steps a line, seed ${seed}`, width)),
  ];
  for (const devices of new Set(predictions.map((one) => one.devices))) {
    const fleet = predictions.filter((one) => one.devices === devices);
    const first = fleet.find((one) => one.kind === 'predicted');
    const batch = first === undefined ? '' : `, ${grouped(first.scheduler.batch)} rollouts a step`;
    lines.push('', ink.bold(`${devicesOf(devices)}${batch}`));
    lines.push(
      ...table(
        COLUMNS,
        fleet.map((one) => row(one, ink)),
        { width, header: ink.dim },
      ),
    );
    for (const text of new Set(fleet.flatMap((one) => (one.kind === 'impossible' ? [one.reason] : []))))
      lines.push(...marked('✗', `not possible: ${plain(text)}`, width, ink.red));
  }
  return [...lines, '', ...legend(predictions, assumptions, width, ink)];
}

function row(one: One, ink: Paint): string[] {
  if (one.kind === 'impossible') return [ink.red('✗'), splitOf(one), one.label, '–'];
  const { perSecond, trainer, engine, staleness, lengthBias, rollouts, cost } = one;
  const lost = (rollouts.tombstoned + rollouts.expired) / Math.max(1, rollouts.started);
  return [
    one.best ? ink.green('★') : one.beyond.length > 0 ? ink.yellow('!') : '',
    splitOf(one),
    one.best ? ink.bold(one.label) : one.label,
    count(perSecond.trainedTokens),
    span(1 / perSecond.steps),
    wholePercent(one.idle),
    wholePercent(trainer.waiting),
    wholePercent(engine.empty + engine.paused),
    `${staleness.mean.toFixed(1)}, ${staleness.max}`,
    signed(lengthBias),
    wholePercent(lost),
    cost === undefined ? '–' : cost.usdPerMillionTrainedTokens.toFixed(2),
  ];
}

const devicesOf = (devices: number): string => (devices === 1 ? '1 device' : `${grouped(devices)} devices`);

function splitOf(one: One): string {
  if (one.trainerShare === undefined) return 'by turns';
  if (one.kind === 'impossible') return wholePercent(one.trainerShare);
  const rest = one.devices - one.trainerDevices - one.unusedDevices;
  return `${one.trainerDevices} + ${rest}`;
}

const signed = (share: number): string => {
  const whole = Math.round(100 * share);
  return whole === 0 ? '0%' : `${whole < 0 ? '−' : '+'}${Math.abs(whole)}%`;
};

function legend(
  predictions: SimulationResult['predictions'],
  assumptions: readonly string[],
  width: number,
  ink: Paint,
) {
  const all = predictions.filter((one) => one.kind === 'predicted');
  const cheapest = all
    .filter((one) => one.best && one.cost !== undefined)
    .reduce<Prediction | undefined>((a, b) => (a === undefined || usdOf(b) < usdOf(a) ? b : a), undefined);
  return [
    ...wrap(
      'tokens/s: written by the model and trained on. idle: of all devices’ time. versions old: mean, most. length: of what was trained on, against what was started. lost: failed, hung or expired.',
      width,
    ).map(ink.dim),
    ...(all.some((one) => one.best)
      ? marked(
          '★',
          'fastest of its fleet within the limits; what staleness costs in learning no simulation knows.',
          width,
          ink.green,
        )
      : []),
    ...(cheapest === undefined
      ? []
      : marked(
          '$',
          `cheapest a token: ${devicesOf(cheapest.devices)}, ${splitOf(cheapest)}, ${cheapest.label}.`,
          width,
          ink.cyan,
        )),
    ...(all.some((one) => one.beyond.length > 0)
      ? marked('!', 'outside of the limits that the file sets.', width, ink.yellow)
      : []),
    ...(assumptions.length === 0
      ? []
      : marked(
          '?',
          `figures that nobody measured: ${assumptions.map((one) => plain(one)).join(', ')}.`,
          width,
          ink.magenta,
        )),
  ];
}

const usdOf = (one: Prediction): number => one.cost?.usdPerMillionTrainedTokens ?? Number.POSITIVE_INFINITY;

const marked = (mark: string, text: string, width: number, tone: (text: string) => string): string[] =>
  wrap(text, Math.max(20, width - 2)).map((line, index) => `${index === 0 ? tone(mark) : ' '} ${line}`);
