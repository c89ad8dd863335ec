// Who is told of a gate, and when. Pure: instants in, instants out; local times by the timezone's own rules.

import type { GateKind } from '../contracts/gate.ts';
import type { Channel, OnCallSpec, QuietHours, Rotation } from '../contracts/on-call.ts';
import type { Delegation } from '../contracts/people.ts';
import { durationMs } from '../contracts/units.ts';
import { samePerson } from './people.ts';

const MINUTE = 60_000;
const DAY = 24 * 60;

/** One telling: to whom, by which way, and when. */
export interface Telling {
  /** Unique within the gate: it is told once. */
  readonly id: string;
  readonly at: Date;
  /** A person's name, or a channel's. */
  readonly whom: string;
  readonly channel: Channel;
}

export interface AskedGate {
  readonly kind: GateKind;
  readonly openedAt: Date;
  readonly deadline: Date;
}

/** Every telling of a gate that nobody answers, in order; none at or after its deadline. Nobody is told the same way twice in one step. */
export function tellings(spec: OnCallSpec, gate: AskedGate): Telling[] {
  const all = spec.escalation.flatMap(({ after, tell }, step) => {
    const due = new Date(gate.openedAt.getTime() + durationMs(after));
    const at = outOfQuiet(spec.quiet, gate, due);
    const ways = tell.flatMap((one) => waysTo(spec, one, at));
    const unique = [...new Map(ways.map((way) => [JSON.stringify(way), way])).values()];
    return unique.map(({ whom, channel }, way) => ({ id: `${step}-${way}-${whom}`, at, whom, channel }));
  });
  const due = all.filter(({ at }) => at < gate.deadline).sort((a, b) => a.at.getTime() - b.at.getTime());
  // Steps that the quiet put off to one moment tell the same person once.
  return [
    ...new Map(due.toReversed().map((one) => [JSON.stringify([one.at, one.whom, one.channel]), one])).values(),
  ].reverse();
}

function waysTo(spec: OnCallSpec, named: string, at: Date): { whom: string; channel: Channel }[] {
  const channel = spec.channels[named];
  if (channel !== undefined) return [{ whom: named, channel }];
  const person = named === 'on-call' ? onCallAt(spec, at) : named === 'next' ? nextAfter(spec, at) : named;
  return (spec.people[person] ?? []).map((way) => ({ whom: person, channel: way }));
}

/** Whoever a step of the escalation names, at once and by every way: of what has happened, quiet hours hold nothing back. */
export function everybody(spec: OnCallSpec, at: Date): { whom: string; channel: Channel }[] {
  const ways = spec.escalation.flatMap(({ tell }) => tell).flatMap((one) => waysTo(spec, one, at));
  return [...new Map(ways.map((way) => [JSON.stringify(way), way])).values()];
}

/**
 * Whom a telling reaches: whoever has lent their say is not told, but the one they lent it to, once a step, by all their ways. Where the file
 * does not know that one, nothing is redirected.
 */
export function reaching(
  spec: OnCallSpec,
  due: Telling,
  all: readonly Telling[],
  lent: readonly Pick<Delegation, 'from' | 'to'>[],
): { whom: string; channel: Channel }[] {
  const to = lent.find(({ from }) => samePerson(from, due.whom))?.to;
  const instead = Object.keys(spec.people).find((name) => to !== undefined && samePerson(name, to));
  if (instead === undefined || due.whom in spec.channels) return [due];
  const step = (one: Telling): string => one.id.slice(0, one.id.indexOf('-'));
  const first = all.find((one) => one.whom === due.whom && step(one) === step(due));
  return first?.id === due.id ? spec.people[instead]!.map((channel) => ({ whom: instead, channel })) : [];
}

export function onCallAt({ rotation, overrides }: Pick<OnCallSpec, 'rotation' | 'overrides'>, at: Date): string {
  const instead = overrides.findLast(
    ({ from, to }) => Date.parse(from) <= at.getTime() && at.getTime() < Date.parse(to),
  );
  return instead?.person ?? personOf(rotation, turnAt(rotation, at));
}

/** The one after whoever the rotation names; with one person, that one. */
export const nextAfter = ({ rotation }: Pick<OnCallSpec, 'rotation'>, at: Date): string =>
  personOf(rotation, turnAt(rotation, at) + 1);

const personOf = ({ people }: Rotation, turn: number): string =>
  people[((turn % people.length) + people.length) % people.length]!;

/** Turns since the first; before it, negative. A day begins at the hand-over. */
function turnAt({ from, days, handover, timezone }: Rotation, at: Date): number {
  const { day, minute } = localTime(at, timezone);
  const since = day - Date.parse(from) / (DAY * MINUTE) - (minute < minutesOf(handover) ? 1 : 0);
  return Math.floor(since / days);
}

/** The instant itself, or the end of the quiet that it lies in; sooner where the gate would be over by then. */
function outOfQuiet(quiet: QuietHours | undefined, { kind, deadline }: AskedGate, due: Date): Date {
  if (quiet === undefined || quiet.urgent.includes(kind)) return due;
  const end = quietUntil(quiet, due);
  if (end === undefined) return due;
  const latest = deadline.getTime() - durationMs(quiet.lead);
  return new Date(Math.max(due.getTime(), Math.min(end.getTime(), latest)));
}

/** When the quiet that an instant lies in ends; undefined: it lies in none. */
export function quietUntil(
  { from, to, timezone }: Pick<QuietHours, 'from' | 'to' | 'timezone'>,
  at: Date,
): Date | undefined {
  const [start, end] = [minutesOf(from), minutesOf(to)];
  const { minute } = localTime(at, timezone);
  const inside = start <= end ? start <= minute && minute < end : minute >= start || minute < end;
  if (!inside) return undefined;
  const whole = Math.floor(at.getTime() / MINUTE) * MINUTE;
  const until = new Date(whole + ((end - minute + DAY) % DAY) * MINUTE);
  // A clock that was put forward or back in between.
  const off = ((localTime(until, timezone).minute - end + DAY + DAY / 2) % DAY) - DAY / 2;
  return new Date(until.getTime() - off * MINUTE);
}

interface Local {
  /** Days since 1970 by the local calendar. */
  readonly day: number;
  readonly minute: number;
}

function localTime(at: Date, timeZone: string): Local {
  const parts = new Intl.DateTimeFormat('en-GB', {
    ...({ timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' } as const),
    ...({ hour: 'numeric', minute: 'numeric' } as const),
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((one) => one.type === type)!.value);
  const day = Date.UTC(part('year'), part('month') - 1, part('day')) / (DAY * MINUTE);
  return { day, minute: 60 * part('hour') + part('minute') };
}

function minutesOf(clock: string): number {
  const [hours, minutes] = clock.split(':').map(Number);
  return 60 * hours! + minutes!;
}
