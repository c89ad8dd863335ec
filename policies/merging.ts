// Which of a rollout's completions go on exactly where an earlier one ended, and of every other one why it does not. Samples are merged
// by their tokens alone; the reasons are told, so that nothing is left out silently.
import type { BreakReason, ContextKind } from '../contracts/session.ts';
import { type Break, reasonSeen } from './merging-breaks.ts';
import { createTokenTree, type Sequence } from './token-tree.ts';

/** A completion as merging sees it. */
export interface MergingCompletion {
  readonly id: string;
  /** Which request of the rollout. */
  readonly index: number;
  /** The sub-agent's line; undefined on the main line. */
  readonly agent?: string | undefined;
  /** Which attempt at the rollout, 0 unless given: each begins with lines of its own. */
  readonly attempt?: number | undefined;
  /** Empty where they are not known: then nothing is exact. */
  readonly promptIds: Sequence;
  readonly completionIds: Sequence;
  /** Fingerprints of the request's messages, without reasoning, which clients do not send back. */
  readonly history?: readonly string[] | undefined;
  /** The fingerprint that the answer has when it comes back in a history. */
  readonly answer?: string | undefined;
}

/** What the agent registered between two requests. */
export interface Registered {
  readonly kind: ContextKind;
  /** Whose line it explains. */
  readonly agent?: string | undefined;
  readonly attempt?: number | undefined;
  /** It explains the line's first completion from this index on. */
  readonly next: number;
}

interface Place {
  readonly id: string;
  /** The earlier completion that it shares most with, and how many of its first tokens. */
  readonly of?: string | undefined;
  readonly shared: number;
  /** Tokens of it that nothing before it has. */
  readonly fresh: number;
}

export type Classified = Place &
  (
    | { readonly kind: 'root' }
    /** Its prompt is `of`'s prompt and answer, token for token, and perhaps more. With a reason where `of` is not the line's last. */
    | ({ readonly kind: 'continuation'; readonly of: string } & Partial<Why>)
    | ({ readonly kind: 'break' } & Why)
  );

export interface Why {
  readonly reason: BreakReason;
  readonly evidence: Evidence;
}

/** `registered`: the agent said so. `seen`: told by the tokens and messages. */
export type Evidence = 'registered' | 'seen';

const REASON_OF = {
  truncate: 'compaction',
  summarise: 'compaction',
  note: 'rewrite',
  rewrite: 'rewrite',
  fork: 'branch',
  'sub-agent-start': 'sub-agent',
  'sub-agent-end': 'sub-agent',
} as const satisfies Record<ContextKind, BreakReason>;

export interface MergingOptions {
  /** The tokenizer's, where there is one: whether other tokens are the same text is then known and not guessed. */
  readonly decode?: ((ids: readonly number[]) => string) | undefined;
}

/** @param said of one rollout, in the order of asking */
export function classify(
  said: readonly MergingCompletion[],
  registered: readonly Registered[] = [],
  options: MergingOptions = {},
): Classified[] {
  const tokens = createTokenTree<number>();
  const seen = createSeen();
  const explains = byLine(registered);

  return said.map((one, at): Classified => {
    const found = tokens.add(one.promptIds, one.completionIds, at);
    const messages = seen.add(one, at);
    const operation = explains(one);
    const place = {
      id: one.id,
      of: found.nearest === undefined ? undefined : said[found.nearest]!.id,
      shared: found.shared,
      fresh: one.promptIds.length + one.completionIds.length - found.shared,
    };
    const why = (): Why => {
      if (operation !== undefined) return { reason: REASON_OF[operation.kind], evidence: 'registered' };
      // That a line has a name, the agent said too.
      if (messages.previous === undefined) return { reason: 'sub-agent', evidence: 'registered' };
      const exact = found.continued?.mark;
      const broken: Break = { said, one, messages, exact, repeated: found.repeated !== undefined, ...options };
      return { reason: reasonSeen(broken), evidence: 'seen' };
    };
    const { continued } = found;
    if (continued !== undefined) {
      const of = said[continued.mark]!.id;
      const follows = messages.previous === undefined || continued.mark === messages.previous;
      return { ...place, kind: 'continuation', of, ...(follows ? {} : why()) };
    }
    const isFirst = at === 0 || (one.agent === undefined && messages.previous === undefined);
    return isFirst ? { ...place, kind: 'root' } : { ...place, kind: 'break', ...why() };
  });
}

export interface Messages {
  /** The line's completion before this one, in the order of asking. */
  readonly previous: number | undefined;
  /** An earlier completion whose messages and answer this history begins with; the longest. */
  readonly continued: number | undefined;
  /** One that was asked with just these messages. */
  readonly same: number | undefined;
  /** That many of the first messages were there already, and there an earlier request or answer ended. */
  readonly leftAt: number | undefined;
  /** No answer of this rollout stands in it. */
  readonly begins: boolean;
  readonly answers: ReadonlySet<string>;
}

/** The same tree as of tokens, of messages: each different one is a number. */
function createSeen(): { add(one: MergingCompletion, at: number): Messages } {
  const numbers = new Map<string, number>();
  const tree = createTokenTree<number>();
  const lastOf = new Map<string, number>();
  const answers = new Set<string>();
  const numberOf = (fingerprint: string): number => {
    const known = numbers.get(fingerprint);
    if (known !== undefined) return known;
    numbers.set(fingerprint, numbers.size);
    return numbers.size - 1;
  };
  return {
    add(one, at) {
      const previous = lastOf.get(lineOf(one));
      lastOf.set(lineOf(one), at);
      const { history, answer } = one;
      if (history === undefined) {
        return { previous, continued: undefined, same: undefined, leftAt: undefined, begins: false, answers };
      }
      const found = tree.add(history.map(numberOf), answer === undefined ? [] : [numberOf(answer)], at);
      const begins = !history.some((fingerprint) => answers.has(fingerprint));
      if (answer !== undefined) answers.add(answer);
      const { continued, repeated } = found;
      const longest = Math.max(continued?.length ?? 0, repeated?.length ?? 0);
      // Shared to just where a request or an answer ended: what follows is new from there.
      const common = Math.min(found.shared, history.length);
      return {
        previous,
        continued: continued !== undefined && longest === continued.length ? continued.mark : undefined,
        same: repeated?.length === history.length ? repeated.mark : undefined,
        leftAt: longest > 0 && longest === common ? longest : undefined,
        begins,
        answers,
      };
    },
  };
}

const lineOf = ({ agent, attempt = 0 }: Pick<MergingCompletion, 'agent' | 'attempt'>): string =>
  agent === undefined ? `${attempt}` : `${attempt} ${agent}`;

/** Takes for each completion what was registered on its line since the one before. */
function byLine(registered: readonly Registered[]): (one: MergingCompletion) => Registered | undefined {
  const lines = new Map<string, Registered[]>();
  for (const one of registered) lines.set(lineOf(one), [...(lines.get(lineOf(one)) ?? []), one]);
  for (const line of lines.values()) line.sort((left, right) => left.next - right.next);
  return (one) => {
    const line = lines.get(lineOf(one)) ?? [];
    const due = line.filter(({ next }) => next <= one.index);
    line.splice(0, due.length);
    // A note beside a summary is part of it.
    return due.findLast(({ kind }) => kind !== 'note') ?? due.at(-1);
  };
}

export interface Savings {
  /** Prompts and answers, each counted whole. */
  readonly before: number;
  /** Where each rollout's completions are evaluated from where they leave what came before in it. */
  readonly after: number;
  /** Where every beginning in the batch is evaluated once: no merging of exact tokens comes to less. */
  readonly least: number;
  /** By reason: how many completions do not go on where their line was, and the tokens of their prompts that nothing before had. */
  readonly breaks: Readonly<Partial<Record<BreakReason, { readonly completions: number; readonly tokens: number }>>>;
}

/** Of a batch: the completions of each of its rollouts, with what was found of them. */
export function savings(
  batch: readonly { readonly said: readonly MergingCompletion[]; readonly classified: readonly Classified[] }[],
): Savings {
  const all = createTokenTree<number>();
  const breaks: { -readonly [R in BreakReason]?: NonNullable<Savings['breaks'][R]> } = {};
  let before = 0;
  let after = 0;
  for (const { said, classified } of batch) {
    for (const [at, one] of said.entries()) {
      const found = classified[at]!;
      all.add(one.promptIds, one.completionIds, 0);
      before += one.promptIds.length + one.completionIds.length;
      after += found.fresh;
      if (found.kind === 'root' || found.reason === undefined) continue;
      const { completions, tokens } = breaks[found.reason] ?? { completions: 0, tokens: 0 };
      const anew = Math.max(0, one.promptIds.length - found.shared);
      breaks[found.reason] = { completions: completions + 1, tokens: tokens + anew };
    }
  }
  return { before, after, least: all.size(), breaks };
}
