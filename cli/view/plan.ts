// A plan as a page: who has which GPUs, what fills their memory, how long and how much. Estimates are marked, and say what they rest on.

import { count, grouped, span } from '../../infra/markup/figures.ts';
import type { Plan, RolePlan } from '../../k8s/layout/plan.ts';
import type { DeviceMemory } from '../../k8s/layout/trainer-memory.ts';
import { bar } from './bars.ts';
import type { ViewOptions } from './gate.ts';
import { type Paint, paint } from './paint.ts';
import { type Column, table } from './table.ts';
import { clip, columns, padEnd, padStart, plain, wrap } from './text.ts';

const PIPED: ViewOptions = { width: 80, colour: false };
/** Of the names at the left of every line. */
const NAME = 18;
const FIGURE = 9;

export function renderPlan(plan: Plan, { width, colour }: ViewOptions = PIPED): string[] {
  const ink = paint(colour);
  const section = (title: string, lines: readonly string[]): string[] => ['', ink.bold(clip(title, width)), ...lines];
  const { model } = plan;
  return [
    ...head(plan, width, ink),
    '',
    ...roles(plan, width, ink),
    ...section(`Memory of the fullest trainer ${unit(plan)}`, memory(plan.trainer.memory, width, ink)),
    ...section(`Memory of a server ${unit(plan)}`, memory(plan.server, width, ink)),
    ...section('KV cache', cache(plan, width, ink)),
    ...section('Checkpoints and weights', stored(plan, width, ink)),
    ...section('Speed: estimates, not measured here', speed(plan, width, ink)),
    ...section(spendingTitle(plan), spending(plan, width, ink)),
    ...(plan.notes.length === 0 ? [] : ['', ...plan.notes.flatMap((note) => marked('!', note, width, ink.yellow))]),
    ...(model.licence.notice === '' ? [] : ['', ...marked('§', plain(model.licence.notice), width, ink.magenta)]),
    ...verdict(plan, width, ink),
  ];
}

const unit = (plan: Plan): string => (plan.device === 'gpu' ? 'GPU' : 'pod');

/** `228.7B`, `134.5M` */
export const parameters = (value: number): string =>
  value >= 1e9 ? `${(value / 1e9).toFixed(1)}B` : `${(value / 1e6).toFixed(1)}M`;

/** `1.3B`, `457.0k`: tokens of a day are more than `count` knows. */
const tokens = (value: number): string => (value >= 1e9 ? `${(value / 1e9).toFixed(1)}B` : count(value));

/** `3.20 TB`, `457.4 GB`, `1.6 MB`: powers of ten, as storage is sold. */
export function size(bytes: number): string {
  if (bytes >= 1e12) return `${(bytes / 1e12).toFixed(2)} TB`;
  if (bytes >= 1e8) return `${(bytes / 1e9).toFixed(1)} GB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `$6,912`, `$0.42` */
const dollars = (usd: number): string => (usd < 100 ? `$${usd.toFixed(2)}` : `$${grouped(usd)}`);

function head({ profile, description, model, campaign }: Plan, width: number, ink: Paint): string[] {
  const title = campaign === undefined ? profile : `${campaign} on ${profile}`;
  const sizes =
    model.parameters === model.active || model.parameters / model.active < 2
      ? parameters(model.parameters)
      : `${parameters(model.parameters)}, ${parameters(model.active)} active`;
  const about = `${plain(model.name)} · ${sizes} · ${plain(model.licence.name)}`;
  return [
    ink.bold(clip(plain(title), width)),
    ...wrap(plain(description), width).filter((line) => line !== ''),
    ...wrap(about, width).map(ink.dim),
  ];
}

const ROLE_COLUMNS: readonly Column[] = [
  { title: '' },
  { title: 'nodes', align: 'right' },
  { title: 'GPUs', align: 'right' },
  { title: 'divided' },
  { title: 'each', drop: 1 },
];

function roles(plan: Plan, width: number, ink: Paint): string[] {
  const row = ({ role, nodes, perNode, devices, product, division }: RolePlan): string[] => [
    role,
    `${nodes} × ${perNode}`,
    ink.bold(String(devices)),
    division,
    plain(product),
  ];
  const head = ROLE_COLUMNS.map((column) =>
    column.title === 'GPUs' && plan.device === 'cpu' ? { ...column, title: 'pods' } : column,
  );
  const total = ['together', '', ink.bold(String(plan.devices)), plan.colocated ? 'the same ones, by turns' : ''];
  return table(head, [...plan.roles.map(row), total], { width, header: ink.dim });
}

const TONES = ['cyan', 'blue', 'magenta', 'yellow', 'green', 'red', 'dim'] as const;

/** Parts below each other, each bar beginning where the one above ends; what is free, or missing, last. */
function memory({ parts, used, capacity }: DeviceMemory, width: number, ink: Paint): string[] {
  const room = Math.max(10, width - NAME - FIGURE - 4);
  const scale = Math.max(used, capacity, 1);
  let from = 0;
  const lines = parts.map(({ name, bytes }, index) => {
    const start = Math.round((from / scale) * room);
    from += bytes;
    const end = Math.round((from / scale) * room);
    const tone = ink[TONES[index % TONES.length] ?? 'dim'];
    // Of less than half a cell a full block would show many times too much, wherever its ends fall.
    const isThin = bytes * room < scale / 2 || end === start;
    const drawn = isThin ? '▏' : '█'.repeat(end - start);
    return `  ${padEnd(name, NAME - 2)}${padStart(size(bytes), FIGURE)}  ${' '.repeat(Math.min(start, room - 1))}${tone(drawn)}`;
  });
  const free = capacity - used;
  const rest =
    free >= 0
      ? `  ${padEnd('free', NAME - 2)}${padStart(size(free), FIGURE)}  ${' '.repeat(Math.round((used / scale) * room))}${ink.dim('░'.repeat(Math.round((free / scale) * room)))}`
      : ink.red(
          `  ${padEnd('too much', NAME - 2)}${padStart(size(-free), FIGURE)}  ${' '.repeat(Math.round((capacity / scale) * room))}${'▒'.repeat(Math.max(1, Math.round((-free / scale) * room)))}`,
        );
  return [...lines, rest, `  ${padEnd('of', NAME - 2)}${padStart(size(capacity), FIGURE)}`].map((line) =>
    clip(line.trimEnd(), width),
  );
}

/** `name  figure  explanation`, the explanation wrapped in its own column. */
function fact(name: string, figure: string, explanation: string, width: number, ink: Paint): string[] {
  const indent = NAME + FIGURE + 2;
  const lead = `  ${padEnd(name, NAME - 2)}${padStart(figure, FIGURE)}`;
  if (explanation === '') return [clip(lead, width)];
  const room = Math.max(20, width - indent);
  // A figure wider than its column takes a little of the first line.
  const over = Math.max(0, columns(lead) - (NAME + FIGURE));
  const [first = '', ...more] = wrap(`${'\u00a0'.repeat(over)}${explanation}`, room);
  return [
    `${lead}  ${ink.dim(first.replaceAll('\u00a0', ''))}`,
    ...more.map((line) => ' '.repeat(indent) + ink.dim(line)),
  ];
}

function cache({ server: s }: Plan, width: number, ink: Paint): string[] {
  const share = s.kvTokens === 0 ? 0 : (s.usualSequences * s.meanSequenceTokens) / s.kvTokens;
  const drawn = bar(share, 20);
  return [
    ...fact(
      'tokens',
      tokens(s.kvTokensPerEngine),
      `an engine; ${grouped(s.kvTokens)} in ${s.engines === 1 ? 'it' : `all ${s.engines}`}`,
      width,
      ink,
    ),
    ...fact(
      'sequences',
      String(s.fullSequences),
      `at once of ${grouped(s.maxModelTokens)} tokens, the longest that are served`,
      width,
      ink,
    ),
    ...fact(
      '',
      String(s.usualSequences),
      `at once of ${grouped(s.meanSequenceTokens)} tokens, the usual ones ${ink.cyan(drawn.full)}${drawn.empty}`,
      width,
      ink,
    ),
  ];
}

function stored({ checkpoints: c, sync, trainer }: Plan, width: number, ink: Paint): string[] {
  const host = trainer.hostMemory.reduce((sum, part) => sum + part.bytes, 0);
  return [
    ...fact(
      'to resume',
      size(c.resumeBytes),
      `saved in ${span(c.saveSeconds)} at ${c.gbPerSecond} GB/s (${plain(c.basis)})`,
      width,
      ink,
    ),
    ...fact(
      'export',
      size(c.exportBytes),
      c.fp8Bytes === undefined ? 'the adapter in bf16' : `bf16; ${size(c.fp8Bytes)} in fp8`,
      width,
      ink,
    ),
    ...fact(
      'to the servers',
      size(sync.fullBytes),
      `after each step, ${span(sync.seconds)} (${plain(sync.basis)})${sync.deltaBytes === undefined ? '' : `; ${size(sync.deltaBytes.least)} to ${size(sync.deltaBytes.most)} where only changes are sent`}`,
      width,
      ink,
    ),
    ...(host === 0
      ? []
      : fact(
          'main memory',
          size(host),
          `a trainer pod: ${trainer.hostMemory.map((part) => part.name).join(', ')}`,
          width,
          ink,
        )),
  ];
}

function speed({ speed: s, batchSequences, overlapping }: Plan, width: number, ink: Paint): string[] {
  const { training, generation, step } = s;
  return [
    ...fact('generating', `${tokens(generation.tokensPerSecond)}/s`, plain(generation.basis), width, ink),
    ...(training === undefined
      ? fact('training', '–', 'unknown: give trainer.mfu and peakTflops, or trainer.tokensPerSecond', width, ink)
      : fact('training', `${tokens(training.tokensPerSecond)}/s`, plain(training.basis), width, ink)),
    ...(step === undefined
      ? []
      : fact(
          'a step',
          span(step.total),
          `${batchSequences} sequences: generate ${span(step.generating)}, train ${span(step.training)}${overlapping ? ' meanwhile' : ''}, weights ${span(step.syncing)}, its share of a save ${span(step.saving)}`,
          width,
          ink,
        )),
  ];
}

const spendingTitle = ({ campaign, spending: s }: Plan): string =>
  campaign === undefined
    ? 'A day: estimate'
    : `The campaign: estimate${s === undefined ? '' : ', all tokens of its budget spent'}`;

function spending({ spending: s, devices, device }: Plan, width: number, ink: Paint): string[] {
  if (s === undefined) return ['  unknown without a training speed'];
  return [
    ...fact('steps', count(s.steps), `on ${grouped(s.rollouts)} rollouts`, width, ink),
    ...fact('tokens', tokens(s.generatedTokens), `generated; ${tokens(s.trainedTokens)} trained on`, width, ink),
    ...fact(
      'time',
      span(s.hours * 3600),
      s.of === 'day'
        ? ''
        : `generate ${span(s.time.generating)}, train ${span(s.time.training)}${s.overlapping ? ' meanwhile' : ''}, weights ${span(s.time.syncing)}, save ${span(s.time.saving)}`,
      width,
      ink,
    ),
    ...fact(
      'cost',
      s.usd === undefined ? '–' : dollars(s.usd),
      `${s.deviceHours < 10 ? s.deviceHours.toFixed(1) : grouped(s.deviceHours)} ${device === 'gpu' ? 'GPU' : 'pod'} hours on ${devices}${s.usd === undefined ? '; add --price USD_PER_GPU_HOUR' : ''}`,
      width,
      ink,
    ),
    ...s.shortfalls.flatMap((text) => marked('!', text, width, ink.yellow)),
  ];
}

function marked(mark: string, text: string, width: number, tone: (text: string) => string): string[] {
  return wrap(text, Math.max(20, width - 2)).map((line, index) => `${index === 0 ? tone(mark) : ' '} ${line}`);
}

function verdict({ problems, device }: Plan, width: number, ink: Paint): string[] {
  if (problems.length === 0) return ['', `${ink.green('✓')} Every layout rule holds.`];
  const what = problems.length === 1 ? 'one layout rule' : `${problems.length} layout rules`;
  return [
    '',
    ink.red(`✗ Refused by ${what}: these ${device === 'gpu' ? 'GPUs' : 'pods'} would not run.`),
    ...problems.flatMap(({ code, path, line, expected, got, hint }) => [
      '',
      `  ${ink.bold(plain(path))}${line === undefined ? '' : ink.dim(` line ${line}`)}`,
      ...labelled('expected', expected, width),
      ...labelled('got', got ?? '', width),
      ...labelled('hint', hint, width).map(ink.cyan),
      ink.dim(`  ${'page'.padEnd(10)}docs/errors/${code}.md`),
    ]),
  ];
}

const labelled = (label: string, text: string, width: number): string[] =>
  wrap(plain(text), Math.max(20, width - 12)).map((line, index) => `  ${(index === 0 ? label : '').padEnd(10)}${line}`);
