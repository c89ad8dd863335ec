// Sequences that begin alike, held once: a tree of what follows what. Time and memory grow with what is added, not with how much is there.

export type Sequence = ArrayLike<number>;

export interface TokenTree<M> {
  /** Adds what was asked and what was answered to it as one sequence. The mark names it. */
  add(asked: Sequence, answered: Sequence, mark: M): Found<M>;
  /** Tokens held: what all that was added comes to when each beginning is counted once. */
  size(): number;
}

export interface Found<M> {
  /** How many of its first tokens were there already. */
  readonly shared: number;
  /** Whose they were, the last of those; undefined where none were shared. */
  readonly nearest: M | undefined;
  /** The longest one that ended, answer included, within what was asked now; of equal ones the last. */
  readonly continued: Ending<M> | undefined;
  /** The longest one whose question ended within what was asked now. */
  readonly repeated: Ending<M> | undefined;
}

export interface Ending<M> {
  readonly mark: M;
  readonly length: number;
}

interface Node<M> {
  /** The tokens on the way here from the node above. */
  label: Int32Array;
  below: Map<number, Node<M>> | undefined;
  /** The last one that came through here. */
  last: M;
  ended: M | undefined;
  asked: M | undefined;
}

export function createTokenTree<M extends string | number | object>(): TokenTree<M> {
  const first = new Map<number, Node<M>>();
  let size = 0;

  /** Makes a node of its own of the first tokens of a label. */
  function split(node: Node<M>, length: number): void {
    const rest: Node<M> = { ...node, label: node.label.slice(length) };
    node.below = new Map([[rest.label[0]!, rest]]);
    node.label = node.label.slice(0, length);
    node.ended = undefined;
    node.asked = undefined;
  }

  return {
    add(asked, answered, mark) {
      const whole = asked.length + answered.length;
      const at = (index: number): number => (index < asked.length ? asked[index]! : answered[index - asked.length]!);
      let depth = 0;
      let below = first;
      let here: Node<M> | undefined;
      let nearest: M | undefined;
      let continued: Ending<M> | undefined;
      let repeated: Ending<M> | undefined;
      let shared = 0;

      /** Where a question or an answer ends in the middle of a label, the label ends there too. */
      const mustEnd = (node: Node<M>, from: number): void => {
        for (const end of [asked.length, whole]) {
          if (from < end && end < from + node.label.length) split(node, end - from);
        }
      };
      const markEnd = (node: Node<M>): void => {
        node.last = mark;
        if (depth === asked.length) node.asked = mark;
        if (depth === whole) node.ended = mark;
      };

      while (depth < whole) {
        const next: Node<M> | undefined = below.get(at(depth));
        if (next === undefined) break;
        const { label } = next;
        const most = Math.min(label.length, whole - depth);
        let same = 1;
        while (same < most && label[same] === at(depth + same)) same += 1;
        nearest = next.last;
        shared = depth + same;
        if (same < label.length) split(next, same);
        mustEnd(next, depth);
        depth += next.label.length;
        if (depth <= asked.length) {
          if (next.ended !== undefined) continued = { mark: next.ended, length: depth };
          if (next.asked !== undefined) repeated = { mark: next.asked, length: depth };
        }
        markEnd(next);
        here = next;
        next.below ??= new Map();
        below = next.below;
      }
      // What is new: up to where the question ends, and from there.
      for (const end of [asked.length, whole]) {
        if (depth >= end) continue;
        const label = new Int32Array(end - depth);
        for (let index = 0; index < label.length; index += 1) label[index] = at(depth + index);
        here = { label, below: undefined, last: mark, ended: undefined, asked: undefined };
        below.set(label[0]!, here);
        size += label.length;
        depth = end;
        markEnd(here);
        if (depth < whole) {
          here.below = new Map();
          below = here.below;
        }
      }
      return { shared, nearest, continued, repeated };
    },
    size: () => size,
  };
}
