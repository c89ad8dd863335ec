// Ten reports on small museums: data, a note to quote from, and what has to be written of them.
import type { Block } from '../../verifiers/document/blocks.ts';
import type { DocumentCheck } from '../../verifiers/document/document.ts';
import { FILES, type Form } from './write.ts';

export interface Museum {
  readonly name: string;
  readonly form: Form;
  readonly opened: number;
  readonly months: readonly (readonly [month: string, visitors: number, revenue: number])[];
}

const museum = (name: string, form: Form, opened: number, first: number): Museum => ({
  name,
  form,
  opened,
  months: ['April', 'May', 'June', 'July'].map((month, at) => {
    const visitors = first + 137 * at + ((first * (at + 3)) % 211);
    return [month, visitors, visitors * 7 + 19 * at] as const;
  }),
});

export const MUSEUMS: readonly Museum[] = [
  museum('Aldness Light', 'markdown', 1974, 812),
  museum('Brackholm Mill', 'docx', 1981, 640),
  museum('Corvay Glass', 'html', 1992, 1_204),
  museum('Dunmere Boats', 'markdown', 1968, 455),
  museum('Eskwater Salt', 'docx', 2003, 973),
  museum('Farrow Clocks', 'markdown', 1988, 528),
  museum('Gullane Birds', 'html', 1979, 1_390),
  museum('Harrowby Tin', 'markdown', 1995, 701),
  museum('Isbister Peat', 'docx', 2011, 366),
  museum('Kelsay Wool', 'markdown', 1971, 889),
];

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
export const revenue = ({ months }: Museum): number => sum(months.map(([, , money]) => money));
export const visitors = ({ months }: Museum): number => sum(months.map(([, people]) => people));
export const quoteOf = ({ name }: Museum): string =>
  `Most guests of ${name} came by ferry, and hardly anybody stayed for the evening tour.`;

export const givenOf = (of: Museum): Record<string, string> => ({
  'sales.csv': ['month,visitors,revenue', ...of.months.map((row) => row.join(','))].join('\n').concat('\n'),
  'notes.txt': `Notes of the warden, ${of.name}, open since ${of.opened}.\n\n${quoteOf(of)}\nThe roof was mended in spring.\n`,
});

export const instructionOf = (of: Museum): string =>
  `Write ${FILES[of.form]}, a report on the season of ${of.name}, from sales.csv and notes.txt: the sections Summary, Figures and Outlook in this order; under Figures a table with the columns Month, Visitors and Revenue; “Total revenue: N” and “Total visitors: N”; the warden's sentence about the ferry, word by word. Cite sales.csv as [@sales] and the notes as [@notes], and nothing else. State no number that does not follow from the files. 80 to 400 words.`;

/** The table of the months, row by row as the sales have them. */
export const MONTHS = {
  columns: ['Month', 'Visitors', 'Revenue'],
  data: {
    file: 'sales.csv',
    columns: { Month: 'month', Visitors: 'visitors', Revenue: 'revenue' },
    key: 'Month',
    places: 0,
  },
};

export const checkOf = (of: Museum): DocumentCheck => ({
  file: FILES[of.form],
  as: of.form,
  sections: [
    { heading: 'Summary', words: { min: 25, max: 250 } },
    { heading: 'Figures' },
    { heading: 'Outlook', words: { min: 10, max: 200 } },
  ],
  content: {
    words: { min: 80, max: 400 },
    tables: [{ section: 'Figures', ...MONTHS, rows: { min: 4, max: 6 } }],
    facts: [{ name: 'the warden’s sentence', file: 'notes.txt', quote: quoteOf(of) }],
    numbers: [
      {
        name: 'the revenue',
        label: 'Total revenue',
        is: { file: 'sales.csv', column: 'revenue', how: 'sum' },
        places: 0,
      },
      {
        name: 'the visitors',
        label: 'Total visitors',
        is: { file: 'sales.csv', column: 'visitors', how: 'sum' },
        places: 0,
      },
    ],
    traceable: { from: 13, also: [] },
    forbidden: [],
    citations: { sources: { sales: 'sales.csv', notes: 'notes.txt' }, atLeast: 2 },
  },
  rendered: true,
  rubric: null,
  judgedByRulesAlone: true,
});

const grouped = (value: number): string => value.toLocaleString('en-US');

/** A report as it should be, in pieces that can be changed one by one. */
export interface Pieces {
  readonly title: Block;
  readonly summary: readonly Block[];
  readonly figures: readonly Block[];
  readonly table: Block;
  readonly outlook: readonly Block[];
}

export function piecesOf(of: Museum): Pieces {
  const best = of.months.toSorted(([, , one], [, , other]) => other - one)[0]!;
  const text = (kind: 'paragraph' | 'quote', words: string): Block => ({ kind, text: words });
  return {
    title: { kind: 'heading', level: 1, text: `The season of ${of.name}` },
    summary: [
      text(
        'paragraph',
        `The museum has been open since ${of.opened} [@notes], and this season was a steady one. Takings rose with the summer and were highest in ${best[0]}, when ${grouped(best[1])} people came through the door [@sales]. The warden puts it this way:`,
      ),
      text('quote', quoteOf(of)),
    ],
    figures: [
      text('paragraph', `Total revenue: ${grouped(revenue(of))} [@sales].`),
      text('paragraph', `Total visitors: ${grouped(visitors(of))} [@sales].`),
    ],
    table: {
      kind: 'table',
      columns: ['Month', 'Visitors', 'Revenue'],
      rows: of.months.map(([month, people, money]) => [month, String(people), String(money)]),
    },
    outlook: [
      text(
        'paragraph',
        'An earlier tour would suit guests who have to catch the last boat, and the mended roof leaves room in the budget for it [@notes].',
      ),
    ],
  };
}

const heading = (text: string, level = 2): Block => ({ kind: 'heading', level, text });

export const put = ({ title, summary, figures, table, outlook }: Pieces, level = 2): Block[] => [
  title,
  heading('Summary', level),
  ...summary,
  heading('Figures', level),
  ...figures,
  table,
  heading('Outlook', level),
  ...outlook,
];
