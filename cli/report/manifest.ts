// What one needs to get the same result again.
import { stringify } from 'yaml';
import { dataTable } from '../../infra/markup/charts.ts';
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import type { ReportView } from './view.ts';

export function manifest({ data }: ReportView): Html {
  const rows = flatten(data.manifest).map(([path, value]): Part[] => [path, html`<code class="hash">${value}</code>`]);
  return html`<section id="manifest" aria-labelledby="h-manifest"><h2 id="h-manifest">To reproduce this</h2>
<p class="lead">The same specification and seed give the same task set, and grading again gives byte-identical rewards. Everything else that a result depends on is named here.</p>
${rows.length === 0 ? html`<p>No manifest was recorded.</p>` : dataTable('Reproducibility manifest', ['what', 'value'], rows, { numeric: false })}
<details class="data"><summary>Campaign specification, defaults filled in</summary><pre>${specification(data.spec)}</pre></details>
<p class="note">Specification hash: <code class="hash">${data.state.specHash}</code></p></section>`;
}

function specification(spec: unknown): string {
  return stringify(spec ?? {}, { lineWidth: 100 });
}

/** `machine.cpus` → `2`: nested members as dotted paths, so that a manifest of any version can be shown. */
export function flatten(value: unknown, path = ''): [string, string][] {
  if (value === null || value === undefined) return path === '' ? [] : [[path, String(value)]];
  if (typeof value !== 'object') return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, member]) => flatten(member, path === '' ? key : `${path}.${key}`));
}
