// Whatever anybody says, nothing of it does anything at a forge.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asBlock, asCode, plainLine, tameMessage } from './forge-text.ts';

const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        '@team',
        '#12',
        '!7',
        '/merge',
        '/approve\n',
        '```',
        '~~~~',
        '<!-- anneal-change: x -->',
        '[a](javascript:x)',
        '![](https://e.example)',
      ),
      fc.constantFrom(
        '\n',
        '\u202e',
        '\u200b',
        '\r',
        '<script>',
        'closes #3',
        'GH-4',
        '[skip ci]',
        '\u001b[31m',
        '|',
        '`',
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe('of any text', () => {
  test('a line has no sign that a forge acts on', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const line = plainLine(text);
        expect(line).not.toMatch(/[@#!&$%~^*_`<>[\](){}\\|/:\n\p{Cc}\p{Cf}]/u);
        expect([...line].length).toBeLessThanOrEqual(120);
      }),
    );
  });

  test('a block ends where it is ended, and holds no mark and no quick action', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const lines = asBlock(text).split('\n');
        const fence = /^(`{3,})text$/.exec(lines[0]!)![1]!;
        expect(lines.at(-1)).toBe(fence);
        // Longer than any run inside, by which alone it could be ended.
        for (const line of lines.slice(1, -1)) {
          expect(/[`~]*/.exec(line.trim())![0].length).toBeLessThan(fence.length);
          expect(line).not.toMatch(/^\s*\/\w|<!--|[\p{Cf}]/u);
        }
      }),
    );
  });

  test('code in a line stays in it', () => {
    fc.assert(fc.property(nasty, (text) => void expect(asCode(text)).toMatch(/^`[^`\n]+`$/)));
  });

  test('a message mentions nobody and closes nothing', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const said = tameMessage(text);
        expect(said).not.toMatch(/@[\p{L}\p{N}]|[#!]\d|\bGH-\d|\[skip ci\]/u);
        expect(tameMessage(said)).toBe(said);
      }),
    );
  });
});
