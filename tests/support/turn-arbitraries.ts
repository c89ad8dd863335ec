// Random turns: requests that hold what a dialect can carry, and answers.
import fc from 'fast-check';
import type { DialectName } from '../../gateway/wire/dialects.ts';
import type { Message, TurnAnswer, TurnRequest } from '../../gateway/wire/turn.ts';

/** Which members each dialect has a word for. */
export const CARRIES = {
  chat: [
    'name',
    'detail',
    'seed',
    'penalties',
    'topK',
    'stop',
    'metadata',
    'streamOptions',
    'effort',
    'json_object',
    'schemaName',
  ],
  completions: ['seed', 'penalties', 'topK', 'stop', 'streamOptions'],
  responses: ['signature', 'detail', 'metadata', 'effort', 'json_object', 'schemaName', 'sealed'],
  messages: ['signature', 'failed', 'topK', 'stop', 'budget', 'effort', 'interleaved'],
} as const satisfies Record<DialectName, readonly string[]>;

/** Any text that JSON and UTF-8 can carry. */
const text = fc.string({ unit: 'binary', maxLength: 24 });
const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const nonEmpty = fc.string({ unit: 'binary', minLength: 1, maxLength: 24 });
const json = fc
  .dictionary(word, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
  .map((of) => JSON.parse(JSON.stringify(of)));

const source = fc.oneof(
  fc.webUrl().map((url) => ({ url })),
  fc.base64String({ minLength: 4, maxLength: 16 }).map((data) => ({ mediaType: 'image/png', data })),
);

function optional<T extends object>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(members, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

export function requests(dialect: DialectName): fc.Arbitrary<TurnRequest> {
  const carries = (member: string): boolean => (CARRIES[dialect] as readonly string[]).includes(member);
  const only = <T>(member: string, of: fc.Arbitrary<T>): Record<string, fc.Arbitrary<T>> =>
    carries(member) ? { [member]: of } : {};
  const textPart = fc.record({ type: fc.constant('text' as const), text });
  const imagePart = fc.record(
    { type: fc.constant('image' as const), source, ...only('detail', fc.constantFrom('auto', 'low', 'high')) },
    { requiredKeys: ['type', 'source'] },
  );
  const seen = fc.array(fc.oneof(textPart, imagePart), { minLength: 1, maxLength: 3 });
  const call = fc.record({
    ...{ type: fc.constant('tool_call' as const), id: word, name: word },
    arguments: json.map((of) => JSON.stringify(of)),
  });
  const reasoning = fc.record(
    { type: fc.constant('reasoning' as const), text: nonEmpty, ...only('signature', word) },
    { requiredKeys: ['type', 'text'] },
  );
  // Chat has one place for each; the others keep the order.
  const said =
    dialect === 'chat'
      ? fc
          .tuple(
            fc.array(reasoning, { maxLength: 1 }),
            fc.array(textPart, { maxLength: 3 }),
            fc.array(call, { maxLength: 2 }),
          )
          .map((parts) => parts.flat())
      : fc.array(fc.oneof(textPart, reasoning, call), { maxLength: 4 });
  const named = only('name', word);
  const message: fc.Arbitrary<unknown> = fc.oneof(
    fc.record({ role: fc.constant('user'), content: seen, ...named }, { requiredKeys: ['role', 'content'] }),
    fc.record(
      { role: fc.constant('assistant'), content: said.filter((parts) => parts.length > 0), ...named },
      { requiredKeys: ['role', 'content'] },
    ),
    fc.record(
      { role: fc.constant('tool'), callId: word, content: seen, ...only('failed', fc.constant(true)) },
      { requiredKeys: ['role', 'callId', 'content'] },
    ),
    fc.record({ role: fc.constant('system'), content: fc.array(textPart, { minLength: 1, maxLength: 2 }) }),
  );
  const messages = fc
    .array(message as fc.Arbitrary<Message>, { minLength: 1, maxLength: 6 })
    .map((all) => (dialect === 'responses' ? apart(all) : all))
    // Anthropic has a place for the first instruction that is not the list of messages, which may not be empty.
    .filter((all) => dialect !== 'messages' || all.some((one, index) => index > 0 || one.role !== 'system'));
  const sampling = optional({
    temperature: fc.double({ min: 0, max: 2, noNaN: true }).map((value) => value + 0),
    topP: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0),
    ...(dialect === 'messages' ? {} : { maxTokens: fc.integer({ min: 1, max: 9999 }) }),
    ...(carries('topK') ? { topK: fc.integer({ min: 0, max: 99 }) } : {}),
    ...(carries('stop') ? { stop: fc.array(nonEmpty, { minLength: 1, maxLength: 3 }) } : {}),
    ...(carries('seed') ? { seed: fc.integer() } : {}),
    ...(carries('penalties')
      ? { presencePenalty: fc.integer({ min: -2, max: 2 }), frequencyPenalty: fc.integer({ min: -2, max: 2 }) }
      : {}),
  });
  const bounded = dialect === 'messages' ? sampling.map((of) => ({ ...of, maxTokens: 77 })) : sampling;
  const schema = fc.record({
    ...{ type: fc.constant('json_schema' as const), schema: json },
    ...(carries('schemaName') ? { name: word, strict: fc.boolean() } : {}),
  });
  const tool = fc.record(
    { name: word, description: text, parameters: json, strict: fc.boolean() },
    { requiredKeys: dialect === 'messages' ? ['name', 'parameters'] : ['name'] },
  );
  const effort = fc.constantFrom('none', 'low', 'high');
  const talk = {
    tools: fc.array(tool, { minLength: 1, maxLength: 2 }),
    toolChoice: fc.oneof(
      fc.constantFrom('auto', 'none'),
      ...(dialect === 'messages' ? [] : [word.map((name) => ({ name }))]),
    ),
    parallelToolCalls: fc.boolean(),
    format: carries('json_object') ? fc.oneof(schema, fc.constant({ type: 'json_object' as const })) : schema,
    reasoning: carries('budget')
      ? fc.oneof(
          effort.map((one) => ({ effort: one })),
          fc.constant({ budgetTokens: 99 }),
        )
      : effort.map((one) => ({ effort: one })),
    ...(carries('metadata') ? { metadata: fc.dictionary(word, text, { maxKeys: 2 }) } : {}),
    ...(carries('sealed') ? { sealedReasoning: fc.constant(true), logprobs: fc.constant({ top: 2 }) } : {}),
    ...(dialect === 'chat' ? { logprobs: fc.constant({ top: 2 }) } : {}),
  };
  const prompt = fc.oneof(
    text.map((of) => ({ text: of })),
    fc.array(fc.nat(), { minLength: 1, maxLength: 5 }).map((ids) => ({ ids })),
  );
  const always = dialect === 'completions' ? { messages: fc.constant([]), prompt } : { messages };
  const members: Record<string, fc.Arbitrary<unknown>> = {
    ...{ model: word, ...always, sampling: bounded, stream: fc.boolean(), dropped: fc.constant([]), user: word },
    ...(carries('streamOptions') ? { streamOptions: fc.record({ includeUsage: fc.boolean() }) } : {}),
    ...(dialect === 'completions' ? { logprobs: fc.constant({ top: 2 }) } : talk),
  };
  const requiredKeys = ['model', ...Object.keys(always), 'sampling', 'stream', 'dropped'];
  const any = fc.record(members, { requiredKeys }) as fc.Arbitrary<unknown> as fc.Arbitrary<TurnRequest>;
  // Anthropic writes whether calls may be parallel into the choice.
  return dialect !== 'messages'
    ? any
    : any.map((one) => (one.parallelToolCalls === undefined ? one : { toolChoice: 'auto', ...one }));
}

/** Responses has items, not messages: two of the model's in a row are one. */
function apart(messages: readonly Message[]): Message[] {
  return messages.filter((one, index) => one.role !== 'assistant' || messages[index - 1]?.role !== 'assistant');
}

export const answers: fc.Arbitrary<TurnAnswer> = fc
  .record({
    ...{ id: word.map((one) => `chatcmpl-${one}`), model: word, created: fc.nat() },
    content: fc.array(
      fc.oneof(
        fc.record({ type: fc.constant('text' as const), text: nonEmpty }),
        fc.record({ type: fc.constant('reasoning' as const), text: nonEmpty }),
        fc.record({
          ...{ type: fc.constant('tool_call' as const), id: word, name: word },
          arguments: json.map((of) => JSON.stringify(of)),
        }),
      ),
      { maxLength: 5 },
    ),
    finish: fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter'),
    usage: fc.record({ input: fc.nat({ max: 9999 }), output: fc.nat({ max: 9999 }) }),
  })
  .map((answer) => ({
    ...answer,
    // Two texts in a row are one when they are streamed.
    content: answer.content.filter(({ type }, at) => type === 'tool_call' || type !== answer.content[at - 1]?.type),
  })) as fc.Arbitrary<TurnAnswer>;
