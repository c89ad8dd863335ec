// Samples of the format `document`: ten reports, five in Markdown, three in Word, two in HTML.
import { z } from 'zod';
import type { Block } from '../../verifiers/document/blocks.ts';
import { type Sample, sampleTask, type Variant } from '../variant.ts';
import { documentCheats } from './cheats.ts';
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
import { FILES, written } from './write.ts';

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

const sample = (of: Museum): Sample => {
  const given = givenOf(of);
  const gold = written(put(piecesOf(of)), of.form);
  const task = sampleTask({
    name: of.name.toLowerCase().replaceAll(' ', '-'),
    format: 'document',
    verifier: { name: 'document', version: 1 },
    instruction: instructionOf(of),
    check: z.json().parse(checkOf(of)),
    deliverables: [{ path: FILES[of.form], maxBytes: 2_000_000, required: true }],
    given,
    gold,
  });
  return { task, given, gold, cheats: documentCheats(of), honest: honest(of) };
};

export const DOCUMENT_CORPUS: readonly Sample[] = MUSEUMS.map(sample);
