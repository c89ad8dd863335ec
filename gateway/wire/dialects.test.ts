import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { problem } from '../../contracts/errors.ts';
import { answers, requests } from '../../tests/support/turn-arbitraries.ts';
import { DIALECTS, type Dialect, type DialectName, renderEvents } from './dialects.ts';
import { createCollector, eventsOf } from './events.ts';
import { LIMITS, limitBroken, parseBody } from './shape.ts';
import { type TurnRequest, turnRequest } from './turn.ts';

const NAMES = Object.keys(DIALECTS) as DialectName[];
const dialectOf = (name: DialectName): Dialect => DIALECTS[name];

/** Through the wire and back. */
const wired = (body: unknown): unknown => JSON.parse(JSON.stringify(body));

describe.each(NAMES)('%s', (name) => {
  const dialect = dialectOf(name);

  it('loses nothing of a request that it can carry, and drops nothing that it wrote itself', () => {
    fc.assert(
      fc.property(requests(name), (request) => {
        const parsed = dialect.parseRequest(wired(dialect.renderRequest(request)));
        expect(parsed).toEqual({ ok: true, value: request });
        expect(turnRequest.safeParse(request).success).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('never throws anything: 10,000 malformed bodies, a quarter here, are requests, or problems with paths', () => {
    const good = requests(name).map((request) => wired(dialect.renderRequest(request)));
    let refused = 0;
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 8 }).map(wiredText), damaged(good)), (body) => {
        const parsed = dialect.parseRequest(body);
        if (parsed.ok) {
          turnRequest.parse(parsed.value);
          return;
        }
        refused += 1;
        z.array(problem).min(1).parse(parsed.problems);
      }),
      { numRuns: 2_500 },
    );
    expect(refused).toBeGreaterThan(500);
  }, 240_000);

  it('streams what it answers: every frame is one event, and the last one closes', async () => {
    await fc.assert(
      fc.asyncProperty(answers, requests(name), async (answer, request) => {
        const frames: string[] = [];
        for await (const frame of renderEvents(dialect, eventsOf(answer), request)) frames.push(frame);
        for (const frame of frames) expect(frame).toMatch(/^(event: [a-z._]+\n)?data: [^\n]+\n\n$/);
        const last = frames.at(-1)!;
        const closes = {
          chat: '[DONE]',
          completions: '[DONE]',
          responses: 'event: response.',
          messages: 'message_stop',
        };
        expect(last).toContain(closes[name]);
        expect(() => JSON.stringify(dialect.renderAnswer(answer, request))).not.toThrow();
      }),
      { numRuns: 100 },
    );
  });

  it('refuses what is too deep and too large, whatever it says', () => {
    let deep: unknown = 'x';
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    for (const body of [deep, { model: 'm', messages: deep, prompt: deep, input: deep }]) {
      expect(dialect.parseRequest(body)).toMatchObject({
        ok: false,
        problems: [{ expected: 'at most 64 levels of nesting' }],
      });
    }
    const wide = { model: 'm', input: Array.from({ length: LIMITS.values }, () => 1) };
    expect(dialect.parseRequest(wide)).toMatchObject({ ok: false, problems: [{ expected: 'at most 500000 values' }] });
  });
});

const wiredText = (text: string): unknown => JSON.parse(text);

/** A good body with one member, anywhere, replaced, removed or added. */
function damaged(good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const junk = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(null, '', -1, 1e308, [], {}, [null], { type: 'text' }, { role: 'user' }, 'a\u0000b', '\ud800'),
  );
  return fc
    .tuple(good, fc.infiniteStream(fc.nat({ max: 1_000 })), junk, fc.constantFrom('replace', 'remove', 'add'))
    .map(([body, choices, value, how]) => {
      const copy = structuredClone(body);
      let at: unknown = copy;
      for (let depth = choices.next().value % 5; ; depth -= 1) {
        const keys = typeof at === 'object' && at !== null ? Object.keys(at) : [];
        if (keys.length === 0) return copy;
        const key = keys[choices.next().value % keys.length]!;
        const inside = (at as Record<string, unknown>)[key];
        if (depth > 0 && typeof inside === 'object' && inside !== null) {
          at = inside;
          continue;
        }
        const place = at as Record<string, unknown>;
        if (how === 'remove') delete place[key];
        else place[how === 'add' ? `${key}_more` : key] = value;
        return copy;
      }
    });
}

test('every problem is told at once, with the path of what was meant', () => {
  const parsed = DIALECTS.chat.parseRequest({
    messages: [
      { role: 'user', content: [{ type: 'text' }, { type: 'image_url', image_url: {} }] },
      { role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f' } }] },
    ],
    n: 2,
    logit_bias: { 7: -100 },
  });
  const paths = parsed.ok ? [] : parsed.problems.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      'model',
      'messages.0.content.0.text',
      'messages.0.content.1.image_url.url',
      'messages.1.tool_calls.0.function.arguments',
      'n',
      'logit_bias',
    ]),
  );
  const input = [
    { role: 'user', content: [{ type: 'input_text' }] },
    { type: 'function_call', name: 'f' },
  ];
  const items = DIALECTS.responses.parseRequest({ model: 'm', input });
  expect(items.ok ? [] : items.problems.map(({ path }) => path)).toEqual([
    'input.0.content.0.text',
    'input.1.call_id',
    'input.1.arguments',
  ]);
});

test('what is not carried is named, shortly, once for a whole list', () => {
  const messages = Array.from({ length: 9 }, () => ({
    role: 'user',
    content: [{ type: 'text', text: 'a', cache_control: {} }],
  }));
  const parsed = DIALECTS.messages.parseRequest({ model: 'm', max_tokens: 1, messages, ['x'.repeat(5_000)]: 1 });
  const names = parsed.ok ? parsed.value.dropped : [];
  expect(names).toEqual(['messages.*.content.*.cache_control', 'x'.repeat(100)]);
});

test('bodies that are no JSON, no UTF-8, or too long', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  expect(parseBody(bytes('{"a":1}'))).toEqual({ ok: true, value: { a: 1 } });
  expect(parseBody(bytes('{"a":'))).toMatchObject({ ok: false });
  expect(parseBody(new Uint8Array([0x22, 0xff, 0x22]))).toMatchObject({ ok: false });
  expect(parseBody(bytes('[1,2,3]'), { ...LIMITS, bytes: 6 })).toMatchObject({ ok: false });
  expect(limitBroken([[[1]]], { ...LIMITS, depth: 3 })).toBeUndefined();
  expect(limitBroken([[[[1]]]], { ...LIMITS, depth: 3 })).toBe('at most 3 levels of nesting');
});

test('an answer taken apart into events and put together again is the same', () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const collector = createCollector();
      for (const event of eventsOf(answer)) collector.push(event);
      expect(collector.answer()).toEqual(answer);
    }),
  );
});

test('a stream that ends without a reason is not closed as if it were whole', async () => {
  const request: TurnRequest = { model: 'm', messages: [], sampling: {}, stream: true, dropped: [] };
  for (const name of NAMES) {
    const encoder = dialectOf(name).createEncoder(request);
    encoder.push({ type: 'start', id: 'a', model: 'm', created: 0 });
    encoder.push({ type: 'text', text: 'Hi' });
    expect(encoder.end()).toEqual([]);
  }
});
