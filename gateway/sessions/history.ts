// Records of a rollout as merging reads them: their tokens, and fingerprints of their messages.
import { canonicalJson } from '../../contracts/canonical.ts';
import type { ContextOperation } from '../../contracts/session.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import { type Classified, classify, type MergingOptions, type Registered, type Said } from '../../policies/merging.ts';
import { hashOf } from '../turns/reply.ts';
import type { AnswerPart, Message } from '../wire/turn.ts';

/** What became of a rollout's requests that were answered: what each goes on from, and why where it does not. */
export function classifyRollout(
  records: readonly CompletionRecord[],
  operations: readonly ContextOperation[],
  options: MergingOptions = {},
): Classified[] {
  const answered = records.filter(({ finish }) => finish === 'stop' || finish === 'length');
  const said = answered.toSorted((left, right) => left.index - right.index).map(saidOf);
  return classify(said, operations.map(registeredOf), options);
}

/** That a sub-agent begins explains its own line. */
export const registeredOf = ({ kind, session, child, next }: ContextOperation): Registered => ({
  ...{ kind, next },
  agent: kind === 'sub-agent-start' ? child : session.agent,
});

export function saidOf({ id, index, turn, messages, promptIds, completionIds, text }: CompletionRecord): Said {
  const known = { id, index, promptIds, completionIds, agent: turn?.session?.agent };
  if (turn === undefined) {
    const history = messages.map(({ role, content }) => fingerprint(role, [{ type: 'text', text: content }]));
    return { ...known, history, answer: fingerprint('assistant', [{ type: 'text', text }]) };
  }
  if (turn.request.prompt !== undefined) return known;
  return {
    ...known,
    history: turn.request.messages.map((message) => fingerprint(message.role, message.content)),
    answer: fingerprint('assistant', turn.answer.content),
  };
}

/** Of what a client sends back of a message: no reasoning, and texts in a row are one. */
function fingerprint(
  role: Message['role'] | string,
  content: readonly (Message['content'][number] | AnswerPart)[],
): string {
  let text = '';
  const others: unknown[] = [];
  for (const part of content) {
    if (part.type === 'text') text += part.text;
    else if (part.type === 'tool_call') others.push([part.name, argumentsOf(part.arguments)]);
    else if (part.type === 'image') others.push(part.source);
  }
  return hashOf(canonicalJson([role, text, others]));
}

function argumentsOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
