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
