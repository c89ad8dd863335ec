// What breaks of a rollout's lines are called, for people: the pool's commands and the report say it alike.
import type { BreakReason } from '../../contracts/session.ts';

export const BREAKS: Readonly<Record<BreakReason, string>> = {
  compaction: 'messages were left out or summarised',
  rewrite: 'messages were changed in place',
  branch: 'it goes on from an earlier point, or asks the same again',
  'sub-agent': 'a conversation of its own begins',
  're-tokenisation': 'the same text came back in other tokens',
  template: 'the same messages were rendered otherwise',
  unknown: 'its tokens or messages are not known',
};

/** `2.4 times fewer` */
export const timesFewer = (before: number, after: number): string =>
  after === 0 || before === after ? 'no fewer' : `${(before / after).toFixed(1)} times fewer`;
