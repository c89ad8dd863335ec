import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkOf, MUSEUMS } from '../../hacks/document/report.ts';
import { docxBody, docxParts, markdown, paragraph, run } from '../../hacks/document/write.ts';
import { zip } from '../../hacks/spreadsheet/xlsx.ts';
import { artifactOf } from '../artifact.ts';
import { type Block, textOfBlock } from './blocks.ts';
import { citationProblem } from './citations.ts';
import { contentGates, readableGates } from './content.ts';
import { documentCheck, document as documentFour, documentThree } from './document.ts';
import { parseDocx } from './docx.ts';
import { figureOf, numbersIn, states, strangeFigure } from './figures.ts';
import { parseMarkdown } from './markdown.ts';
import { placeholderIn, strangeCharacter } from './placeholders.ts';
import type { ContentSpec } from './spec.ts';

const words = fc.array(fc.stringMatching(/^[a-z]{2,9}$/), { minLength: 1, maxLength: 6 }).map((list) => list.join(' '));
const blocks: fc.Arbitrary<Block[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('heading' as const), level: fc.integer({ min: 1, max: 3 }), text: words }),
    fc.record({ kind: fc.constantFrom('paragraph' as const, 'item' as const), text: words }),
    fc.record({
      kind: fc.constant('table' as const),
      columns: fc.tuple(words, words),
      rows: fc.array(fc.tuple(words, words), { minLength: 1, maxLength: 3 }),
    }),
  ),
  { maxLength: 8 },
);

test('what is written in Markdown or Word is read back', () => {
  fc.assert(
    fc.property(blocks, (written) => {
      expect(parseMarkdown(markdown(written))).toEqual({ blocks: written });
      const word = parseDocx(zip(docxParts(docxBody(written)), { deflate: true }));
      expect(word).toEqual({ blocks: written });
    }),
  );
});

test('Markdown as people write it', () => {
  const source = `Title\n=====\n\nA *plain* **line** with \`code\` and a [link](https://a.example/x "t")\nthat goes on.<!-- not\nthis -->\n\n1. one\n   and on\n2. two\n\n> said\n> he\n\n| a | b\\|c |\n|:-:|---|\n| 1 |\n\n~~~\n# no heading\n~~~\nnot snake_case or 2*3*4 &amp; <b>so</b> on`;
  expect(parseMarkdown(source)).toEqual({
    blocks: [
      { kind: 'heading', level: 1, text: 'Title' },
      { kind: 'paragraph', text: 'A plain line with code and a link https://a.example/x that goes on.' },
      { kind: 'item', text: 'one and on' },
      { kind: 'item', text: 'two' },
      { kind: 'quote', text: 'said he' },
      { kind: 'table', columns: ['a', 'b|c'], rows: [['1', '']] },
      { kind: 'code', text: '# no heading' },
      { kind: 'paragraph', text: 'not snake_case or 2*3*4 & so on' },
    ],
  });
});

test.each(['[', '*', '`', '<', '|', '> ', '- ', '#', '![](', '&', '\\', '<!--', '~~~\n', '__', '"x" ('])(
  'a megabyte of %j is read in time',
  (piece) => {
    const line = piece.repeat(Math.floor(19_000 / piece.length));
    const start = performance.now();
    parseMarkdown(`${line}\n`.repeat(50));
    numbersIn(line.repeat(5));
    citationProblem(line.repeat(5), null, new Map());
    expect(performance.now() - start).toBeLessThan(5_000);
  },
);

test.each([
  '<div style="display:none">x</div>',
  '<p hidden>x',
  '<details>x</details>',
  '\\`<i title="x">\\`',
  'a ` b\n<template>x</template>\nc ` d',
  '``` a`b\n<div hidden>x</div>\n```',
  '<!X x >',
  '[//]: # (x)',
  '> [a\nb]: /u "x"',
  '[a]:\n/u\n"x"',
  '[^1]: x',
])('Markdown that may hide text is refused: %j', (source) => {
  expect(parseMarkdown(`Seen.\n\n${source}\n`)).toHaveProperty('why');
});

test('what a reader is not shown of Markdown is not read', () => {
  const source =
    '---\ntitle: x\n---\n![x](a.png) ~~x~~ <s>x</s> `<b hidden>` &#x39;&#52; [t][a] and a note.[^1]\n\n[a]: b.md\n\n[^1]: y';
  const parsed = parseMarkdown(source);
  const text = 'blocks' in parsed ? parsed.blocks.map(textOfBlock).join('|') : 'refused';
  expect(text).not.toMatch(/x|refused/);
  expect(text).toContain('94');
});

test.each([
  ['no archive', Buffer.from('hello')],
  ['no document', zip({ 'word/other.xml': '<a/>' })],
  ['an entity', zip({ 'word/document.xml': '<!DOCTYPE a [<!ENTITY b "c">]><w:document/>' })],
  ['a size that lies', zip(docxParts('<w:p/>'), { deflate: true, claims: { 'word/document.xml': 10 } })],
  ['encryption', zip(docxParts('<w:p/>'), { flags: 1 })],
  ['a way out', zip({ '../word/document.xml': '<w:document/>' })],
])('a Word file with %s is refused', (_, bytes) => {
  expect(parseDocx(bytes)).toHaveProperty('why');
});

test.each([
  '<w:vanish/>',
  '<w:color w:val="ffffff"/>',
  '<w:color w:val="fefefe"/>',
  '<w:color w:themeColor="background1"/>',
  '<w:color w:val="123456"/><w:shd w:val="clear" w:fill="123456"/>',
  '<w:highlight w:val="yellow"/><w:color w:val="ffff00"/>',
  '<w:sz w:val="2"/>',
  '<w:w w:val="1"/>',
  '<w:strike/>',
])('a run with %s is not read', (properties) => {
  const body = paragraph(run('seen ') + run('hidden', properties) + run('too', '<w:vanish w:val="0"/>'));
  expect(parseDocx(zip(docxParts(body)))).toEqual({ blocks: [{ kind: 'paragraph', text: 'seen too' }] });
});

test('numbers as they are written', () => {
  const read = (text: string) => numbersIn(text).map(({ value }) => value);
  expect(read('1,234.50 and −7, 94% of 12 kg; 94% 3–5 km, 80kg, 2026-11-22')).toEqual([
    1234.5, -7, 94, 12, 94, 3, 5, 80, 2026, 11, 22,
  ]);
  expect(read('A4, H2O, v2.10.3, x_1')).toEqual([]);
  expect(read('ca.94 and No.7')).toEqual([94, 7]);
  for (const odd of ['９', '٤', '𝟗', '①②', '⁹⁴']) expect(strangeFigure(`a ${odd} b`)).toBeDefined();
  expect(strangeFigure('12 m², CO₂, ½')).toBeUndefined();
  fc.assert(
    fc.property(fc.integer({ min: -9_999_999, max: 9_999_999 }), (value) => {
      for (const text of [String(value), value.toLocaleString('en-US')]) {
        const [found] = numbersIn(`it is ${text}.`);
        expect(states(found!, value) && !states(found!, value + 1)).toBe(true);
      }
    }),
  );
  expect(states(numbersIn('3.1')[0]!, 3.14)).toBe(true);
  expect(states(numbersIn('3.10')[0]!, 3.14)).toBe(false);
});

const GIVEN = artifactOf({
  'd.csv': 'team,points\na,10\nb,25\na,40\n',
  'n.txt': 'It “was” fine, by Doe and Roe (2014).\n',
});
const SPEC: ContentSpec = {
  words: null,
  tables: [],
  facts: [{ name: 'fine', file: 'n.txt', quote: 'It "was" fine' }],
  numbers: [
    {
      name: 'the mean of a',
      label: 'Mean',
      is: { file: 'd.csv', column: 'points', how: 'mean', where: { column: 'team', is: 'a' } },
      places: 1,
    },
  ],
  traceable: { from: 13, also: [] },
  forbidden: ['synergy'],
  citations: { sources: { n: 'n.txt' }, atLeast: 1 },
};
const broken = (text: string, spec: ContentSpec = SPEC) =>
  contentGates([{ kind: 'paragraph', text }], spec, GIVEN).find(({ passed }) => !passed)?.name;

test.each([
  [undefined, 'It "was" fine [@n]. Mean: 25.0'],
  [undefined, 'it “WAS” fine [@n; @n]; the mean is 25, of points such as 40 and 10. (Doe and Roe (2014))'],
  ['facts', 'It was fine [@n]. Mean: 25'],
  ['numbers', 'It "was" fine [@n]. Mean: 26'],
  ['numbers', 'It "was" fine [@n]. Mean unknown.'],
  ['traceable', 'It "was" fine [@n]. Mean: 25, as 77 people say.'],
  ['citations', 'It "was" fine. Mean: 25'],
  ['citations', 'It "was" fine [@n; @other]. Mean: 25'],
  ['citations', 'It "was" fine [@n] [3]. Mean: 25'],
  ['citations', 'It "was" fine [@n], doi:10.1000/1. Mean: 25'],
  ['no-placeholders', 'It "was" fine [@n]. Mean: 25. Synergy!'],
])('%s: %s', (name, text) => {
  expect(broken(text)).toBe(name);
});

const TABLE = { columns: ['Team', 'Points'], rows: { min: 1, max: 9 } };
const WITH_DATA: ContentSpec = {
  ...{ words: null, facts: [], numbers: [], traceable: null, forbidden: [] },
  citations: { sources: { t: 't.csv' }, atLeast: 0 },
  tables: [{ ...TABLE, data: { file: 't.csv', columns: { Team: 'team', Points: 'points' }, key: 'Team', places: 1 } }],
};
const TEAMS = artifactOf({ 't.csv': 'team,points\nReds,1250\nBlues,30.25\n' });
const rows = (...some: (readonly string[])[]): Block => ({ kind: 'table', columns: ['Team', 'Points'], rows: some });
const rowsHold = (...some: Block[]) => contentGates(some, WITH_DATA, TEAMS).at(-1)?.passed;

test.each([
  [
    ['Reds', '1,250'],
    ['blues', '30.3'],
  ],
  [
    ['Blues', '30.25 points'],
    ['Reds', '1250 [@t]'],
  ],
  [
    ['Reds', '$1250'],
    ['Blues', '30.25'],
    ['Total', '1280.25'],
  ],
  [
    ['North', ''],
    ['Reds', '1250'],
    ['Blues', '30.25'],
    ['Mean', '640.1'],
  ],
])('a table that holds the data: %j', (...some) => expect(rowsHold(rows(...some))).toBe(true));

test.each([
  [
    ['Reds', '30.25'],
    ['Blues', '1250'],
  ],
  [
    ['Reds', '1250'],
    ['Blues', '30'],
  ],
  [['Reds', '1250']],
  [
    ['Reds', '1250'],
    ['Blues', '30.25'],
    ['Greens', '1280.25'],
  ],
  [
    ['Reds', '1250'],
    ['Blues', '30.25'],
    ['Total', '1250'],
  ],
  [
    ['Reds', '1250'],
    ['Blues', '30.25'],
    ['Blues', '30.25'],
  ],
  [
    ['Reds', 'NOT 1250'],
    ['Blues', '30.25'],
  ],
  [
    ['Reds', '>1250'],
    ['Blues', '30.25'],
  ],
  [
    ['Reds', '1250%'],
    ['Blues', '30.25'],
  ],
  [
    ['Reds', '1250 or 7'],
    ['Blues', '30.25'],
  ],
  [
    ['Reds', '(1250)'],
    ['Blues', '30.25'],
  ],
  [
    ['a', 'b'],
    ['c', 'd'],
  ],
])('a table that does not: %j', (...some) => expect(rowsHold(rows(...some))).toBe(false));

test('no second table says otherwise, unless it is asked for with data of its own', () => {
  const right = rows(['Reds', '1250'], ['Blues', '30.25']);
  const other = rows(['Reds', '7'], ['Blues', '8']);
  expect(rowsHold(right, right)).toBe(true);
  expect(rowsHold(right, other)).toBe(false);
  const [table] = WITH_DATA.tables;
  const both = { ...WITH_DATA, tables: [table!, { ...TABLE, data: { ...table!.data!, file: 'u.csv' } }] };
  const given = new Map([...TEAMS, ...artifactOf({ 'u.csv': 'team,points\nReds,7\nBlues,8\n' })]);
  const last = (...some: Block[]) => contentGates(some, both, given).at(-1)?.passed;
  expect(last(right, other)).toBe(true);
  expect(last(right)).toBe(false);
  expect(last(right, other, rows(['Reds', '9'], ['Blues', '9']))).toBe(false);
});

test('a task says who judges its prose, or is not certified', () => {
  const check = documentCheck.parse(checkOf(MUSEUMS[0]!));
  const rubric = { about: 'a report', criteria: [{ name: 'clear', asks: 'Is it clear?', weight: 1 }] };
  const { judgedByRulesAlone: _, ...silent } = check;
  const uncompared = { ...check.content, tables: check.content.tables.map(({ data: _, ...table }) => table) };
  expect(documentFour.unfit?.(check)).toEqual([]);
  expect(documentFour.unfit?.(documentCheck.parse(silent))).toEqual([
    expect.stringContaining('nobody judges its prose'),
  ]);
  expect(documentFour.unfit?.({ ...check, content: uncompared })).toEqual([expect.stringContaining('it needs data')]);
  expect(documentFour.unfit?.(documentCheck.parse({ ...silent, rubric }))).toEqual([]);
  expect(documentCheck.safeParse({ ...check, rubric }).success).toBe(false);
  // Older versions cannot say it.
  const older = { ...silent, content: uncompared };
  expect(documentThree.check.safeParse(older).success).toBe(true);
  expect(documentThree.check.safeParse(check).success).toBe(false);
  expect(documentThree.unfit?.(older)).toHaveLength(1);
});

test('a task whose own data do not hold what it asks for masks the sample', () => {
  expect(() => figureOf({ file: 'd.csv', column: 'goals', how: 'sum' }, GIVEN)).toThrow(/no numbers/);
  expect(() => broken('x', { ...SPEC, facts: [{ name: 'x', file: 'n.txt', quote: 'never said' }] })).toThrow(
    /does not hold/,
  );
});

test.each([
  'Lorem  ipsum',
  'TODO',
  'tbd: TBD',
  '[Your Name]',
  '{{total}}',
  'insert the name of the town here',
  '______',
  'As an AI model',
])('a placeholder: %s', (text) => expect(placeholderIn(`So ${text}.`, [])).toBeDefined());

test.each(['to do this', 'the inserted photograph', 'a place holding water', 'an empty [sic] line', 'x_1'])(
  'no placeholder: %s',
  (text) => expect(placeholderIn(`So ${text}.`, [])).toBeUndefined(),
);

test('who writes more than a judge reads is refused, and not masked', () => {
  const rubric = { about: 'a report', criteria: [{ name: 'clear', asks: 'Is it clear?', weight: 1 }] };
  expect(readableGates('x'.repeat(100_001), rubric)).toMatchObject([{ name: 'length', passed: false }]);
  expect(readableGates('x'.repeat(100_000), rubric)).toEqual([]);
  expect(readableGates('x'.repeat(100_001), null)).toEqual([]);
});

test('characters that a reader does not see', () => {
  for (const code of [0x200b, 0x202e, 0xad, 0xe0041, 0xfeff, 0x1b])
    expect(strangeCharacter(`a${String.fromCodePoint(code)}b`)).toBeDefined();
  expect(strangeCharacter('Ünïcode, 日本語, “quotes” – 12 €\t\n😀')).toBeUndefined();
});
