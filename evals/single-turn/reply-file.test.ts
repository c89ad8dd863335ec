import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fileInReply } from './reply-file.ts';

const fenced = (text: string, word = '') => `\`\`\`${word}\n${text}\`\`\``;

test.each([
  ['one block', fenced('a\n', 'python'), 'a\n', true],
  ['white space around it', `\n\n${fenced('a\n')}\n `, 'a\n', true],
  ['Windows line ends', '```json\r\n{}\r\n```\r\n', '{}\r\n', true],
  ['words before it', `Here:\n${fenced('a\n')}`, 'a\n', false],
  ['words after it', `${fenced('a\n')}\nDone.`, 'a\n', false],
  ['the first of two', `${fenced('a\n')}\n${fenced('b\n')}`, 'a\n', false],
  ['a fence that is not closed', '```python\na = 1', 'a = 1\n', false],
  ['a longer fence with a shorter one inside', '````md\n```\nx\n```\n````', '```\nx\n```\n', true],
  ['a diff that holds fences', '```diff\n+```\n+x\n ```\n```', '+```\n+x\n ```\n', true],
  ['no fence', 'a = 1', 'a = 1\n', false],
])('%s', (_, reply, text, exact) => {
  expect(fileInReply(reply, 'program')).toEqual({ text, exact });
});

test.each(['', ' \n', '```\n```', '```json\n \n```'])('%j hands in nothing', (reply) => {
  expect(fileInReply(reply, 'answer')).toBeUndefined();
});

test('unfenced data is data', () => {
  expect(fileInReply(' {"answer": 1} ', 'answer')).toEqual({ text: '{"answer": 1}\n', exact: true });
});

test('whatever has no line that begins with a fence comes out of its block as it went in', () => {
  const line = fc.string().map((text) => ` ${text.replaceAll(/[\r\n]/g, '')}`);
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), fc.constantFrom('', 'python', 'json'), (lines, word) => {
      const text = `x${lines.join('\n')}\n`;
      expect(fileInReply(fenced(text, word), 'program')).toEqual({ text, exact: true });
    }),
  );
});
