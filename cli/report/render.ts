// The report: one page that needs nothing else, neither a network nor a script.
import { createHash } from 'node:crypto';
import type { ReportData } from '../../contracts/record.ts';
import { html, raw } from '../../infra/markup/html.ts';
import { cost } from './cost.ts';
import { evidence } from './evidence.ts';
import { gates } from './gates.ts';
import { head } from './head.ts';
import { ledger } from './ledger.ts';
import { manifest } from './manifest.ts';
import { merging } from './merging.ts';
import { monitor } from './monitor.ts';
import { overlap } from './overlap.ts';
import { rounds } from './rounds.ts';
import { FILTER_SCRIPT, samples } from './samples.ts';
import { share } from './share.ts';
import { STYLE } from './style.ts';
import { tasks } from './tasks.ts';
import { glossary } from './terms.ts';
import { training } from './training.ts';
import { viewOf } from './view.ts';

const SECTIONS = [
  ['rounds', 'Rounds'],
  ['evidence', 'Evidence'],
  ['training', 'Training'],
  ['monitor', 'Monitor'],
  ['overlap', 'Overlap'],
  ['merging', 'Merging'],
  ['share', 'Who did what'],
  ['cost', 'Cost'],
  ['gates', 'Decisions'],
  ['ledger', 'Ledger'],
  ['samples', 'Samples'],
  ['tasks', 'Tasks'],
  ['manifest', 'Reproduce'],
  ['glossary', 'Words'],
] as const;

const scriptHash = createHash('sha256').update(FILTER_SCRIPT).digest('base64');
/** Nothing is loaded, and no script runs but the one written here, should an escape ever fail. */
const POLICY = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${scriptHash}'; base-uri 'none'; form-action 'none'`;

/** A campaign's report as one self-contained HTML page. The same data give the same bytes. */
export function renderReport(data: ReportData): string {
  const view = viewOf(data);
  const certified = evidence(view);
  const overlapping = overlap(view);
  const merged = merging(view);
  const watched = monitor(view);
  const shared = share(view);
  const absent = new Set([
    ...(shared === undefined ? ['share'] : []),
    ...(watched === undefined ? ['monitor'] : []),
    ...(certified === undefined ? ['evidence'] : []),
    ...(overlapping === undefined ? ['overlap'] : []),
    ...(merged === undefined ? ['merging'] : []),
  ]);
  const links = SECTIONS.filter(([id]) => !absent.has(id)).map(([id, name]) => html`<a href="#${id}">${name}</a>`);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${data.state.campaign} · Anneal report</title>
<link rel="icon" href="data:,">
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
${head(view)}
<nav aria-label="Sections">${links}</nav>
${rounds(view)}${certified && html`\n${certified}`}
${training(view)}${watched && html`\n${watched}`}${overlapping && html`\n${overlapping}`}${merged && html`\n${merged}`}${shared && html`\n${shared}`}
${cost(view)}
${gates(view)}
${ledger(view)}
${samples(view)}
${tasks(view)}
${manifest(view)}
${glossary()}
</main>
<script>${raw(FILTER_SCRIPT)}</script>
</body>
</html>
`.html;
}
