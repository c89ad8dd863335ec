// Which part of the campaign's steps agents did.
import type { Share } from '../../contracts/share.ts';
import { dataTable } from '../../infra/markup/charts.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import { shareSentence } from '../../policies/share.ts';
import type { ReportView } from './view.ts';

const BY = { model: 'model', program: 'program', policy: 'code', human: 'human' } as const;

/** Undefined in reports from before it was counted, and where the histories could not be read. */
export function share({ data }: ReportView): Html | undefined {
  const told = data.share;
  if (told === undefined || told.all === 0) return undefined;
  const rows = told.steps.map(({ step, model, program, policy, human }) => [
    step,
    ...[model, program, policy, human].map(String),
    `${model + program} of ${model + program + policy + human}`,
  ]);
  return html`<section id="share" aria-labelledby="h-share"><h2 id="h-share">Who did what</h2>
<p class="lead">${shareSentence(told)}</p>
${dataTable('Steps by who did them', ['step', 'models', 'programs', 'code', 'humans', 'by agents'], rows)}
<p class="note">${told.who.map(({ by, who, steps }) => `${who} (${BY[by]}): ${steps}`).join(' · ')}</p>
<p class="note">Counted from the histories of its workflows; programs are those with an agent’s role. ${unproven(told)}</p></section>`;
}

const unproven = ({ unproven: gates }: Share): string =>
  gates.length === 0
    ? 'The audit log bears out every human decision.'
    : `The audit log has no human’s answer at ${gates.join(', ')}: counted nowhere.`;
