// One change of what is known while logs are followed, in a few lines.
import type { Diagnosis } from '../../contracts/diagnosis.ts';
import { paint } from './paint.ts';
import { clip, plain, wrap } from './text.ts';

export function renderChange(
  { cause, summary, confidence, firstFault, evidence }: Diagnosis,
  at: Date,
  { width, colour }: { width: number; colour: boolean },
): string[] {
  const p = paint(colour);
  const within = Math.max(20, width);
  const clock = p.dim(at.toTimeString().slice(0, 8));
  if (firstFault === null) return [clip(`${clock} ${p.green('✓')} the run goes on: that was no fault`, within)];
  const { file, line, rank } = firstFault;
  const where = `${plain(file)}:${line}${rank === null ? '' : ` · rank ${rank}`}`;
  const quote = evidence.find(({ role }) => role === 'first-fault');
  return [
    clip(`${clock} ${p.red('✗')} ${p.bold(cause)} ${p.dim(`${Math.round(confidence * 100)}%`)}  ${where}`, within),
    ...wrap(plain(summary), within - 9).map((one) => `         ${one}`),
    ...(quote === undefined ? [] : [clip(`         ${p.red(plain(quote.text, { tabs: true }))}`, within)]),
  ];
}
