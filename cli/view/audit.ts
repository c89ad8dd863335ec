// The audit log for people: a line an entry, the newest last.
import type { AuditEvent } from '../../contracts/audit.ts';
import type { ComparedPlace } from '../../infra/audit/kept/compare.ts';
import type { AuditProblem, ReadEntry } from '../../infra/audit/verify.ts';
import { instant } from '../../infra/markup/figures.ts';
import { paint } from './paint.ts';
import { changeWords } from './people.ts';
import { plain } from './text.ts';

export function auditLines(entries: readonly ReadEntry[]): string[] {
  return entries.map(
    ({ entry: { number, at, event } }) => `${String(number).padStart(5)}  ${instant(at)}  ${plain(eventWords(event))}`,
  );
}

export function problemLines(problems: readonly AuditProblem[], colour: boolean): string[] {
  const ink = paint(colour);
  return problems.map(({ number, what }) => `${ink.red('✗')} entry ${number}: ${plain(what)}`);
}

const nameOf = ({
  approver,
  inNameOf,
}: {
  readonly approver: string;
  readonly inNameOf?: string | undefined;
}): string => (inNameOf === undefined ? approver : `${approver} for ${inNameOf}`);

/** How far a place knows of the log, which has so many entries. */
export function keptLine({ place, last, failure }: ComparedPlace, entries: number): string {
  if (failure !== undefined) return `${plain(place)} could not be read.`;
  if (last === undefined) return `${plain(place)} takes heads, and shows none: compare them there.`;
  if (last === entries) return `${plain(place)} has the newest head.`;
  const of = last > entries ? `while the log ends with ${entries}` : `of ${entries}`;
  return `${plain(place)} has the head of entry ${last}, ${of}.`;
}

function eventWords(event: AuditEvent): string {
  switch (event.what) {
    case 'gate-opened':
      return `${event.gate} ${event.asked ? 'asks a human' : 'takes its recommended option by itself'}`;
    case 'decision-refused':
      return `${event.gate} refused what was sent as a decision: ${event.code}`;
    case 'glass-broken':
      return `${event.approver} answers ${event.gate} without the others: ${event.option}. “${event.reason}”`;
    case 'gate-answered':
      return `${nameOf(event)} answered ${event.gate}: ${event.option}. “${event.reason}”`;
    case 'gate-closed': {
      if (event.decided === null) return `${event.gate} had no answer in time: ${event.option}`;
      const { reason, unattended, selfApproved, seconds, breakGlass } = event.decided;
      const marks = [
        ...(breakGlass ? ['without the others'] : []),
        ...(unattended ? ['unattended'] : []),
        ...(selfApproved ? ['of their own campaign'] : []),
      ];
      const all = [...(seconds ?? []), event.decided].map(nameOf);
      return `${all.join(' and ')} decided ${event.gate}: ${event.option}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}. “${reason}”`;
    }
    case 'sealed-opened':
      return `the sealed split ${(event.split ?? event.taskSet).slice(0, 12)} was opened for ${event.campaign}, time ${event.number}`;
    case 'released':
      return `${event.policy} was released to the users of ${event.base}`;
    case 'change-landed':
      return `a change by agents is on the branch of ${event.repository}: ${event.commit.slice(0, 12)}${event.decision === null ? ', nobody had to be asked' : ''}`;
    case 'admin-invited':
      return `${event.by} printed the link of the first admin, ${event.name}, for use until ${instant(event.until)}`;
    case 'people-changed':
      return `${event.by} changed the registry of people: ${changeWords(event.change)}`;
    case 'rollback-asked':
      return `${event.by} rolled ${event.base} back from ${event.from ?? 'the base model'} to ${event.to ?? 'the base model'}`;
  }
}
