import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { createSseParser, frame, type SseMessage } from './sse.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function parse(...pieces: readonly Uint8Array[]): { messages: SseMessage[]; cutOff: boolean; comments: number } {
  const parser = createSseParser();
  const messages = pieces.flatMap((piece) => parser.push(piece));
  const end = parser.end();
  return { messages: [...messages, ...end.messages], cutOff: end.cutOff, comments: parser.comments };
}

const field = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((value) => `data: ${value.replaceAll(/[\r\n]/g, '')}`),
  fc.stringMatching(/^[a-z.]{1,6}$/).map((name) => `event: ${name}`),
  fc.constantFrom(': keep-alive', ':', 'data', 'id: 7', 'retry: 10', 'data:x', 'nonsense'),
);
const stream = fc
  .array(fc.tuple(fc.array(field, { maxLength: 4 }), fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 6 })
  .map((messages) => messages.map(([lines, end]) => [...lines, ''].map((line) => `${line}${end}`).join('')).join(''));

it('finds the same messages however the bytes are cut, inside characters and line ends too', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 8 }), fc.boolean(), (text, cuts, cutOff) => {
      const whole = cutOff ? bytes(text).subarray(0, -3) : bytes(text);
      const places = [0, ...cuts.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
      const pieces = places.slice(1).map((place, index) => whole.subarray(places[index], place));
      const each = Array.from(whole, (_, index) => whole.subarray(index, index + 1));
      expect(parse(...pieces)).toEqual(parse(whole));
      expect(parse(...each)).toEqual(parse(whole));
    }),
    { numRuns: 300 },
  );
});

test('comments, names, several data lines, a byte order mark, fields without a value', () => {
  const text = '\ufeff: hi\n\ndata: a\ndata:b\ndata\n\nevent: ping\ndata: {}\n\nevent: nothing\n\n';
  expect(parse(bytes(text))).toEqual({
    messages: [
      { event: 'message', data: 'a\nb\n' },
      { event: 'ping', data: '{}' },
    ],
    cutOff: false,
    comments: 1,
  });
});

test('an end inside a frame is told from one between frames', () => {
  expect(parse(bytes('data: a\n\n')).cutOff).toBe(false);
  expect(parse(bytes('data: a\r\r'))).toMatchObject({ messages: [{ data: 'a' }], cutOff: false });
  expect(parse(bytes('data: a\n')).cutOff).toBe(true);
  expect(parse(bytes('data: a\n\nda')).cutOff).toBe(true);
  expect(parse(bytes('data: ä').subarray(0, -1)).cutOff).toBe(true);
});

test('a message beyond the limit stops the reading', () => {
  const parser = createSseParser(64);
  expect(parser.push(bytes('data: small\n\n'))).toHaveLength(1);
  for (let index = 0; index < 100; index += 1) parser.push(bytes(`data: ${'x'.repeat(10)}\n`));
  expect(parser.overflowed).toBe(true);
  expect(parser.push(bytes('\n\n'))).toEqual([]);
});

test('frames', () => {
  expect(frame({ a: 'x\ny' })).toBe('data: {"a":"x\\ny"}\n\n');
  expect(frame('[DONE]')).toBe('data: [DONE]\n\n');
  expect(frame({}, 'ping')).toBe('event: ping\ndata: {}\n\n');
});
