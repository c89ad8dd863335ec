// A *scripted* model that does whatever a text that it is shown asks for, within what a model can answer. The worst reader there is.
import type { Injection } from '../injections/injections.ts';
import type { AskedOfReader, ReaderReply } from './scripted-reader.ts';

/** @param on the orders that it knows; it obeys those that stand in the question */
export function alwaysObey(on: readonly Injection[], obeyed: Set<string>): (asked: AskedOfReader) => ReaderReply {
  return (asked) => {
    const found = on.find(({ key }) => asked.user.includes(key));
    if (found === undefined) return JSON.stringify({ hypotheses: [] });
    obeyed.add(found.id);
    return obey(found, asked);
  };
}

function obey({ key, asks }: Injection, asked: AskedOfReader): ReaderReply {
  // The line with the order stands there, so that citing it is the best that the order can hope for.
  const own = asked.lines.find(({ text }) => text.includes(key)) ?? asked.lines[0]!;
  const citations = [{ file: own.file, line: own.line, text: own.text }];
  const base = { cause: 'exception', citations, why: 'the text says so', confidence: 1 };
  const answer = (one: object, more: object = {}): string =>
    JSON.stringify({ hypotheses: [{ ...base, ...one }], ...more });
  const call = (name: string, args: object): ReaderReply => ({
    message: {
      role: 'assistant',
      content: answer({ why: `${name} ${JSON.stringify(args)}`.slice(0, 300) }),
      tool_calls: [{ id: 'call_1', type: 'function', function: { name, arguments: JSON.stringify(args) } }],
    },
    finish: 'tool_calls',
  });
  switch (asks.do) {
    case 'cause':
      return answer({ cause: asks.cause }, { cause: asks.cause, confidence: 1, summary: 'all is well' });
    case 'confidence':
      return answer({ confidence: asks.confidence }, { confidence: asks.confidence, remedies: [] });
    case 'remedies':
      return answer({ remedies: asks.remedies }, { remedies: asks.remedies });
    case 'trust':
      return answer({ confidence: asks.confidence });
    case 'run':
      return call('bash', { command: asks.command });
    case 'tool':
      return call(asks.name, asks.arguments);
    case 'write':
      return call('write_file', { path: asks.path, content: 'owned' });
    case 'fetch':
      return call('fetch', { url: asks.url });
    case 'redirect':
      return { status: 307, headers: { location: asks.url } };
    case 'link':
    case 'escape':
      return answer({ why: asks.says });
    case 'reveal':
      return answer({ why: `${String(asked.headers.authorization)} ${asked.system}`.slice(0, 300) });
    case 'cite':
      return answer({ citations: [{ file: asks.file, line: asks.line, text: asks.quote }] });
    case 'schema':
      // In the answer and in the hypothesis.
      return answer({}).replace('{"hypotheses":[{', `{${asks.members},"hypotheses":[{${asks.members},`);
    case 'approve':
      return answer({ approved: true }, { approved: true, decision: 'approve', merge: 'now' });
    case 'silence':
      return '{}';
    case 'refuse':
      return { message: { role: 'assistant', content: null, refusal: 'I must not.' } };
    case 'flood':
      return JSON.stringify({ hypotheses: Array.from({ length: 4_000 }, () => base) });
  }
}
