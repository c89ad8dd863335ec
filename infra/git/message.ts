// What stands in a commit's message, and what may be believed of it. Titles and bodies are anybody's words: no line of theirs may say
// which change landed.
import { type ChangeId, type CommitId, changeId, commitId } from '../../contracts/change.ts';
import type { CommitMessage } from '../../contracts/merge.ts';
import { unfit } from './failures.ts';

export interface Trailers {
  readonly change?: ChangeId;
  /** The commit that it takes back: such a commit lands no change. */
  readonly reverts?: CommitId;
}

export const changeLine = (change: ChangeId): string => `Anneal-Change: ${change}`;

/** @throws AnnealError `merge.unfit` where nothing is left of the title */
export function messageText({ title, body, change }: CommitMessage, reverts?: CommitId): string {
  const subject = plain(title).replace(/\s+/g, ' ').trim();
  if (subject === '') throw unfit('a commit needs a title');
  const text = plain(body)
    .replace(/^(?=[ \t]*anneal-)/gim, '> ')
    .trim();
  const trailers = [
    ...(change === undefined ? [] : [changeLine(change)]),
    ...(reverts === undefined ? [] : [`Anneal-Reverts: ${reverts}`]),
  ];
  return `${[subject, text, trailers.join('\n')].filter((part) => part !== '').join('\n\n')}\n`;
}

/** Without what a terminal would obey and what git takes for an end. */
const plain = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/[\u2028\u2029]|(?![\n\t])\p{Cc}/gu, ' ');

/** Of the last paragraph alone, which is never the title's. */
export function trailersIn(message: string): Trailers {
  const paragraphs = message.trim().split(/\n[ \t]*\n/);
  if (paragraphs.length < 2) return {};
  const lines = paragraphs.at(-1)!.split('\n');
  const value = (name: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2)
      .trim();
  const change = changeId.safeParse(value('Anneal-Change')).data;
  const reverts = commitId.safeParse(value('Anneal-Reverts')).data;
  return { ...(change && { change }), ...(reverts && { reverts }) };
}

/** @throws AnnealError `merge.unfit` where the message's time is none that git can write */
export function secondsOf({ at }: CommitMessage): number {
  const seconds = Math.floor(Date.parse(at) / 1_000);
  if (!(seconds >= 0 && seconds < 2 ** 32)) throw unfit(`${JSON.stringify(at)} is no time of a commit`);
  return seconds;
}
