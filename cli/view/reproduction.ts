// What came of running a result again, a line for each part.
import type { ReproducedPart, Reproduction } from '../../contracts/reproduction.ts';
import { paint as paints } from './paint.ts';
import { wrap } from './text.ts';

const SIGNS: Readonly<Record<ReproducedPart['verdict'], string>> = { same: '✓', different: '✗', left: '–' };
const WORDS: Readonly<Record<ReproducedPart['verdict'], string>> = {
  same: 'the same',
  different: 'differs',
  left: 'not run again',
};

export function renderReproduction(
  { campaign, parts }: Reproduction,
  { width, colour }: { readonly width: number; readonly colour: boolean },
): string[] {
  const paint = paints(colour);
  const widest = Math.max(...parts.map(({ part }) => part.length));
  const indent = ' '.repeat(widest + 19);
  const lines = parts.flatMap(({ part, verdict, why }) => {
    const sign = verdict === 'different' ? paint.red(SIGNS[verdict]) : SIGNS[verdict];
    const [first = '', ...rest] = wrap(why, Math.max(30, width - indent.length));
    return [
      `${sign} ${part.padEnd(widest)}  ${WORDS[verdict].padEnd(14)} ${first}`,
      ...rest.map((line) => indent + line),
    ];
  });
  return [`${campaign}, run again from what is stored:`, '', ...lines];
}
