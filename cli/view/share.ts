// The share of agents, as a terminal shows it.
import type { Share } from '../../contracts/share.ts';
import { shareSentence } from '../../policies/share.ts';
import { paint } from './paint.ts';
import { table } from './table.ts';
import { plain } from './text.ts';

const COLUMNS = [
  { title: 'step' },
  { title: 'model', align: 'right' },
  { title: 'program', align: 'right' },
  { title: 'policy', align: 'right' },
  { title: 'human', align: 'right' },
  { title: 'by agents', align: 'right' },
] as const;

const BY = { model: 'a model', program: 'a program', policy: 'code', human: 'a human' } as const;

export function renderShare(share: Share, { width, colour }: { width: number; colour: boolean }): string[] {
  const ink = paint(colour);
  if (share.all === 0) return [shareSentence(share)];
  const rows = share.steps.map(({ step, model, program, policy, human }) => [
    step,
    ...[model, program, policy, human].map((count) => (count === 0 ? '·' : String(count))),
    `${model + program} of ${model + program + policy + human}`,
  ]);
  return [
    ...table(COLUMNS, rows, { width, header: ink.bold }),
    '',
    ink.bold(shareSentence(share)),
    ...share.who.slice(0, 10).map(({ by, who, steps }) => `  ${plain(who)}, ${BY[by]}: ${steps}`),
    ...share.unproven.map((gate) =>
      ink.red(`✗ the audit log has no human's answer at ${plain(gate)}: counted nowhere`),
    ),
    ...(share.audited ? [] : ['Decisions are as the histories have them; no audit log was held against them.']),
    ...(share.cut ? ['There are more workflows than are read at once: narrow it by --since.'] : []),
  ];
}
