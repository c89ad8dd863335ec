import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { ANSWER_CORPUS } from '../../hacks/answer/corpus.ts';
import { judgeVariant } from '../../hacks/judging.ts';
import type { AnswerCheck } from './answer.ts';
import { type AcceptedForm, acceptedForm, flippedForm, isAccepted } from './forms.ts';
import { isNear, quotesTooMuch } from './how-much.ts';
import { linesOf, searchable } from './quotes.ts';

const instruments = {
  secret: 's',
  sandbox: {
    describe: async () => '',
    run: async () => {
      throw new Error('an answer is read, never run');
    },
  },
};
const SAMPLE = ANSWER_CORPUS[0]!;

test('golds are solved, and again in the same words', async () => {
  for (const sample of ANSWER_CORPUS) {
    const judged = await judgeVariant(sample, sample.gold, instruments);
    expect(judged, JSON.stringify(judged)).toMatchObject({ reward: { total: 1, solved: true } });
    expect(canonicalJson(await judgeVariant(sample, sample.gold, instruments))).toBe(canonicalJson(judged));
  }
});

test('every cheat against every sample earns nothing, every honest variant everything', async () => {
  for (const sample of ANSWER_CORPUS) {
    for (const { name, artifact } of sample.cheats)
      expect(await judgeVariant(sample, artifact, instruments), `${sample.task.id}: ${name}`).toMatchObject({
        outcome: 'policy_failure',
        reward: { total: 0, solved: false },
      });
    for (const { name, artifact } of sample.honest) {
      const judged = await judgeVariant(sample, artifact, instruments);
      expect(judged, `${sample.task.id}: ${name} ${JSON.stringify(judged)}`).toMatchObject({ reward: { total: 1 } });
    }
  }
});

test('documents that are not those of the task mask the sample', async () => {
  for (const given of [{}, { ...SAMPLE.given, 'report.txt': 'It stands 41.5 metres high' }]) {
    const judged = await judgeVariant({ ...SAMPLE, given }, SAMPLE.gold, instruments);
    expect(judged).toMatchObject({ outcome: 'verifier_failure' });
    expect(judged).not.toHaveProperty('reward');
  }
  const check = { ...(SAMPLE.task.check as object), required: [{ source: 'report.txt', text: 'never said' }] };
  const lost = { ...SAMPLE, task: { ...SAMPLE.task, check } };
  expect(await judgeVariant(lost, SAMPLE.gold, instruments)).toMatchObject({ outcome: 'verifier_failure' });
});

test('half of what has to be quoted is half the component, and not solved', async () => {
  const { required } = SAMPLE.task.check as AnswerCheck;
  const check = {
    ...(SAMPLE.task.check as object),
    required: [...required, { source: 'letter.txt', text: 'A letter.' }],
  };
  expect(await judgeVariant({ ...SAMPLE, task: { ...SAMPLE.task, check } }, SAMPLE.gold, instruments)).toMatchObject({
    outcome: 'policy_failure',
    reward: { total: 0.5, solved: false },
  });
});

const number = (value: number, more: object = {}): AcceptedForm =>
  acceptedForm.parse({ kind: 'number', value, ...more });
test.each([
  ['a number', 12.5, number(12.5), true],
  ['with separators', '1,234,567', number(1_234_567), true],
  ['with separators in wrong places', '12,34', number(1234), false],
  ['within tolerance', '99.5', number(100, { relative: 0.01 }), true],
  ['beyond it', '98.5', number(100, { relative: 0.01 }), false],
  ['a unit', '2 km', number(2_000, { units: { m: 1, km: 1_000 } }), true],
  ['no unit where one is needed', '2000', number(2_000, { units: { m: 1 } }), false],
  ['an unknown unit', '2 miles', number(2, { units: { '': 1 } }), false],
  ['a unit that every object has', '2 constructor', number(2), false],
  ['two numbers', '12 13', number(12), false],
  ['hexadecimal', '0x0c', number(12), false],
  ['infinity', 'Infinity', number(12, { relative: 9 }), false],
  ['too large for a double', '1e999', number(12, { relative: 9 }), false],
  ['a list for a number', ['12'], number(12), false],
  ['a minus that is none of the keyboard’s', '\u22125', number(-5), true],
  ['no nought before the point', '.5', number(0.5), true],
  ['a point alone', '.', number(0), false],
  ['thousands by blanks', '1\u202f234 567', number(1_234_567), true],
  ['thousands by apostrophes', '1’234’567', number(1_234_567), true],
  ['thousands by two signs', "1,234'567", number(1_234_567), false],
  ['blanks in wrong places', '12 34', number(1234), false],
  ['a currency before it', '$1,200', number(1200, { units: { $: 1 } }), true],
  ['a currency in letters before it', 'EUR 1,200.', number(1200, { units: { EUR: 1 } }), true],
  ['a word before it that is no unit', 'about 12', number(12), false],
  ['a unit on either side', '$12 $', number(12, { units: { $: 1 } }), false],
  ['a minus before a currency', '-€12.50', number(-12.5, { units: { '€': 1 } }), true],
  ['two signs', '-€-12.50', number(12.5, { units: { '€': 1 } }), false],
  ['thousands by lines', '1_204', number(1204), true],
  ['a unit with a figure in its name', '5 m2', number(5, { units: { 'm²': 1 } }), true],
  ['a number behind a unit', '5 m 2', number(5, { units: { m: 1 } }), false],
  ['a range', '5–7', number(5), false],
  ['a difference', '7-5', number(5), false],
  ['a unit with a raised sign', '5 m²', number(5, { units: { 'm²': 1 } }), true],
  ['quotes around it', '"12"', number(12), true],
  ['a sign of one letter for a unit', '5 \u2103', number(5, { units: { '°C': 1 } }), true],
  [
    'a day with a time of nought',
    '2024-03-12T00:00:00Z',
    acceptedForm.parse({ kind: 'date', day: '2024-03-12' }),
    true,
  ],
  [
    'a day with another time',
    '2024-03-12T23:30:00-05:00',
    acceptedForm.parse({ kind: 'date', day: '2024-03-12' }),
    false,
  ],
  [
    'a day with a time of nought, as databases write it',
    '2024-03-12 00:00:00',
    acceptedForm.parse({ kind: 'date', day: '2024-03-12' }),
    true,
  ],
  [
    'a day with a time of nought in UTC',
    '2024-03-12T00:00:00+00:00',
    acceptedForm.parse({ kind: 'date', day: '2024-03-12' }),
    true,
  ],
  [
    'a day with a time of nought elsewhere',
    '2024-03-12T00:00:00+05:00',
    acceptedForm.parse({ kind: 'date', day: '2024-03-12' }),
    false,
  ],
  ['a day in one piece', '20240312', acceptedForm.parse({ kind: 'date', day: '2024-03-12' }), true],
  ['a day with slashes and a name', '12/Mar/2024', acceptedForm.parse({ kind: 'date', day: '2024-03-12' }), true],
  [
    'the year first, with dashes and a name',
    '2024-Mar-12',
    acceptedForm.parse({ kind: 'date', day: '2024-03-12' }),
    true,
  ],
  ['a short weekday', 'Tue, 12 Mar 2024', acceptedForm.parse({ kind: 'date', day: '2024-03-12' }), true],
  ['another short weekday', 'Thu, 12 Mar 2024', acceptedForm.parse({ kind: 'date', day: '2024-03-12' }), false],
  ['a day with dashes and a name', '12-Mar-2024', acceptedForm.parse({ kind: 'date', day: '2024-03-12' }), true],
  ['the year first', '2024, March 12', acceptedForm.parse({ kind: 'date', day: '2024-03-12' }), true],
  ['dashes that do not break', '2024‑03‑12', acceptedForm.parse({ kind: 'date', day: '2024-03-12' }), true],
  ['another apostrophe', 'O’Brien!', acceptedForm.parse({ kind: 'exact', text: "O'Brien" }), true],
  ['set apart', '**Orla Fenn**', acceptedForm.parse({ kind: 'exact', text: 'Orla Fenn' }), true],
  ['other quotes', '«Orla Fenn».', acceptedForm.parse({ kind: 'exact', text: 'Orla Fenn' }), true],
  ['a factorial', '5', acceptedForm.parse({ kind: 'exact', text: '5!' }), false],
  ['feet for inches', "5'", acceptedForm.parse({ kind: 'exact', text: '5"' }), false],
  ['signs alone', '.', acceptedForm.parse({ kind: 'exact', text: '!' }), false],
  ['another dash', 'north‑west', acceptedForm.parse({ kind: 'exact', text: 'north-west' }), true],
  ['no dash', 'northwest', acceptedForm.parse({ kind: 'exact', text: 'north-west' }), false],
  ['a unit in capitals', '2 METRES', number(2, { units: { metres: 1 } }), true],
  ['a full stop', '2 m.', number(2, { units: { m: 1 } }), true],
  ['a full stop behind a bare number', '12.', number(12), true],
  ['two full stops', '12..', number(12), false],
  ['a symbol that is another in capitals', '2 MW', number(2, { units: { mW: 1 } }), false],
  ['a symbol of four letters', '2 Mbar', number(2, { units: { mbar: 1 } }), false],
  ['a word that two units share', '2 METRES', number(2, { units: { metres: 1, Metres: 9 } }), false],
  ['a day with slashes', '1888/07/01', acceptedForm.parse({ kind: 'date', day: '1888-07-01' }), true],
  ['a day with an of', '1st of July 1888', acceptedForm.parse({ kind: 'date', day: '1888-07-01' }), true],
  ['a day with its article', 'the 1st of July, 1888.', acceptedForm.parse({ kind: 'date', day: '1888-07-01' }), true],
  ['a day with its weekday', 'Sunday, 1 July 1888', acceptedForm.parse({ kind: 'date', day: '1888-07-01' }), true],
  ['a day with another weekday', 'Monday, 1 July 1888', acceptedForm.parse({ kind: 'date', day: '1888-07-01' }), false],
  ['two days', '1 July 1888 or 2 July 1888', acceptedForm.parse({ kind: 'date', day: '1888-07-01' }), false],
  ['a day in numbers', '07/01/1888', acceptedForm.parse({ kind: 'date', day: '1888-07-01' }), false],
  [
    'a day in numbers, as the task says',
    '07/01/1888',
    acceptedForm.parse({ kind: 'date', day: '1888-07-01', numbers: 'month first' }),
    true,
  ],
  [
    'a day in numbers, not as the task says',
    '07/01/1888',
    acceptedForm.parse({ kind: 'date', day: '1888-07-01', numbers: 'day first' }),
    false,
  ],
  ['a day', '12. Mar 2024', acceptedForm.parse({ kind: 'date', day: '2024-03-12' }), true],
  ['a day that is read in two ways', '12/03/2024', acceptedForm.parse({ kind: 'date', day: '2024-03-12' }), false],
  ['another day', '13 March 2024', acceptedForm.parse({ kind: 'date', day: '2024-03-12' }), false],
  ['a set', ['B', 'a'], acceptedForm.parse({ kind: 'set', items: ['a', 'b'] }), true],
  ['a set, one twice', ['a', 'a', 'b'], acceptedForm.parse({ kind: 'set', items: ['a', 'b'] }), false],
  ['a set, one missing', ['a'], acceptedForm.parse({ kind: 'set', items: ['a', 'b'] }), false],
  ['nothing', '', acceptedForm.parse({ kind: 'exact', text: 'a' }), false],
] as const)('%s', (_name, answer, form, accepted) => {
  expect(isAccepted(answer as Parameters<typeof isAccepted>[0], form)).toBe(accepted);
});

test('a flipped form does not accept what the form accepts', () => {
  const forms = fc.oneof(
    fc.record({
      kind: fc.constant('number' as const),
      value: fc.integer(),
      units: fc.constant({ '': 1 }),
      absolute: fc.double({ min: 0, max: 5, noNaN: true }),
      relative: fc.double({ min: 0, max: 0.5, noNaN: true }),
    }),
    fc.record({ kind: fc.constant('exact' as const), text: fc.stringMatching(/^[a-z]{1,8}$/) }),
    fc.record({
      kind: fc.constant('set' as const),
      items: fc.uniqueArray(fc.stringMatching(/^[a-e]{1,3}$/), { minLength: 1 }),
    }),
  );
  fc.assert(
    fc.property(forms, (form) => {
      const right = form.kind === 'number' ? form.value : form.kind === 'exact' ? form.text : form.items;
      expect(isAccepted(right, form)).toBe(true);
      expect(isAccepted(right, flippedForm(form))).toBe(false);
    }),
  );
});

test('a quote is found on its line whatever the white space', () => {
  const word = fc.stringMatching(/^[a-z]{1,6}$/);
  fc.assert(
    fc.property(
      fc.array(fc.array(word, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      (lines, pick) => {
        const document = searchable(lines.map((words) => words.join(' \t')).join(' \r\n\n'));
        const words = lines.flatMap((line, index) => line.map((text) => ({ text, line: index * 2 + 1 })));
        const from = pick % words.length;
        const quote = words
          .slice(from, from + 4)
          .map(({ text }) => text)
          .join('\n ');
        expect(linesOf(quote, document)).toContain(words[from]!.line);
        expect(linesOf(`${quote} §`, document)).toEqual([]);
        expect(linesOf(' ', document)).toEqual([]);
      },
    ),
  );
});

test('what is quoted is measured by what has to be, in each document and in all', () => {
  const words = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `w${index + from}`).join(' ');
  const documents = new Map(['a', 'b', 'c', 'd'].map((name) => [name, searchable(words(400))]));
  const required = [{ source: 'a', text: words(20, 100) }];
  const asked = (...evidence: [string, string][]) =>
    quotesTooMuch(
      documents,
      evidence.map(([source, quote]) => ({ source, quote })),
      required,
    );
  expect(asked(['a', words(40, 100)])).toBeUndefined();
  expect(asked(['a', words(40, 100)], ['a', words(40, 200)])).toMatch(
    /too much of a is quoted: 398 characters, of 298/,
  );
  // The same words again are no more of them.
  expect(asked(['a', words(40, 100)], ['a', `${words(40, 100)}  `])).toBeUndefined();
  expect(asked(['a', words(20, 100)], ['b', words(20)])).toBeUndefined();
  expect(asked(['b', words(60)])).toMatch(/too much of b/);
  expect(asked(['a', words(55, 100)], ['b', words(25)], ['c', words(25)])).toMatch(/too much of all documents/);
  // Beside nothing else there is nothing to search in.
  expect(
    quotesTooMuch(new Map([['s', searchable(words(30))]]), [{ source: 's', quote: words(30) }], []),
  ).toBeUndefined();

  expect(isNear({ source: 'a', quote: words(40, 95) }, required)).toBe(true);
  expect(isNear({ source: 'a', quote: words(60, 95) }, required)).toBe(false);
  // One quote for two passages beside each other.
  const two = [...required, { source: 'a', text: words(20, 125) }];
  expect(isNear({ source: 'a', quote: words(60, 95) }, two)).toBe(true);
});
