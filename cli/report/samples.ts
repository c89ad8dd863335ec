// Rollouts to read: the prompt, the reply word for word, and what the verifier said.
import { type Html, html } from '../../infra/markup/html.ts';
import type { ReportView } from './view.ts';

type Sample = ReportView['data']['samples'][number];

export function samples({ data }: ReportView): Html {
  if (data.samples.length === 0)
    return html`<section id="samples" aria-labelledby="h-samples"><h2 id="h-samples">Sample rollouts</h2><p>No sample was recorded.</p></section>`;
  const rounds = [...new Set(data.samples.map((one) => one.round))].sort((a, b) => a - b);
  const purposes = [...new Set(data.samples.map((one) => one.purpose))];
  const kinds = [...new Set(data.samples.map(kindOf))].sort();
  const choice = (name: string, label: string, values: readonly (string | number)[]): Html =>
    html`<label>${label} <select name="${name}"><option value="">all</option>${values.map((value) => html`<option>${value}</option>`)}</select></label>`;
  const firstPass = data.samples.findIndex((one) => kindOf(one) === 'passed');
  const firstFailure = data.samples.findIndex((one) => kindOf(one) !== 'passed');
  return html`<section id="samples" aria-labelledby="h-samples"><h2 id="h-samples">Sample rollouts</h2>
<p class="lead">Replies word for word, as the model gave them, with the verifier’s finding. They are a few of ${data.state.rounds.length === 1 ? 'one round' : `${data.state.rounds.length} rounds`}, chosen to show both sides, not a measure of anything.</p>
<form id="filter" hidden>${choice('round', 'Round', rounds)}${choice('kind', 'Outcome', kinds)}${purposes.length > 1 && choice('purpose', 'Purpose', purposes)}<output aria-live="polite">${data.samples.length} shown</output></form>
<div id="sample-list">${data.samples.map((one, index) => card(one, index === firstPass || index === firstFailure))}</div></section>`;
}

const FAILED: Readonly<Record<string, string>> = { success: 'passed', policy_failure: 'failed' };
const kindOf = (sample: Sample): string => FAILED[sample.outcome] ?? sample.outcome.replaceAll('_', ' ');

function card(sample: Sample, open: boolean): Html {
  const kind = kindOf(sample);
  const glyph = kind === 'passed' ? '✓' : kind === 'failed' ? '✗' : '?';
  const tone = kind === 'passed' ? 'good' : kind === 'failed' ? 'bad' : 'soft';
  return html`<details class="sample" data-round="${sample.round}" data-kind="${kind}" data-purpose="${sample.purpose}"${open && html` open`}>
<summary><span class="${tone} glyph">${glyph}</span><span class="task">${sample.task}</span><span class="soft">round ${sample.round}, ${sample.purpose}</span><span class="reward">reward ${sample.total.toFixed(2)}</span></summary>
<div class="exchange"><div><h4>Prompt</h4><pre>${sample.prompt}</pre></div><div><h4>Reply</h4><pre>${sample.reply}</pre></div></div>
<p class="found"><strong class="${tone}">${kind}</strong>: ${sample.verdict} <span class="soft">· form ${sample.format.toFixed(0)}, correct ${sample.correctness.toFixed(0)}, cases ${(100 * sample.partial).toFixed(0)}%</span><br><code class="soft">${sample.rollout}</code></p></details>`;
}

/** Filters the samples; the page is complete without it. */
export const FILTER_SCRIPT = `(() => {
  const form = document.getElementById('filter');
  if (!form) return;
  form.hidden = false;
  const samples = [...document.querySelectorAll('.sample')];
  const said = form.querySelector('output');
  form.addEventListener('change', () => {
    const wanted = [...form.querySelectorAll('select')].filter((s) => s.value !== '');
    let shown = 0;
    for (const sample of samples) {
      const fits = wanted.every((s) => sample.dataset[s.name] === s.value);
      sample.hidden = !fits;
      if (fits) shown += 1;
    }
    said.textContent = shown + ' of ' + samples.length + ' shown';
  });
})();`;
