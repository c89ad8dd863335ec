// Samples of the format `document`: thirty reports, ten in each of Markdown, Word and HTML.
import { z } from 'zod';
import type { Block } from '../../verifiers/document/blocks.ts';
import { zip } from '../spreadsheet/xlsx.ts';
import { type Sample, sampleTask, type Variant } from '../variant.ts';
import { documentCheats } from './cheats.ts';
import { FURTHER_REPORTS } from './further-reports.ts';
import {
  checkOf,
  givenOf,
  instructionOf,
  MUSEUMS,
  type Museum,
  type Pieces,
  piecesOf,
  put,
  quoteOf,
  revenue,
  visitors,
} from './report.ts';
import { docxBody, docxParts, FILES, html, markdown, run, written } from './write.ts';

const say = (text: string): Block => ({ kind: 'paragraph', text });

const openingOf = ({ summary: [first] }: Pieces): string => (first?.kind === 'paragraph' ? first.text : '');

/** As good as the gold, and different from it in one thing each. */
function honest(of: Museum): Variant[] {
  const pieces = piecesOf(of);
  const one = (name: string, kind: string, blocks: readonly Block[]): Variant => ({
    name,
    language: of.form,
    class: kind,
    artifact: written(blocks, of.form),
  });
  const [total, people] = [revenue(of), visitors(of)];
  const rows = pieces.table.kind === 'table' ? pieces.table.rows : [];
  const table = (columns: readonly string[], of: (row: readonly string[]) => readonly string[]): Block => ({
    kind: 'table',
    columns,
    rows: rows.map(of),
  });
  return [
    one('as it is', 'gold', put(pieces)),
    one('headings a level lower', 'headings', put(pieces, 3)),
    one(
      'headings in capitals',
      'headings',
      put(pieces).map((block) => (block.kind === 'heading' ? { ...block, text: block.text.toUpperCase() } : block)),
    ),
    one('a further section', 'sections', [
      ...put(pieces),
      { kind: 'heading', level: 2, text: 'Sources' },
      { kind: 'item', text: 'The table of sales [@sales]' },
      { kind: 'item', text: 'The notes of the warden [@notes]' },
    ]),
    one(
      'totals without separators',
      'numbers',
      put({ ...pieces, figures: [say(`Total revenue: ${total} [@sales]. Total visitors: ${people} [@sales].`)] }),
    ),
    one(
      'totals in a list',
      'numbers',
      put({
        ...pieces,
        figures: [
          { kind: 'item', text: `Total revenue: ${total.toLocaleString('en-US')}` },
          { kind: 'item', text: `Total visitors: ${people.toLocaleString('en-US')}` },
          say('Both follow from the sales [@sales].'),
        ],
      }),
    ),
    one(
      'columns in another order, and one more',
      'table',
      put({
        ...pieces,
        table: table(['Revenue', 'Month', 'Visitors', 'Remark'], ([month, guests, money]) => [
          money!,
          month!,
          guests!,
          'as recorded',
        ]),
      }),
    ),
    one(
      'a last row with the totals',
      'table',
      put({
        ...pieces,
        table: {
          kind: 'table',
          columns: ['Month', 'Visitors', 'Revenue'],
          rows: [...rows, ['All', String(people), String(total)]],
        },
      }),
    ),
    one(
      'months from the last to the first, numbers in groups and with what they count',
      'table',
      put({
        ...pieces,
        table: {
          kind: 'table',
          columns: ['Month', 'Visitors', 'Revenue'],
          rows: of.months
            .toReversed()
            .map(([month, guests, money]) => [
              month.toUpperCase(),
              `${guests.toLocaleString('en-US')} visitors`,
              `€ ${money.toLocaleString('en-US')}`,
            ]),
        },
      }),
    ),
    one(
      'a heading within the table, a source in a cell',
      'table',
      put({
        ...pieces,
        table: {
          kind: 'table',
          columns: ['Month', 'Visitors', 'Revenue'],
          rows: [
            ['At first', '', ''],
            ...rows.slice(0, 2),
            ['Later', '', ''],
            ...rows.slice(2).map(([month, guests, money]) => [month!, guests!, `${money} EUR [@sales]`]),
          ],
        },
      }),
    ),
    one(
      'the quote within a sentence, in curly marks',
      'quote',
      put({
        ...pieces,
        summary: [say(`${openingOf(pieces)} “${quoteOf(of)}”`)],
      }),
    ),
    one(
      'both sources cited at once',
      'citations',
      put({
        ...pieces,
        outlook: [
          say(
            'An earlier tour would suit guests who have to catch the last boat, and the takings leave room for it [@notes; @sales].',
          ),
        ],
      }),
    ),
    ...honestByForm(of),
    one(
      'other words',
      'prose',
      put({
        ...pieces,
        outlook: [
          say(
            'Next year the tour should begin before supper. That costs little, fits the timetable of the boats, and gives day guests a reason to stay a while.',
          ),
        ],
      }),
    ),
  ];
}

/** What people and their programs write besides. */
function honestByForm(of: Museum): Variant[] {
  const blocks = put(piecesOf(of));
  const file = (name: string, content: string | Uint8Array): Variant => ({
    name,
    language: of.form,
    class: 'form',
    artifact: { [FILES[of.form]]: content },
  });
  if (of.form === 'markdown') {
    const text = markdown(blocks);
    return [
      file('metadata in front, other ends of lines', `---\ntitle: ${of.name}\n---\n\n${text}`.replaceAll('\n', '\r\n')),
      file(
        'marks of HTML, and code that shows some',
        `${text}\nAs much as **H<sub>2</sub>O**<br>and \`<div hidden>\`, or a < b.\n`,
      ),
      file(
        'a link by its name, and a note',
        `${text}\nSee [the table][t].[^1]\n\n[t]: sales.csv\n\n[^1]: As the sales say.\n`,
      ),
      file(
        'a picture and a block of code',
        `${text}\n![Takings by month](chart.png)\n\n\`\`\`html\n<p hidden>an example</p>\n\`\`\`\n`,
      ),
    ];
  }
  if (of.form === 'html')
    return [
      file(
        'letters in two colours',
        html(
          blocks,
          'h1{background:linear-gradient(90deg,#036,#603);-webkit-background-clip:text;background-clip:text;color:transparent}',
        ),
      ),
      file('light on dark', html(blocks, 'body{background:#123;color:#fff}')),
    ];
  const parts = docxParts(docxBody(blocks));
  const head = '<w:tcPr><w:shd w:val="clear" w:fill="1F3864"/></w:tcPr>';
  const main = parts['word/document.xml']!;
  return [
    file(
      'white letters on a dark head of the table',
      zip({
        ...parts,
        'word/document.xml': main.replace(/<w:tr>.*?<\/w:tr>/, (row) =>
          row
            .replaceAll('<w:tc>', `<w:tc>${head}`)
            .replaceAll('<w:r>', '<w:r><w:rPr><w:color w:val="FFFFFF"/></w:rPr>'),
        ),
      }),
    ),
    file(
      'grey letters, a large first one, a field with its result',
      zip({
        ...parts,
        'word/document.xml': main.replace(
          '<w:body>',
          `<w:body><w:p><w:pPr><w:framePr w:dropCap="drop" w:lines="2"/></w:pPr>${run('A', '<w:color w:val="595959"/>')}</w:p><w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>${run('page one', '<w:color w:val="595959"/>')}<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>`,
        ),
      }),
    ),
  ];
}

const sample = (of: Museum): Sample => {
  const given = givenOf(of);
  const gold = written(put(piecesOf(of)), of.form);
  const task = sampleTask({
    name: of.name.toLowerCase().replaceAll(' ', '-'),
    format: 'document',
    verifier: { name: 'document', version: 4 },
    instruction: instructionOf(of),
    check: z.json().parse(checkOf(of)),
    deliverables: [{ path: FILES[of.form], maxBytes: 2_000_000, required: true }],
    given,
    gold,
  });
  return { task, given, gold, cheats: documentCheats(of), honest: honest(of) };
};

export const DOCUMENT_CORPUS: readonly Sample[] = [...MUSEUMS, ...FURTHER_REPORTS].map(sample);
