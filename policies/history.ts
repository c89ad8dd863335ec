// Records of a rollout as merging reads them: their tokens, and fingerprints of their messages.
import type { z } from 'zod';
import { canonicalJson } from '../contracts/canonical.ts';
import type { ContextOperation } from '../contracts/session.ts';
import type { CompletionRecord } from '../contracts/trajectory.ts';
import type { answerPart, message } from '../contracts/turn.ts';
import { type Classified, classify, type MergingCompletion, type MergingOptions, type Registered } from './merging.ts';

export interface History {
  /** Of its requests that were answered, in the order of asking. */
  readonly said: readonly MergingCompletion[];
  /** What each goes on from, and why where it does not. */
  readonly classified: readonly Classified[];
}

/** @param records of one rollout, `operations` too */
export function historyOf(
  records: readonly CompletionRecord[],
  operations: readonly ContextOperation[],
  options: MergingOptions = {},
): History {
  const answered = records.filter(({ finish }) => finish === 'stop' || finish === 'length');
  const print = createFingerprints();
  const said = answered
    .toSorted((left, right) => left.index - right.index)
    .map((record) => mergingCompletion(record, print));
  return { said, classified: classify(said, operations.map(registeredOf), options) };
}

/** That a sub-agent begins explains its own line. What another attempt did explains nothing of this one's. */
const registeredOf = ({ kind, session, child, next }: ContextOperation): Registered => ({
  ...{ kind, next, attempt: session.attempt },
  agent: kind === 'sub-agent-start' ? child : session.agent,
});

function mergingCompletion(
  { id, index, turn, messages, promptIds, completionIds, text }: CompletionRecord,
  print: Print,
): MergingCompletion {
  const { agent, attempt } = turn?.session ?? {};
  const known = { id, index, promptIds, completionIds, agent, attempt };
  if (turn === undefined) {
    const history = messages.map(({ role, content }) => print(role, [{ type: 'text', text: content }]));
    return { ...known, history, answer: print('assistant', [{ type: 'text', text }]) };
  }
  if (turn.request.prompt !== undefined) return known;
  return {
    ...known,
    history: turn.request.messages.map(({ role, content }) => print(role, content)),
    answer: print('assistant', turn.answer.content),
  };
}

type Content = readonly (z.infer<typeof message>['content'][number] | z.infer<typeof answerPart>)[];
type Print = (role: string, content: Content) => string;

/** Of what a client sends back of a message: no reasoning, and texts in a row are one. Short ones: each message comes with every request after it. */
function createFingerprints(): Print {
  const known = new Map<string, string>();
  return (role, content) => {
    let text = '';
    const others: unknown[] = [];
    for (const part of content) {
      if (part.type === 'text') text += part.text;
      else if (part.type === 'tool_call') others.push([part.name, argumentsOf(part.arguments)]);
      else if (part.type === 'image') others.push(part.source);
    }
    const whole = canonicalJson([role, text, others]);
    const print = known.get(whole) ?? String(known.size);
    known.set(whole, print);
    return print;
  };
}

function argumentsOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
