// Further reports, so that ten are asked for in each form: their data differs in what a report stumbles over (signs in names, millions,
// figures of two digits, five rows, rows that fall).
import type { Museum } from './report.ts';
import type { Form } from './write.ts';

type Row = readonly [month: string, visitors: number, revenue: number];

const report = (form: Form, name: string, opened: number, ...months: readonly Row[]): Museum => ({
  form,
  name,
  opened,
  months,
});

const rising = (first: number, step: number, price: number, names: readonly string[]): Row[] =>
  names.map((name, at) => [name, first + step * at, (first + step * at) * price + 3 * at] as const);

const SPRING = ['March', 'April', 'May', 'June'];
const SUMMER = ['May', 'June', 'July', 'August', 'September'];
const AUTUMN = ['September', 'October', 'November', 'December'];
const QUARTERS = ['Winter', 'Spring', 'Summer', 'Autumn'];

const MARKDOWN = [
  report('markdown', 'Lyngvær Nets', 1959, ...rising(1_950_400, 13_127, 3, SPRING)),
  report('markdown', 'St. Ninian Bells', 2019, ...rising(2_310, -211, 11, AUTUMN)),
  report('markdown', 'O’Hara Lace', 1986, ...rising(417, 89, 6, SUMMER)),
  report('markdown', 'Müller-Ried Dolls', 1963, ...rising(15_120, 4_003, 9, QUARTERS)),
  report(
    'markdown',
    'Nethy Rail 7',
    2007,
    ['June', 98, 1_176],
    ['July', 75, 900],
    ['August', 91, 1_092],
    ['May', 44, 528],
  ),
];

const DOCX = [
  report('docx', 'Øksfjord Whale', 1990, ...rising(3_408, 517, 14, SUMMER)),
  report('docx', 'Quendale Wheel', 1955, ...rising(702, -39, 8, AUTUMN)),
  report('docx', 'Rønne Ceramics', 2014, ...rising(480_210, 9_871, 5, SPRING)),
  report('docx', 'Sannox Barytes', 1977, ['May', 61, 305], ['June', 83, 415], ['July', 97, 485], ['August', 78, 390]),
  report('docx', 'Tomatin & Sons', 1984, ...rising(1_733, 402, 12, QUARTERS)),
  report('docx', 'Unst Heritage', 2001, ...rising(877, 61, 7, SUMMER)),
  report('docx', 'Vågan Lofts', 1966, ...rising(22_019, -1_307, 4, SPRING)),
];

const HTML = [
  report('html', 'Wanlock Lead', 1974, ...rising(5_210, 333, 13, SUMMER)),
  report('html', 'Yell Lace & Yarn', 2016, ...rising(640, -58, 9, AUTUMN)),
  report('html', 'Zennor Tide', 1961, ...rising(1_204_800, 31_007, 3, QUARTERS)),
  report('html', 'Ålesund Fire', 1999, ...rising(7_702, 1_209, 6, SPRING)),
  report('html', 'Bø Runes', 1982, ['April', 52, 416], ['May', 88, 704], ['June', 79, 632], ['July', 96, 768]),
  report('html', 'Cille Bharra', 2009, ...rising(391, 77, 17, SUMMER)),
  report('html', 'D’Arcy Prints', 1969, ...rising(18_444, -2_050, 5, AUTUMN)),
  report('html', 'Embo “Old” Pier', 1993, ...rising(2_871, 146, 10, QUARTERS)),
];

export const FURTHER_REPORTS: readonly Museum[] = [...MARKDOWN, ...DOCX, ...HTML];
