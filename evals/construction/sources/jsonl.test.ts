import { expect, test } from 'vitest';
import { z } from 'zod';
import { readLines } from './jsonl.ts';

const read = (bytes: Uint8Array) => readLines(bytes, z.strictObject({ id: z.string() }), ({ id }) => id);

test.each([
  ['words', Buffer.from('{"id":"a"}\nwords\n'), 'line 2: is no JSON'],
  ['another form', Buffer.from('{"id":1}\n'), 'line 1: id: Invalid input: expected string, received number'],
  ['a list', Buffer.from('[]\n'), 'line 1: Invalid input: expected object, received array'],
  ['a name twice', Buffer.from('{"id":"a"}\n{"id":"a"}\n'), 'line 2: a stands there twice'],
  ['bytes', Buffer.from([0xff, 0xfe, 0, 10, 0x80]), 'not UTF-8: line 1 is not'],
  [
    'bytes in a later line',
    Buffer.concat([Buffer.from('{"id":"é"}\n\n{"id":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}\n')]),
    'not UTF-8: line 3 is not',
  ],
])('JSON lines with %s are refused by line', (_name, bytes, why) => {
  expect(() => read(bytes)).toThrow(why);
});

test('what is not UTF-8 names the field and what to do', () => {
  expect(() => read(Uint8Array.of(0x80))).toThrow(
    expect.objectContaining({
      code: 'tasks.source_failed',
      problems: [expect.objectContaining({ path: 'source.file', expected: 'JSON lines in UTF-8' })],
    }),
  );
});
