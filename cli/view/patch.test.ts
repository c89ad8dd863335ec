import { expect, test } from 'vitest';
import { renderPatch } from './patch.ts';

test('a change is shown whole, to the end of its longest line, and harmless', () => {
  const far = `+x = 1${' '.repeat(200)}; import os`;
  const lines = renderPatch(`diff --git a/x b/x\n@@ -1 +1 @@\n-x\n${far}\n+\u001b[2Jgone\u202e\n`, {
    width: 40,
    colour: false,
  });
  expect(lines.every((line) => line.length <= 40)).toBe(true);
  expect(lines.join('')).toContain('; import os');
  for (const sign of ['\u001b', '\u202e']) expect(lines.join('')).not.toContain(sign);
});

test('of a long one the beginning, and how much is left', () => {
  const lines = renderPatch(Array.from({ length: 500 }, (_, at) => `+${at}`).join('\n'), { width: 40, colour: false });
  expect(lines.at(-1)).toBe('380 more lines: the console shows all of them');
});
