// What is written at a forge about a change: its evidence, from Anneal's own records. Of what anybody said nothing is active, and no line of a log
// stands there. Pure.
import type { ProposedChange } from '../contracts/change.ts';
import type { MergeRequest } from '../contracts/incident.ts';
import { asBlock, asCode, plainLine } from './forge-text.ts';

const MOST_NAMED = 10;

export const requestTitle = ({ title }: Pick<ProposedChange, 'title'>): string =>
  `Anneal: ${plainLine(title) || 'a change'}`;

/** @param cause null: of a ticket, which has no logs */
export function requestText(request: MergeRequest, change: ProposedChange, cause: string | null): string {
  const { incident, campaign, checked, paths, reviewed, asks, tried } = request;
  const { by, base, tainted, body } = change;
  const rows: [string, string][] = [
    [kindOf(request), asCode(incident)],
    ...(campaign === null ? [] : [['campaign', asCode(campaign)] satisfies [string, string]]),
    ...(cause === null ? [] : [['diagnosed', plainLine(cause)] satisfies [string, string]]),
    ['change', asCode(change.id)],
    ['from commit', asCode(base)],
    ['made by', `${by.role}, ${madeBy(by.means)}${tainted ? ', after reading what nobody vouches for' : ''}`],
    ['failed without it and pass with it', codes(checked.failToPass)],
    ['passed before and still do', String(checked.passToPass)],
    ...paths.map(({ standing, path }): [string, string] => [`${standing} path`, asCode(path)]),
    ['review by a model', reviewed.how === 'absent' ? 'none' : reviewed.verdict],
    ['tried before', String(tried.length)],
    ['decided by', asks.length === 0 ? 'tests; no human is asked' : 'a human, at Anneal’s gate'],
  ];
  return [
    `Opened by Anneal. Reviews here are read as facts; whether it lands is decided at Anneal: \`./anneal ${kindOf(request)} show ${plainLine(incident)}\`.`,
    table(rows),
    ...(body.trim() === '' ? [] : ['In the words of whoever made it:', asBlock(body)]),
  ].join('\n\n');
}

export function outcomeText(
  outcome:
    | { readonly how: 'landed'; readonly commit: string; readonly tag: string }
    | { readonly how: 'left'; readonly why: string },
  request: MergeRequest,
): string {
  const { checked, incident } = request;
  if (outcome.how === 'left')
    return [`It is not merged (${kindOf(request)} ${asCode(incident)}):`, asBlock(outcome.why)].join('\n\n');
  const rows: [string, string][] = [
    ['commit', asCode(outcome.commit)],
    ['tag', asCode(outcome.tag)],
    ['failed without it and pass with it', codes(checked.failToPass)],
    ['passed before and still do', String(checked.passToPass)],
  ];
  return ['It has landed, after its tests and the smoke run on the branch as it was then.', table(rows)].join('\n\n');
}

const kindOf = ({ ticket }: MergeRequest): string => (ticket === undefined ? 'incident' : 'ticket');

const table = (rows: readonly (readonly [string, string])[]): string =>
  [
    '| | |',
    '| --- | --- |',
    ...rows.map(([name, value]) => `| ${name} | ${value.replaceAll('|', String.raw`\|`)} |`),
  ].join('\n');

const codes = (all: readonly string[]): string =>
  [
    ...all.slice(0, MOST_NAMED).map((one) => asCode(one)),
    ...(all.length > MOST_NAMED ? [`and ${all.length - MOST_NAMED} more`] : []),
  ].join(', ') || 'none';

function madeBy(means: ProposedChange['by']['means']): string {
  if (means.kind === 'remedy') return `remedy ${asCode(means.skill)}`;
  if (means.kind === 'revert') return `a program, from ${asCode(means.commit)}`;
  return means.kind === 'model'
    ? `${means.scripted ? 'scripted model' : 'model'} ${asCode(means.model)}`
    : asCode(means.name);
}
