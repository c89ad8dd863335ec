// An agent's last steps as its request tells them: what the model did, and what came back. Ids of calls, which differ each time, and
// reasoning, which not every client sends back, are left out.
import { canonicalJson } from '../../contracts/canonical.ts';
import type { Step } from '../../policies/loops.ts';
import type { Message, TurnRequest } from '../wire/turn.ts';

/** Longer ones are compared as they are written. */
const LONGEST_ARGUMENTS = 4_096;

export function stepsOf({ messages }: Pick<TurnRequest, 'messages'>, most: number): Step[] {
  const steps: Step[] = [];
  let saw = '';
  let at = messages.length - 1;
  while (at >= 0 && steps.length < most) {
    if (messages[at]!.role !== 'assistant') {
      saw = `${textOf(messages[at]!)}\n${saw}`;
      at -= 1;
      continue;
    }
    let did = '';
    let called = false;
    for (; at >= 0 && messages[at]!.role === 'assistant'; at -= 1) {
      const message = messages[at]!;
      did = `${textOf(message)}\n${did}`;
      called ||= message.content.some(({ type }) => type === 'tool_call');
    }
    steps.unshift({ did, saw, called });
    saw = '';
  }
  return steps;
}

function textOf(message: Message): string {
  let text = '';
  for (const part of message.content) {
    if (part.type === 'text') text += part.text;
    else if (part.type === 'tool_call') text += `\0${part.name}(${argumentsOf(part.arguments)})`;
    else if (part.type === 'image') text += `\0${'url' in part.source ? part.source.url : part.source.data}`;
  }
  return text;
}

/** The same arguments, however they are written. */
function argumentsOf(text: string): string {
  if (text.length > LONGEST_ARGUMENTS) return text;
  try {
    return canonicalJson(JSON.parse(text));
  } catch {
    return text;
  }
}
