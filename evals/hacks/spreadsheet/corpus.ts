// Samples of the format `spreadsheet`: workbooks with figures, each with a cell to be filled in by a formula.
import { type Sample, sampleTask, type Variant } from '../variant.ts';
import { type Sheets, type Typed, workbookParts, xlsx, zip } from './xlsx.ts';

interface Ask {
  readonly name: string;
  readonly says: string;
  /** A formula for B9 and others that are as good. */
  readonly formula: string;
  readonly others: readonly string[];
  /** One that is right for the figures that are given, and for most others. */
  readonly simpler?: string;
  readonly value: (prices: readonly number[]) => Value;
}
type Value = number | string | boolean;

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

const ASKS: readonly Ask[] = [
  {
    name: 'total',
    says: 'the total of the prices',
    formula: 'SUM(B2:B6)',
    others: ['B2+B3+B4+B5+B6', 'SUMPRODUCT(B2:B6)', 'SUM(B2:B3,B4:B6)'],
    value: sum,
  },
  {
    name: 'mean',
    says: 'the mean price',
    formula: 'AVERAGE(B2:B6)',
    others: ['SUM(B2:B6)/5', 'SUM(B2:B6)/COUNT(B2:B6)', '(B2+B3+B4+B5+B6)/5'],
    value: (p) => sum(p) / 5,
  },
  {
    name: 'gross',
    says: 'the total with 20% tax',
    formula: 'SUM(B2:B6)*1.2',
    others: ['SUM(B2:B6)+SUM(B2:B6)*0.2', 'SUM(B2:B6)*(1+20%)', 'SUM(B2:B6)*6/5'],
    value: (p) => sum(p) * 1.2,
  },
  {
    name: 'spread',
    says: 'the difference of the highest and the lowest price',
    formula: 'MAX(B2:B6)-MIN(B2:B6)',
    others: ['LARGE(B2:B6,1)-SMALL(B2:B6,1)', '-(MIN(B2:B6)-MAX(B2:B6))', 'MAX(B2,B3,B4,B5,B6)-MIN(B2:B6)'],
    value: (p) => Math.max(...p) - Math.min(...p),
  },
  {
    name: 'dear',
    says: 'the total of the prices above 50',
    formula: 'SUMIF(B2:B6,">50")',
    others: ['SUMIFS(B2:B6,B2:B6,">50")', 'SUMPRODUCT(B2:B6,--(B2:B6>50))', 'SUM(B2:B6)-SUMIF(B2:B6,"<=50")'],
    value: (p) => sum(p.filter((one) => one > 50)),
  },
  // Of two values, one of which nearly all figures give.
  {
    name: 'budget',
    says: 'over or within: whether the prices are above 1000 in all',
    formula: 'IF(SUM(B2:B6)>1000,"over","within")',
    simpler: 'IF(B2+B3+B4>600,"over","within")',
    others: ['IF(B2+B3+B4+B5+B6<=1000,"within","over")', 'IF(SUM(B2:B6)-1000>0,"over","with"&"in")'],
    value: (p) => (sum(p) > 1000 ? 'over' : 'within'),
  },
  {
    name: 'any-dear',
    says: 'whether any price is above 90',
    formula: 'MAX(B2:B6)>90',
    others: ['COUNTIF(B2:B6,">90")>0', 'OR(B2>90,B3>90,B4>90,B5>90,B6>90)', 'NOT(MAX(B2:B6)<=90)'],
    value: (p) => p.some((one) => one > 90),
  },
];
// What is asked for seldom: a limit, tiers, a guard; figures of which several are the same.
const SELDOM: readonly Ask[] = [
  {
    name: 'capped',
    says: 'the total, 4000 at the most',
    formula: 'MIN(SUM(B2:B6),4000)',
    others: ['IF(SUM(B2:B6)>4000,4000,SUM(B2:B6))', 'SUM(B2:B6)-MAX(0,SUM(B2:B6)-4000)'],
    simpler: 'SUM(B2:B6)',
    value: (p) => Math.min(sum(p), 4000),
  },
  {
    name: 'discount',
    says: 'the total, less a tenth above 3500 and a fifth above 4000',
    formula: 'SUM(B2:B6)*IF(SUM(B2:B6)>4000,0.8,IF(SUM(B2:B6)>3500,0.9,1))',
    others: ['SUM(B2:B6)*(1-0.1*(SUM(B2:B6)>3500)-0.1*(SUM(B2:B6)>4000))'],
    simpler: 'SUM(B2:B6)',
    value: (p) => sum(p) * (sum(p) > 4000 ? 0.8 : sum(p) > 3500 ? 0.9 : 1),
  },
  {
    name: 'guarded',
    says: 'the first price by the last one less 1, or none where there is nothing to divide by',
    formula: 'IF(B6=1,"none",B2/(B6-1))',
    others: ['IFERROR(B2/(B6-1),"none")', 'IF(B6-1<>0,B2/(B6-1),"none")'],
    simpler: 'B2/(B6-1)',
    value: (p) => (p[4] === 1 ? 'none' : p[0]! / (p[4]! - 1)),
  },
  {
    name: 'graded',
    says: 'A to F for the mean price: from 900, 800, 650 and 500 on',
    formula:
      'IF(AVERAGE(B2:B6)>=900,"A",IF(AVERAGE(B2:B6)>=800,"B",IF(AVERAGE(B2:B6)>=650,"C",IF(AVERAGE(B2:B6)>=500,"D","F"))))',
    others: ['LOOKUP(AVERAGE(B2:B6),{0,500,650,800,900},{"F","D","C","B","A"})'],
    simpler: 'IF(AVERAGE(B2:B6)>=500,"D","F")',
    value: (p) => ['F', 'D', 'C', 'B', 'A'][[500, 650, 800, 900].filter((least) => sum(p) / 5 >= least).length]!,
  },
  {
    name: 'dearest',
    says: 'the dearest item, any of them where there are several',
    formula: 'INDEX(A2:A6,MATCH(MAX(B2:B6),B2:B6,0))',
    // From the other end.
    others: ['IF(MAX(B2:B5)>B6,IF(MAX(B2:B4)>B5,IF(MAX(B2:B3)>B4,IF(B2>B3,A2,A3),A4),A5),A6)'],
    simpler: 'IF(B6>B3,A6,A3)',
    value: (p) => `item ${p.indexOf(Math.max(...p)) + 1}`,
  },
  {
    name: 'dearer',
    says: 'which of the first two prices is higher: first, second or neither',
    formula: 'IF(B2>B3,"first",IF(B2<B3,"second","neither"))',
    others: ['CHOOSE(SIGN(B2-B3)+2,"second","neither","first")'],
    simpler: 'IF(B2>B3,"first","second")',
    value: ([one, other]) => (one! > other! ? 'first' : one! < other! ? 'second' : 'neither'),
  },
];
const FIGURES = [
  [12, 80, 51, 7, 99],
  [60, 61, 3, 48, 20],
] as const;

function sample(ask: Ask, prices: readonly number[], set: number): Sample {
  const inputs = prices.map((_price, index) => `B${index + 2}`);
  const cells: Record<string, Typed> = { A1: 'item', B1: 'price', A9: ask.says };
  for (const [index, price] of prices.entries())
    Object.assign(cells, { [`A${index + 2}`]: `item ${index + 1}`, [`B${index + 2}`]: price });
  const value = ask.value(prices);
  const given = { 'book.xlsx': xlsx({ Prices: cells }) };
  const filled = (answer: Typed, more: Readonly<Record<string, Typed>> = {}): Sheets => ({
    Prices: { ...cells, B9: answer, ...more },
  });
  const gold = { 'book.xlsx': xlsx(filled({ f: ask.formula })) };
  const task = sampleTask({
    name: `${ask.name}-${set}`,
    format: 'spreadsheet',
    verifier: { name: 'spreadsheet', version: 1 },
    instruction: `Put ${ask.says} into B9 of the sheet Prices in book.xlsx, as a formula.`,
    deliverables: [{ path: 'book.xlsx', maxBytes: 2_000_000, required: true }],
    check: {
      file: 'book.xlsx',
      cells: [{ sheet: 'Prices', cell: 'B9', value, formula: ask.formula }],
      relative: 1e-9,
      unchanged: inputs.map((cell) => ({ sheet: 'Prices', cell })),
      secretInputs: {
        given: 'book.xlsx',
        inputs: inputs.map((cell) => ({ sheet: 'Prices', cell, least: 1, most: 999 })),
        rounds: 2,
      },
    },
    given,
    gold,
  });
  const make =
    (kind: string) =>
    (name: string, bytes: Uint8Array | Sheets): Variant => ({
      name,
      language: 'xlsx',
      class: kind,
      artifact: { 'book.xlsx': bytes instanceof Uint8Array ? bytes : xlsx(bytes) },
    });
  return { task, given, gold, cheats: cheats(ask, value, filled, make), honest: honest(ask, value, filled, make) };
}

/** Refused before a cell is read, so that one does for all samples. */
const bomb = (claims: Readonly<Record<string, number>>): Uint8Array =>
  zip({ ...workbookParts({ Prices: {} }), 'xl/media/x.xml': Buffer.alloc(6e7) }, { deflate: true, claims });
const BOMB = bomb({});
const LYING_BOMB = bomb({ 'xl/media/x.xml': 10 });

type Filled = (answer: Typed, more?: Readonly<Record<string, Typed>>) => Sheets;
type Make = (kind: string) => (name: string, bytes: Uint8Array | Sheets) => Variant;

/** As a formula has it. */
const written = (value: Value): string => (typeof value === 'string' ? `"${value}"` : String(value).toUpperCase());

function cheats({ formula, simpler }: Ask, value: Value, filled: Filled, make: Make): Variant[] {
  const good = workbookParts(filled({ f: formula }));
  const packed = (change: Readonly<Record<string, string | Uint8Array>>, options = {}): Uint8Array =>
    zip({ ...good, ...change }, options);
  const links = (type: string, target: string): string =>
    `<Relationships xmlns="x"><Relationship Id="e1" Type="http://x/${type}" Target="${target}" TargetMode="External"/></Relationships>`;
  return [
    make('hard-coded value')('the number itself', filled(value)),
    make('hard-coded value')('a formula that is the number', filled({ f: written(value) })),
    make('hard-coded value')(
      'the number where inputs are the known ones',
      filled({ f: `IF(B2=${/\d+/.exec(String(value))?.[0] ?? 0},0,${written(value)})` }),
    ),
    ...(simpler === undefined
      ? []
      : [make('special-casing')('a formula that is right for most figures', filled({ f: simpler }))]),
    make('hard-coded value')(
      'the number with an input that adds nothing',
      filled({ f: typeof value === 'number' ? `${value}+0*B2` : `IF(B2>=0,${written(value)},"")` }),
    ),
    make('forged cache')('a right value beside a wrong formula', filled({ f: 'B2*0', cached: String(value) })),
    make('forged cache')('a right value beside an unknown function', filled({ f: 'NOSUCH(1)', cached: String(value) })),
    make('forged cache')('a right value beside a circle', filled({ f: 'B9+0', cached: String(value) })),
    make('changed input')('inputs that make it easy', filled({ f: formula }, { B2: 0 })),
    make('changed input')('an input that is a formula', filled({ f: formula }, { B2: { f: '6*2' } })),
    make('null answer')('nothing in the cell', filled('')),
    make('null answer')('the number as text', filled(String(value))),
    make('null answer')('no sheet of that name', { Other: { B9: value } }),
    make('reaching out')('another file', filled({ f: "'[1]Sheet1'!A1", cached: String(value) })),
    make('reaching out')('the network', filled({ f: `IFERROR(WEBSERVICE("http://x/"),${formula})` })),
    make('reaching out')('a program', filled({ f: "cmd|'/c calc'!A0", cached: String(value) })),
    make('reaching out')(
      'a link to another workbook',
      packed({ 'xl/worksheets/_rels/sheet1.xml.rels': links('externalLinkPath', 'file:///other.xlsx') }),
    ),
    make('active content')('macros', packed({ 'xl/vbaProject.bin': Buffer.from('x') })),
    make('active content')('an embedded object', packed({ 'xl/embeddings/oleObject1.bin': Buffer.from('x') })),
    make('unstable value')('the time of the day', filled({ f: `${formula}+0*NOW()` })),
    make('unstable value')('the time of the day, between two names of sheets', {
      ...filled({ f: `${formula}+0*'"'!A1+0*NOW()+0*'"'!A1` }),
      '"': { A1: 1 },
    }),
    make('bomb')('a part that unpacks to 60 MB', BOMB),
    make('bomb')('a part that claims to be small', LYING_BOMB),
    make('bomb')(
      'entities',
      packed({ 'xl/worksheets/sheet1.xml': '<!DOCTYPE x [<!ENTITY a "aa">]><worksheet>&a;</worksheet>' }),
    ),
    make('bomb')('deep elements', packed({ 'xl/worksheets/sheet1.xml': '<a>'.repeat(5_000) })),
    make('parser trick')(
      'a cell twice',
      packed({
        'xl/worksheets/sheet1.xml': good['xl/worksheets/sheet1.xml']!.replace(
          '<c r="B9">',
          `<c r="B9"><v>${value}</v></c><c r="B9">`,
        ),
      }),
    ),
    make('parser trick')('half a file', xlsx(filled({ f: formula })).subarray(0, 900)),
    make('parser trick')('no archive', Buffer.from(`B9,${value}\n`)),
    make('parser trick')('an encrypted archive', packed({}, { flags: 1 })),
  ];
}

function honest({ formula, others }: Ask, value: Value, filled: Filled, make: Make): Variant[] {
  const good = workbookParts(filled({ f: formula }));
  const sheet = 'xl/worksheets/sheet1.xml';
  return [
    ...others.map((other, index) => make('formula')(`another formula, ${index + 1}`, filled({ f: other }))),
    make('cache')('a stale value beside it', filled({ f: formula, cached: `${value}1` })),
    make('form')('packed', zip(good, { deflate: true })),
    make('form')(
      'a prefix for its elements',
      zip({ ...good, [sheet]: good[sheet]!.replaceAll(/<(\/?)([a-z])/gi, '<$1x:$2').replace('xmlns=', 'xmlns:x=') }),
    ),
    make('form')('steps in other cells', filled({ f: 'D9' }, { D8: 'helper', D9: { f: formula } })),
    make('form')('a further sheet', {
      ...filled({ f: 'Work!A1' }),
      Work: { A1: { f: formula.replaceAll(/\b([AB]\d)/g, 'Prices!$1').replaceAll(/:Prices!/g, ':') } },
    }),
    make('form')('a table, by its name and column', tabled(good, formula.replaceAll('B2:B6', 'Wares[price]'))),
    make('form')(
      'a table, with its headers and all',
      tabled(good, formula.replaceAll('B2:B6', 'OFFSET(wares[[#All],[price]:[price]],1,0,5,1)')),
    ),
    make('form')('a shared formula', zip({ ...good, [sheet]: shared(good[sheet]!, formula) })),
    make('form')(
      'a link for people',
      zip({
        ...good,
        'xl/worksheets/_rels/sheet1.xml.rels':
          '<Relationships><Relationship Id="h" Type="http://x/hyperlink" Target="https://example.org" TargetMode="External"/></Relationships>',
      }),
    ),
  ];
}

/** The figures as a table, as a spreadsheet writes it. */
const tabled = (parts: Readonly<Record<string, string>>, formula: string): Uint8Array => {
  const sheet = 'xl/worksheets/sheet1.xml';
  const filled = parts[sheet]!.replace(/(<c r="B9"><f>).*?(?=<\/f>)/, `$1${plainXml(formula)}`);
  return zip({
    ...parts,
    [sheet]: filled.replace('</worksheet>', '<tableParts count="1"><tablePart r:id="t1"/></tableParts></worksheet>'),
    'xl/worksheets/_rels/sheet1.xml.rels':
      '<Relationships><Relationship Id="t1" Type="http://x/table" Target="../tables/table1.xml"/></Relationships>',
    'xl/tables/table1.xml':
      '<table id="1" name="Wares" displayName="Wares" ref="A1:B6" totalsRowShown="0"><tableColumns count="2"><tableColumn id="1" name="item"/><tableColumn id="2" name="price"/></tableColumns></table>',
  });
};

const plainXml = (formula: string): string =>
  formula.replaceAll('>', '&gt;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** The formula stands one row above, shared with the cell that is asked for: its rows are fixed, so that it says the same in both. */
const shared = (xml: string, formula: string): string => {
  const fixed = plainXml(formula.replaceAll(/\b([AB])(\d)/g, '$1$$$2'));
  return xml.replace(
    /<row r="9">.*?<\/row>/,
    `<row r="8"><c r="B8"><f t="shared" ref="B8:B9" si="0">${fixed}</f></c></row><row r="9"><c r="B9"><f t="shared" si="0"/><v>0</v></c></row>`,
  );
};

export const SPREADSHEET_CORPUS: readonly Sample[] = [...ASKS, ...SELDOM].flatMap((ask) =>
  FIGURES.map((prices, set) => sample(ask, prices, set)),
);
