// What the gate of a merge asks, with its evidence. Pure.
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { ProposedChange } from '../contracts/change.ts';
import { FACTS } from '../contracts/gate.ts';
import type { MergeRequest } from '../contracts/incident.ts';
import type { Question } from './ask.ts';

const MOST_NAMED = 20;

export function askMerge(
  { repository, change, checked, paths, reviewed, elsewhere, asks, tried }: MergeRequest,
  { proposed, summary, request }: { proposed: ProposedChange; summary: string; request: ArtifactRef },
): Question {
  const { title, by, base, patch, tainted } = proposed;
  return {
    title: `Merge into ${repository}: ${title}`,
    why: `${summary} A human is asked because: ${asks.join('; ')}.`,
    risk: 'What is merged runs with the next job, and is what later changes are made from. It can be taken back by a further commit.',
    facts: [
      { name: FACTS.change, value: change },
      {
        name: 'made by',
        value: `${by.role}, ${madeBy(by.means)}${tainted ? ', after reading what nobody vouches for' : ''}`,
      },
      { name: 'from commit', value: base },
      { name: 'tests that failed without it and pass with it', value: named(checked.failToPass) },
      { name: 'tests that passed before and still do', value: String(checked.passToPass) },
      ...(checked.unsteady.length === 0
        ? []
        : [{ name: 'tests that do not always say the same', value: named(checked.unsteady) }]),
      ...paths.map(({ standing, why }) => ({ name: `${standing} path`, value: why })),
      { name: 'review', value: inWords(reviewed) },
      ...(elsewhere.length === 0
        ? []
        : [{ name: 'the same pattern elsewhere', value: named(elsewhere.map(({ path, line }) => `${path}:${line}`)) }]),
      ...tried.map(({ by, why }) => ({ name: `tried before: ${by}`, value: why })),
    ],
    logTail: [],
    options: [
      {
        name: 'merge',
        effect: `The change is tried on ${repository} as it then is, and lands if its tests still bear it out.`,
      },
      { name: 'leave', effect: 'Nothing is merged. The diagnosis, the change and its tests stay on record.' },
    ],
    // A review that refuses is no ground to recommend what it refuses.
    recommended: reviewed.how === 'reviewed' && reviewed.verdict !== 'accept' ? 'leave' : 'merge',
    safe: 'leave',
    attachments: [
      { name: 'merge request', object: request },
      { name: 'change.patch', object: patch },
    ],
  };
}

function madeBy(means: ProposedChange['by']['means']): string {
  if (means.kind === 'remedy') return `remedy ${means.skill}`;
  if (means.kind === 'revert') return `a program, which takes ${means.commit} back`;
  return means.kind === 'model' ? `${means.scripted ? 'scripted model' : 'model'} ${means.model}` : means.name;
}

function inWords(reviewed: MergeRequest['reviewed']): string {
  if (reviewed.how === 'absent') return `none: ${reviewed.why}`;
  const { verdict, by, findings } = reviewed;
  const said = findings.map(({ path, line, why }) => `${path}:${line}: ${why}`);
  return `${verdict}, by ${by.scripted ? 'scripted model' : 'model'} ${by.model}${said.length === 0 ? '' : `: ${named(said)}`}`;
}

const named = (all: readonly string[]): string =>
  [...all.slice(0, MOST_NAMED), ...(all.length > MOST_NAMED ? [`and ${all.length - MOST_NAMED} more`] : [])].join(
    '; ',
  ) || 'none';
