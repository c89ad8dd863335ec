// Gates on a terminal: exactly what the approver decides on, and the command that answers.
import type { Evidence, GateAnswer } from '../../contracts/gate.ts';
import { count, instant, span } from '../../infra/markup/figures.ts';
import type { GateOutcome, GateView } from '../../infra/temporal/gates.ts';
import { peopleIn } from '../../policies/quorum.ts';
import { waitingWords } from '../../policies/waiting.ts';
import { type Paint, paint } from './paint.ts';
import { clip, columns, padEnd, plain, wrap } from './text.ts';

export interface ViewOptions {
  readonly width: number;
  /** False under NO_COLOR and in pipes. */
  readonly colour: boolean;
  /** What deadlines and elapsed times are judged by; the clock unless given. */
  readonly now?: Date;
}

const LOG_LINES = 12;

/** What whoever answered is told. */
export const answerWords = (answer: GateAnswer): string =>
  answer.how === 'counted'
    ? `${answer.option}, ${answer.counted} of ${answer.needed} (${answer.people.join(', ')}); it stays open until ${more(answer.needed - answer.counted)}`
    : answer.option;

const more = (missing: number): string => (missing === 1 ? 'one more says the same' : `${missing} more say the same`);

/** The evidence of one gate, in a box. Every text in it may come from a model or a log, hence is stripped. */
export function renderGate(
  shown: Evidence,
  {
    width,
    colour,
    now = new Date(),
    deadline,
    state = 'open',
    outcome,
    answered = [],
    needed = 1,
  }: ViewOptions &
    Pick<GateView, 'answered' | 'needed'> & { deadline?: string; state?: string; outcome?: GateOutcome | undefined },
): string[] {
  const ink = paint(colour);
  const room = Math.max(20, width - 4);
  const body: string[] = [
    ...wrap(plain(shown.title), room).map(ink.bold),
    ...wrap(plain(shown.why), room),
    ...wrap(`Risk: ${plain(shown.risk)}`, room).map(ink.dim),
    '',
    ...facts(shown, room, ink),
    ...logTail(shown, room, ink),
    '',
    ...options(shown, outcome, room, ink),
    '',
    ...(outcome === undefined ? [] : [...closing(outcome, room, ink), '']),
    ...(state === 'open' && needed > 1 ? [...saidSoFar(answered, needed, shown, room), ''] : []),
    ...wrap(`Spent so far: ${count(shown.cost.tokens)} tokens, ${span(shown.cost.seconds)}.`, room).map(ink.dim),
    ...(shown.waiting === undefined || state !== 'open'
      ? []
      : wrap(plain(waitingWords(shown.waiting)), room).map(ink.dim)),
    ...(state === 'open' ? ['', ...answerCommand(shown.gate, shown.recommended, room, ink)] : []),
  ];
  const left = deadline === undefined ? undefined : (Date.parse(deadline) - now.getTime()) / 1000;
  const foot =
    left === undefined ? '' : left > 0 ? `in ${span(left)}: ${plain(shown.safe)}` : `expired: ${plain(shown.safe)}`;
  return box(`${state === 'open' ? 'waits for you' : state} · ${plain(shown.gate)}`, body, foot, width, ink);
}

/** A gate whose evidence is not at hand: only how to see it. */
export function renderGateNotice(
  gate: string,
  { width, colour, now = new Date(), deadline }: ViewOptions & { deadline: string },
): string[] {
  const ink = paint(colour);
  const left = (Date.parse(deadline) - now.getTime()) / 1000;
  const room = Math.max(20, width - 4);
  const body = [
    ...wrap('See what is asked, then decide:', room),
    ink.cyan(clip(`./anneal gates ${plain(gate)}`, room)),
  ];
  const foot = left > 0 ? `its safe option in ${span(left)}` : 'expired';
  return box(`waits for you · ${plain(gate)}`, body, foot, width, ink);
}

function facts(shown: Evidence, room: number, ink: Paint): string[] {
  const name = Math.min(Math.max(0, ...shown.facts.map((fact) => columns(plain(fact.name)))), Math.floor(room * 0.45));
  return shown.facts.flatMap((fact) => {
    const lines = wrap(plain(fact.value), Math.max(10, room - name - 2));
    const names = wrap(plain(fact.name), Math.max(8, name));
    return Array.from({ length: Math.max(lines.length, names.length) }, (_, index) => {
      const label = padEnd(names[index] ?? '', Math.max(8, name));
      return `${ink.dim(label)}  ${lines[index] ?? ''}`.trimEnd();
    });
  });
}

function logTail(shown: Evidence, room: number, ink: Paint): string[] {
  if (shown.logTail.length === 0) return [];
  const last = shown.logTail.slice(-LOG_LINES);
  // Whole lines: what was expected and what was found stands at their ends.
  const lines = last.flatMap((line) => wrap(plain(line), room - 2).map((part) => ink.dim(`│ ${part}`)));
  const hidden = shown.logTail.length - last.length;
  return ['', hidden > 0 ? `Last ${LOG_LINES} of ${shown.logTail.length} log lines:` : 'Log:', ...lines];
}

function options(shown: Evidence, outcome: GateOutcome | undefined, room: number, ink: Paint): string[] {
  const taken = outcome !== undefined && 'option' in outcome ? outcome.option : undefined;
  // While it is open the mark is on what is recommended, afterwards on what was taken.
  const marked = outcome === undefined ? shown.recommended : taken;
  return shown.options.flatMap((option) => {
    const marks = [
      ...(option.name === taken ? [outcome?.how === 'decided' ? 'chosen' : 'taken'] : []),
      ...(option.name === shown.recommended ? ['recommended'] : []),
      ...(option.name === shown.safe ? ['safe'] : []),
    ];
    const head = `${option.name === marked ? '▸' : ' '} ${ink.bold(plain(option.name))}`;
    const note = marks.length === 0 ? '' : ` (${marks.join(', ')})`;
    return [head + ink.green(note), ...wrap(plain(option.effect), room - 4).map((line) => `    ${line}`)];
  });
}

/** Who has answered, and how many are missing. */
function saidSoFar(
  answered: NonNullable<GateView['answered']>,
  needed: number,
  shown: Evidence,
  room: number,
): string[] {
  const said = answered.map(({ people, option, at }) => `${people.join(' for ')}: ${option}, ${instant(at)}`);
  const counts = shown.options.map(({ name }) => answered.filter(({ option }) => option === name).length);
  const missing = needed - Math.max(0, ...counts);
  return [
    `It takes ${needed} people for anything but ${shown.safe}; ${missing} ${missing === 1 ? 'is' : 'are'} missing.`,
    ...said,
  ].flatMap((line) => wrap(plain(line), room));
}

/** What was decided, by whom, when and why; of a gate that nobody answered, what happened instead. */
function closing(outcome: GateOutcome, room: number, ink: Paint): string[] {
  const at = instant(outcome.at);
  switch (outcome.how) {
    case 'expired':
      return wrap(`Nobody answered in time: its safe option, ${plain(outcome.option)}, was taken on ${at}.`, room).map(
        ink.yellow,
      );
    case 'automatic':
      return wrap(`Not asked: its recommended option, ${plain(outcome.option)}, was taken on ${at}.`, room);
    case 'withdrawn':
      return wrap(`Withdrawn on ${at}, before anybody had answered.`, room);
    case 'decided': {
      const notes = [
        outcome.unattended ? 'unattended: no human was present' : 'attended',
        ...(outcome.breakGlass ? ['without the others, by an admin'] : []),
        outcome.selfApproved ? 'self-approved: the owner decided' : 'not self-approved',
      ];
      const rows: readonly (readonly [string, string])[] = [
        ['decided', outcome.option],
        [
          'by',
          `${outcome.approver}${outcome.inNameOf === undefined ? '' : ` for ${outcome.inNameOf}`}, key ${outcome.keyId.slice(0, 16)}`,
        ],
        ...(outcome.seconds ?? []).map(
          ({ decision }) =>
            [
              'and',
              `${peopleIn(decision).join(' for ')}, key ${decision.keyId.slice(0, 16)}: ${decision.body.reason}`,
            ] as const,
        ),
        ['when', at],
        ['reason', outcome.reason],
        ['how', notes.join('; ')],
      ];
      return rows.flatMap(([name, value]) =>
        wrap(plain(value), Math.max(10, room - 9)).map(
          (line, index) =>
            `${ink.dim(padEnd(index === 0 ? name : '', 9))}${name === 'decided' ? ink.green(line) : line}`,
        ),
      );
    }
  }
}

/** The command is never broken or cut within a word: it is there to be copied. */
export function answerCommand(gate: string, option: string, room: number, ink: Paint): string[] {
  const start = `./anneal decide ${plain(gate)} ${plain(option)}`;
  const end = '--reason "…"';
  return columns(start) + 1 + columns(end) <= room
    ? [ink.cyan(`${start} ${end}`)]
    : [ink.cyan(`${start} \\`), ink.cyan(`  ${end}`)];
}

function box(title: string, body: readonly string[], foot: string, width: number, ink: Paint): string[] {
  const rule = (left: string, text: string, right: string): string => {
    const label = text === '' ? '' : ` ${clip(text, width - 6)} `;
    return ink.yellow(`${left}─${label}${'─'.repeat(Math.max(0, width - 3 - columns(label)))}${right}`);
  };
  const side = ink.yellow('│');
  return [
    rule('╭', title, '╮'),
    ...body.map((line) => `${side} ${padEnd(line, width - 4)} ${columns(line) > width - 4 ? '' : side}`.trimEnd()),
    rule('╰', foot, '╯'),
  ];
}
