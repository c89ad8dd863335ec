// What a model suspects, as a part of a diagnosis' page: after everything that the detectors found, and marked as the model's.
import type { Diagnosis } from '../../contracts/diagnosis.ts';
import type { Paint } from './paint.ts';
import { clip, plain, wrap } from './text.ts';

export function renderHypotheses({ hypotheses = [], reader }: Diagnosis, p: Paint, width: number): string[] {
  if (reader === undefined) return [];
  const who = `${reader.scripted ? 'scripted model' : 'model'} ${plain(reader.model)}`;
  return [
    '',
    clip(`${p.bold('Hypotheses')}  ${p.magenta(who)}`, width),
    ...wrap('What a model suspects. It counts for nothing above; the lines that it cites are there.', width - 2).map(
      (line) => `  ${p.dim(line)}`,
    ),
    ...hypotheses.flatMap(({ cause, confidence, why, citations }) => [
      clip(`  ${p.magenta('~')} ${cause} (by its own word ${Math.round(confidence * 100)}%)`, width),
      ...wrap(plain(why), Math.max(16, width - 4)).map((line) => `    ${line}`),
      ...citations.flatMap(({ file, line, text }) => [
        clip(`    ${p.cyan(`${plain(file)}:${line}`)}`, width),
        ...wrap(plain(text, { tabs: true }), Math.max(14, width - 6))
          .slice(0, 3)
          .map((one) => `      ${p.dim(one)}`),
      ]),
    ]),
    ...(hypotheses.length === 0 ? [`  ${p.dim('none')}`] : []),
    ...reader.notes.flatMap((note) => wrap(plain(note), width - 2).map((line) => `  ${p.yellow(line)}`)),
    ...wrap(`${sent(reader)} ${keptIn(reader)}`, width - 2).map((line) => `  ${p.dim(line)}`),
  ];
}

type Reader = NonNullable<Diagnosis['reader']>;

function sent({ shown: { lines, secrets } }: Reader): string {
  const without = secrets === 0 ? '' : `, without ${secrets} ${secrets === 1 ? 'secret' : 'secrets'}`;
  return `It was shown ${lines} ${lines === 1 ? 'line' : 'lines'}${without}.`;
}

function keptIn({ way, record }: Reader): string {
  if (way === 'gateway') return 'Question and answer are in the data pool.';
  return record === null
    ? 'It was asked directly: question and answer are kept nowhere (--record FOLDER).'
    : `Question and answer: ${plain(record)}`;
}
