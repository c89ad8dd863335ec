import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, clipStart, columns, padEnd, padStart, plain, wrap } from './text.ts';

describe('plain', () => {
  it.each([
    ['colour', 'a\u001b[31mb\u001b[0m', 'ab'],
    ['clearing the screen', '\u001b[2J\u001b[Hx', 'x'],
    ['a title, ended by BEL', '\u001b]0;owned\u0007x', 'x'],
    ['a link, ended by ST', '\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\', 'text'],
    ['a string that never ends', 'a\u001bPq#0;2', 'a'],
    ['8-bit CSI', 'a\u009b31mb', 'ab'],
    ['a lone escape', 'a\u001b', 'a'],
    ['backspaces that overwrite', 'safe\b\b\b\bevil', 'safeevil'],
    ['carriage return', 'good\rbad', 'goodbad'],
    ['bidirectional override', 'user\u202etxt.exe', 'usertxt.exe'],
    ['isolates and marks', '\u2066a\u2069\u200f\u061c', 'a'],
    ['invisible tags', 'a\u{e0041}\u{e007f}', 'a'],
    ['zero-width', 'a\u200bb\ufeff', 'ab'],
    ['newline and tab', 'a\nb\tc', 'a b  c'],
  ])('%s', (_name, text, kept) => expect(plain(text)).toBe(kept));

  it('keeps what is only text', () => {
    for (const text of ['naïve', '日本語', '[31m', 'é́', '{"a": [1]}', '🙂']) expect(plain(text)).toBe(text);
  });

  it('leaves no control character, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        for (const character of plain(`\u001b[${text}\u001b]${text}`)) {
          const point = character.codePointAt(0) ?? 0;
          expect(point >= 0x20 && !(point >= 0x7f && point <= 0x9f)).toBe(true);
        }
      }),
    );
  });
});

describe('widths', () => {
  it('counts columns, not code units', () => {
    expect(columns('abc')).toBe(3);
    expect(columns('日本')).toBe(4);
    expect(columns('e\u0301')).toBe(1);
    expect(columns('👩‍💻')).toBe(2);
    expect(columns('\u001b[31mred\u001b[39m')).toBe(3);
  });

  it('clips to a width and keeps colour closed', () => {
    expect(clip('abcdef', 4)).toBe('abc…');
    expect(clip('日本語', 4)).toBe('日…');
    expect(clip('\u001b[31mabcdef\u001b[39m', 4)).toBe('\u001b[31mabc…\u001b[0m');
    expect(clip('abc', 0)).toBe('');
  });

  it('keeps the end of what is clipped at its start', () => {
    expect(clipStart('abcdef', 4)).toBe('…def');
    expect(clipStart('日本語', 4)).toBe('…語');
    expect(clipStart('abc', 3)).toBe('abc');
    expect(clipStart('abc', 0)).toBe('');
  });

  it('pads to a width', () => {
    expect(padEnd('日', 4)).toBe('日  ');
    expect(padStart('1', 3)).toBe('  1');
  });

  it('clip and wrap never exceed the width, and wrap loses no letter', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 80 }).map((value) => plain(value));
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 40 }), (value, width) => {
        expect(columns(clip(value, width))).toBeLessThanOrEqual(width);
        expect(columns(clipStart(value, width))).toBeLessThanOrEqual(width);
        const lines = wrap(value, width);
        for (const line of lines) expect(columns(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(value.replaceAll(' ', ''));
      }),
    );
  });
});
