// Why a completion does not go on where an earlier one ended, told by its tokens and messages alone: for agents that register nothing.
import type { BreakReason } from '../contracts/session.ts';
import type { MergingCompletion, MergingOptions, Messages } from './merging.ts';
import type { Sequence } from './token-tree.ts';

export interface Break extends MergingOptions {
  readonly said: readonly MergingCompletion[];
  readonly one: MergingCompletion;
  readonly messages: Messages;
  /** Whose tokens it goes on from all the same, where that is not the line's last. */
  readonly exact: number | undefined;
  /** Whether its prompt begins with an earlier one, all of it. */
  readonly repeated: boolean;
}

export function reasonSeen({ said, one, messages, exact, repeated, decode }: Break): BreakReason {
  const { previous, continued, same, leftAt, begins, answers } = messages;
  if (one.promptIds.length === 0 || previous === undefined) return 'unknown';
  if (one.history === undefined) return repeated ? 'branch' : 'unknown';
  if (continued !== undefined && continued !== exact) return sameMessages(said[continued]!, one, decode);
  if (same !== undefined) return repeated ? 'branch' : 'template';
  const before = said[previous]!;
  const history = before.history ?? [];
  const line = before.answer === undefined ? history : [...history, before.answer];
  const common = commonLength(line, one.history);
  const [was, is] = [line.slice(common), one.history.slice(common)];
  // All of the last request is there, but its answer is another one.
  if (history.length > 0 && common === history.length && is.length > 0) return 'rewrite';
  if (begins) {
    // The same instructions, and what was said since is gone; without anything to forget it is another conversation.
    const forgets = history.some((fingerprint) => answers.has(fingerprint));
    return forgets && one.history[0] === history[0] ? 'compaction' : 'sub-agent';
  }
  const resumes = is.findIndex((fingerprint) => answers.has(fingerprint) && was.includes(fingerprint));
  if (resumes !== -1) return resumes < was.indexOf(is[resumes]!) ? 'compaction' : 'rewrite';
  if (leftAt !== undefined && leftAt >= common) return 'branch';
  return one.history.length < line.length ? 'compaction' : 'rewrite';
}

/** The messages are those of an earlier request with its answer, and yet the tokens differ. */
function sameMessages(
  before: MergingCompletion,
  one: MergingCompletion,
  decode: MergingOptions['decode'],
): BreakReason {
  const { promptIds: asked, completionIds: answered } = before;
  if (asked.length === 0) return 'unknown';
  // What was asked before is rendered otherwise now.
  if (commonLength(asked, one.promptIds) < asked.length) return 'template';
  let common = 0;
  while (common < answered.length && answered[common] === one.promptIds[asked.length + common]) common += 1;
  const rest = Array.from(answered).slice(common);
  const is = Array.from(one.promptIds).slice(asked.length + common);
  if (decode !== undefined) return isSameText(decode, rest, is) ? 're-tokenisation' : 'template';
  const gap = nextAgreement(rest, is);
  // Other tokens in the place of some are taken for the same text; none in their place is a template that leaves out or puts in.
  return gap !== undefined && gap.left > 0 && gap.right > 0 ? 're-tokenisation' : 'template';
}

/** How far tokens may differ, and how many must agree after that. */
const FARTHEST = 64;
const AGREE = 4;

/** After how many tokens of each side both go on alike; to the left side's end counts too. */
function nextAgreement(left: Sequence, right: Sequence): { left: number; right: number } | undefined {
  for (let sum = 1; sum <= 2 * FARTHEST; sum += 1) {
    for (let skipped = Math.max(0, sum - FARTHEST); skipped <= Math.min(sum, FARTHEST); skipped += 1) {
      const other = sum - skipped;
      if (skipped > left.length || other > right.length) continue;
      const wanted = Math.min(AGREE, left.length - skipped);
      if (wanted === 0 && other === 0) continue;
      if (agree(left, skipped, right, other, wanted)) return { left: skipped, right: other };
    }
  }
  return undefined;
}

function agree(left: Sequence, from: number, right: Sequence, at: number, length: number): boolean {
  if (at + length > right.length) return false;
  for (let index = 0; index < length; index += 1) if (left[from + index] !== right[at + index]) return false;
  return true;
}

/** Whether the text of the left tokens is what the right ones begin with. */
function isSameText(decode: NonNullable<MergingOptions['decode']>, left: number[], right: number[]): boolean {
  const text = decode(left);
  // A token is a character at least now and then: twice as many hold the text, or it is another one.
  return decode(right.slice(0, 2 * left.length + FARTHEST)).startsWith(text);
}

function commonLength<T>(left: ArrayLike<T>, right: ArrayLike<T>): number {
  const most = Math.min(left.length, right.length);
  let same = 0;
  while (same < most && left[same] === right[same]) same += 1;
  return same;
}
