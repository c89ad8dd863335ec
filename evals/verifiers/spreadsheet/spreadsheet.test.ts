import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { judgeVariant } from '../../hacks/judging.ts';
import { SPREADSHEET_CORPUS } from '../../hacks/spreadsheet/corpus.ts';
import { type Typed, workbookParts, xlsx, zip } from '../../hacks/spreadsheet/xlsx.ts';
import { forbidden, moved, nameOf, placeOf, withoutDoubleSigns } from './formula.ts';
import { recalculate } from './recalculate.ts';
import { drawSecretFigures } from './secret-figures.ts';
import { type Tables, withoutTables } from './tables.ts';
import { type CellValue, readWorkbook } from './workbook.ts';

vi.setConfig({ testTimeout: 180_000 });
const instruments = { sandbox: createBubblewrapSandbox(), secret: 'a secret' };
const SAMPLE = SPREADSHEET_CORPUS[0]!;

test('golds are solved, in the same words each time', async () => {
  for (const sample of SPREADSHEET_CORPUS.filter((_one, index) => index % 4 === 0)) {
    const judged = await judgeVariant(sample, sample.gold, instruments);
    expect(judged, JSON.stringify(judged)).toMatchObject({ reward: { total: 1, solved: true } });
  }
  const [one, again] = [
    await judgeVariant(SAMPLE, SAMPLE.gold, instruments),
    await judgeVariant(SAMPLE, SAMPLE.gold, instruments),
  ];
  expect(canonicalJson(again)).toBe(canonicalJson(one));
});

test('the engine gives what a spreadsheet gives', async () => {
  const cells: Record<string, [Typed, unknown]> = {
    A1: [0.1, 0.1],
    A2: [{ f: 'A1*3' }, 0.3],
    A3: ['=SUM(1)', '=SUM(1)'],
    A4: ['007', '007'],
    A5: [true, true],
    A6: [{ f: '1/0' }, { error: '#DIV/0!' }],
    A7: [{ f: 'IF(A5,"yes","no")&"!"' }, 'yes!'],
    A8: [{ f: 'VLOOKUP(2,C1:D2,2,FALSE)' }, 'two'],
    A9: [{ f: 'DATE(2024,3,12)' }, 45363],
    B1: [{ f: '_xlfn.XLOOKUP("two",D1:D2,C1:C2)' }, 2],
    B2: [{ f: 'ROUND(2/3,4)' }, 0.6667],
    B3: [{ f: '1e20/3' }, 1e20 / 3],
    B4: [{ f: 'Z99' }, 0],
    B5: [{ f: 'SUMPRODUCT(C1:C2,--(C1:C2>1))' }, 2],
    C1: [1, 1],
    D1: ['one', 'one'],
    C2: [2, 2],
    D2: ['two', 'two'],
    E1: ['it\'s <&> "so"', 'it\'s <&> "so"'],
  };
  const book = readWorkbook(
    xlsx({ 'A sheet': Object.fromEntries(Object.entries(cells).map(([at, [typed]]) => [at, typed])) }),
  );
  const names = Object.keys(cells);
  const answer = await recalculate(
    instruments.sandbox,
    [book],
    [...names.map((cell) => ({ sheet: 'a SHEET', cell })), { sheet: 'A sheet', cell: 'Z1' }],
  );
  const values = 'values' in answer ? answer.values[0]! : [];
  for (const [index, name] of names.entries()) {
    const [wanted, seen] = [cells[name]![1], values[index]];
    if (typeof wanted === 'number') expect(Math.abs(Number(seen) / wanted - 1) || 0, name).toBeLessThan(1e-12);
    else expect(seen, name).toEqual(wanted);
  }
  expect(values.at(-1)).toBeNull();
});

test('a formula that takes for ever, or all memory, is a gate that fails', async () => {
  const cells: Record<string, Typed> = { B9: { f: 'SUM(C1:C400)' } };
  for (let row = 1; row <= 400; row += 1)
    cells[`C${row}`] = { f: `SUMPRODUCT((D1:D1000000=${row})*(E1:E1000000=${row}))` };
  const { Prices } = { Prices: { ...given(), ...cells } };
  const judged = await judgeVariant(SAMPLE, { 'book.xlsx': xlsx({ Prices }) }, instruments);
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
  const gate = 'judgement' in judged ? judged.judgement.gates.at(-1) : undefined;
  expect(gate?.passed).toBe(false);
});

const given = (): Record<string, CellValue> =>
  Object.fromEntries(
    [...readWorkbook(SAMPLE.given['book.xlsx'] as Uint8Array).sheets[0]!.cells].map(([at, cell]) => [
      at,
      'value' in cell ? cell.value : '',
    ]),
  );

test('a sandbox that fails, and a given workbook that is not there, mask the sample', async () => {
  const sandbox = { describe: async () => '', run: () => Promise.reject(new AnnealError('sandbox.failed', 'gone')) };
  const broken = await judgeVariant(SAMPLE, SAMPLE.gold, { sandbox, secret: 's' });
  expect(broken).toMatchObject({ outcome: 'infrastructure_failure' });
  const lost = await judgeVariant({ ...SAMPLE, given: {} }, SAMPLE.gold, instruments);
  expect(lost).toMatchObject({ outcome: 'verifier_failure' });
  for (const judged of [broken, lost]) expect(judged).not.toHaveProperty('reward');
});

test('bytes of any kind are a workbook or a reason, never a crash', () => {
  const good = Buffer.from(xlsx({ S: { A1: 1, B1: { f: 'A1' } } }));
  const read = (bytes: Uint8Array) => {
    try {
      return readWorkbook(bytes).sheets.length;
    } catch (failure) {
      expect((failure as Error).constructor.name, String(failure)).toBe('Refusal');
      return 0;
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void read(bytes)));
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const copy = Buffer.from(good);
      copy[at] = byte;
      read(copy);
      read(good.subarray(0, at));
    }),
    { numRuns: 500 },
  );
});

test.each([
  [
    'two sheets of one name',
    {
      'xl/workbook.xml': '<workbook><sheets><sheet name="A" r:id="r1"/><sheet name="a" r:id="r1"/></sheets></workbook>',
    },
    'names of their own',
  ],
  [
    'a sheet that is not there',
    {
      'xl/_rels/workbook.xml.rels':
        '<Relationships><Relationship Id="r1" Target="worksheets/none.xml"/></Relationships>',
    },
    'has no xl/worksheets/none.xml',
  ],
  [
    'a text that is not there',
    {
      'xl/worksheets/sheet1.xml':
        '<worksheet><sheetData><row><c r="A1" t="s"><v>5</v></c></row></sheetData></worksheet>',
    },
    'names a text',
  ],
  [
    'no number',
    { 'xl/worksheets/sheet1.xml': '<worksheet><sheetData><row><c r="A1"><v>NaN</v></c></row></sheetData></worksheet>' },
    'no number',
  ],
  [
    'a cell beyond the sheet',
    {
      'xl/worksheets/sheet1.xml': '<worksheet><sheetData><row><c r="AAAA1"><v>1</v></c></row></sheetData></worksheet>',
    },
    'without a place',
  ],
  [
    'a name that reaches out',
    {
      'xl/workbook.xml':
        '<workbook><definedNames><definedName name="x">WEBSERVICE("http://x")</definedName></definedNames><sheets><sheet name="A" r:id="r1"/></sheets></workbook>',
    },
    'WEBSERVICE',
  ],
  ['UTF-16', { 'xl/workbook.xml': Buffer.from('<workbook/>', 'utf16le') }, 'holds broken XML'],
])('a workbook with %s is refused', (_name, change, why) => {
  expect(() => readWorkbook(zip({ ...workbookParts({ S: { A1: 1 } }), ...change }))).toThrow(why);
});

test('places and their names, and formulas that move', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_048_576 }), fc.integer({ min: 1, max: 16_384 }), (row, column) => {
      expect(placeOf(nameOf({ row, column }))).toEqual({ row, column });
    }),
  );
  const move = (formula: string) => moved(formula, { row: 1, column: 1 }, { row: 3, column: 2 });
  expect(move('A1+$A1+A$1+$A$1')).toBe('B3+$A3+B$1+$A$1');
  expect(move('SUM(A1:B2)&"A1 ""A1"""&\'A1\'!C4')).toBe('SUM(B3:C4)&"A1 ""A1"""&\'A1\'!D6');
  expect(move('LOG10(A1)+MY_A1+A1B+SHEET1!A1')).toBe('LOG10(B3)+MY_A1+A1B+SHEET1!B3');
  expect(moved('A1', { row: 5, column: 1 }, { row: 1, column: 1 })).toBe('#REF!');
});

test('what the engine cannot do masks the sample', async () => {
  const cells = { ...given(), B9: { f: 'SUM(-B2:B6)' } };
  expect(await judgeVariant(SAMPLE, { 'book.xlsx': xlsx({ Prices: cells }) }, instruments)).toMatchObject({
    outcome: 'verifier_failure',
  });
});

test('two signs become a factor only where it is the same', () => {
  expect(withoutDoubleSigns('SUMPRODUCT(A1:A3, --(B1:B3>5))')).toBe('SUMPRODUCT(A1:A3, 1*(B1:B3>5))');
  for (const same of ['6/--3', '2^--3', 'A1--B1', '"(--x)"&A1', "'(--x'!A1", '-3'])
    expect(withoutDoubleSigns(same)).toBe(same);
});

test('what reaches out is found whatever stands around it', () => {
  for (const formula of [
    "'[1]S'!A1",
    '[book.xlsx]S!A1',
    'IF(1,webservice("x"))',
    "cmd|'/c x'!A0",
    'NOW()',
    'A1+Rand ()',
  ])
    expect(forbidden(formula), formula).toBeDefined();
  for (const formula of ['SUM(A1:A2)', '"NOW()"&"[1]S!A1|x"', 'Table1[Price]*2', 'BRAND(1)'])
    expect(forbidden(formula), formula).toBeUndefined();
});

test('secret figures are drawn until no value that is typed in is right for all of them', async () => {
  const drawn = (gives: (prices: readonly number[]) => number | string | boolean, relative = 0) =>
    drawSecretFigures({
      ...{ secret: 'a secret', rounds: 2, most: 500, tolerance: { absolute: 0, relative } },
      inputs: ['B2', 'B3', 'B4', 'B5', 'B6'].map((cell) => ({ sheet: 'Prices', cell, least: 1, most: 999 })),
      follow: [{ index: 0, name: 'Prices!B9' }],
      calculate: async (rounds) => rounds.map((round) => [gives(round.map(({ value }) => value))]),
    });
  const sum = (prices: readonly number[]) => prices.reduce((a, b) => a + b, 0);
  const any = await drawn(sum);
  expect(any).toHaveLength(16);
  for (const [at] of any[0]!.inputs.entries()) {
    const figures = any.map(({ inputs }) => inputs[at]!.value);
    expect([Math.min(...figures), Math.max(...figures)]).toEqual([1, 999]);
  }
  for (const [least, gives] of [
    [12, (prices: readonly number[]) => sum(prices) > 1000],
    [12, (prices: readonly number[]) => (sum(prices) > 4800 ? 'dear' : 'cheap')],
    [12, (prices: readonly number[]) => Math.max(...prices) > 20],
  ] as const) {
    const rounds = await drawn(gives);
    expect(rounds.length).toBeGreaterThanOrEqual(least);
    expect(new Set(rounds.map(({ values }) => values[0])).size).toBe(2);
  }
  // A value between two near ones would be right for both.
  const near = await drawn((prices) => 1000 + sum(prices) / 10, 0.1);
  const values = near.map((one) => one.values[0] as number);
  expect(Math.max(...values) * 0.9).toBeGreaterThan(Math.min(...values) * 1.1);
  await expect(drawn((prices) => prices.length)).rejects.toThrow(/Prices!B9 gives the same for each of 256 draws/);
});

test('a task whose formula gives the same for all inputs judges nobody', async () => {
  const check = SAMPLE.task.check as unknown as { readonly cells: readonly object[] };
  const cells = check.cells.map((one) => ({ ...one, formula: 'COUNT(B2:B6)', value: 5 }));
  const still = { ...SAMPLE, task: { ...SAMPLE.task, check: { ...check, cells } as never } };
  const judged = await judgeVariant(
    still,
    { 'book.xlsx': xlsx({ Prices: { ...given(), B9: { f: 'COUNT(B2:B6)' } } }) },
    instruments,
  );
  expect(judged).toMatchObject({ outcome: 'verifier_failure', reason: expect.stringContaining('could be typed in') });
});

test('what a formula says of a table is the range that it means', () => {
  const tables: Tables = new Map([
    [
      'wares',
      {
        sheet: "'My ''sheet'",
        ...{ from: { row: 3, column: 2 }, to: { row: 9, column: 4 }, headers: 1, totals: 1 },
        columns: ['item', 'net price', 'tax'],
      },
    ],
  ]);
  const at = { row: 5, column: 4 };
  for (const [said, meant] of [
    ['SUM(Wares[Net price])', "SUM('My ''sheet'!$C$4:$C$8)"],
    ['SUM(wares[[net price]:[tax]])', "SUM('My ''sheet'!$C$4:$D$8)"],
    ['ROWS(Wares)+ROWS(Wares[])', "ROWS('My ''sheet'!$B$4:$D$8)+ROWS('My ''sheet'!$B$4:$D$8)"],
    ['Wares[[#Headers],[tax]]&Wares[[#Totals],[tax]]', "'My ''sheet'!$D$3&'My ''sheet'!$D$9"],
    ['COUNTA(Wares[#All])', "COUNTA('My ''sheet'!$B$3:$D$9)"],
    ['Wares[[#This Row],[net price]]*2', "'My ''sheet'!$C$5*2"],
    ['[@tax]+Wares[@[net price]]', "'My ''sheet'!$D$5+'My ''sheet'!$C$5"],
    ['"Wares[tax]"&Wares!A1&Wares(1)&Other[tax]&Wares[none]', '"Wares[tax]"&Wares!A1&Wares(1)&Other[tax]&Wares[none]'],
    ["'Wares[tax]'!A1+[1]S!A1", "'Wares[tax]'!A1+[1]S!A1"],
  ])
    expect(withoutTables(said!, tables, at)).toBe(meant);
});
