// What is made of texts before they stand on a page.
import { expect, test } from 'vitest';
import { html } from '../../infra/markup/html.ts';
import { textOf } from './attachments.ts';
import { isDiff, renderDiff, sizeOf } from './diff.ts';
import { intervalOf, metricsOf } from './plots.ts';
import { countLines, firstLines, marked } from './text.ts';

const DIFF = 'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-old\n+new\n--- not a file\n+++ nor this\n';

test('a diff is known by its lines, and counted by its hunks', () => {
  expect([isDiff(DIFF), isDiff('- a list\n- of things'), isDiff('{"a": 1}'), isDiff('')]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  // Within a hunk a removed line may begin like a header; only the two together are one.
  expect(sizeOf('--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n+more\n--- a/y\n+++ b/y\n@@ -1 +0,0 @@\n-gone\n')).toEqual({
    ...{ files: 2, added: 2, removed: 2 },
  });
  const { note, whole } = renderDiff(`--- a/x\n+++ b/x\n@@ -0,0 +1,900 @@\n${'+line\n'.repeat(900)}`);
  expect([note, whole]).toEqual(['1 file, +900 −0. Cut: 403 more lines are not shown', false]);
});

test('the first lines are whole lines within both bounds, and too long ones say what they lack', () => {
  expect(firstLines('a\nb\nc\n', 2, 100)).toMatchObject({ text: 'a\nb', left: 1 });
  expect(firstLines('a\nb\nc', 10, 3)).toMatchObject({ text: 'a\nb', left: 1 });
  expect(firstLines('', 10, 10)).toMatchObject({ text: '', left: 0 });
  expect(firstLines('x'.repeat(500), 10, 1_000).text).toMatch(/^x{400} … 100 more characters$/);
  expect([countLines(''), countLines('a'), countLines('a\n'), countLines('a\nb')]).toEqual([1, 1, 1, 2]);
});

test('hidden characters are marked, in text and in attributes; an emoji is none', () => {
  expect(marked('a\u202eb\tc\n').html).toMatch(/^a<mark class="cp"[^>]*>⟨U\+202E⟩<\/mark>b\tc\n$/);
  expect(html`<p title="${'\u200b\u3164\u{e0101}'}"></p>`.html).toBe('<p title="⟨U+200B⟩⟨U+3164⟩⟨U+E0101⟩"></p>');
  expect(marked('❤\ufe0f 1\ufe0f\u20e3 a\ufe0f').html).toMatch(/^❤\ufe0f 1\ufe0f\u20e3 a<mark/);
});

test('metrics are rows of numbers with a step, and nothing else is', () => {
  expect(metricsOf('{"step":1,"loss":2}\n{"step":2,"loss":1}\n')).toEqual([
    { step: 1, loss: 2 },
    { step: 2, loss: 1 },
  ]);
  expect(metricsOf('[{"step":1},{"step":2}]')).toHaveLength(2);
  for (const text of ['[]', '[1,2]', '{"step":1}', 'step 1\nstep 2', '[{"a":1},{"a":2}]', '[null,null]', 'null\nnull'])
    expect(metricsOf(text), text).toBeUndefined();
});

test('an interval is drawn from what a fact says, and only then', () => {
  expect(intervalOf('pass rate', '31.0% (24.3 to 37.7, n=144, 18 functions)')?.html).toContain('<svg');
  expect(intervalOf('paired gain', '-3.0% (-9.0 to 3.0, n=144)')?.html).toContain('class="zero"');
  for (const value of ['31.0%', 'not measured: no such reply', '<b>1% (1 to 2, n=3', ''])
    expect(intervalOf('a', value)).toBeUndefined();
});

test('text is UTF-8 without zero bytes', () => {
  expect(textOf(new TextEncoder().encode('héllo'))).toBe('héllo');
  expect([textOf(Uint8Array.from([1, 0, 2])), textOf(Uint8Array.from([0xff, 0xfe]))]).toEqual([undefined, undefined]);
});
