// Which version was trained from which: a line of dots, and an arc where training went back.
import type { CampaignState } from '../../contracts/record.ts';
import { type Html, html } from '../../infra/markup/html.ts';

const STEP = 44;
const MOST = 60;

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly verdict: string;
}

export function renderLineage({ rounds, best, latest }: CampaignState): Html {
  const edges: Edge[] = rounds
    .filter(({ policy, to, from }) => policy.number === to && to !== from)
    .map(({ from, to, verdict }) => ({ from, to, verdict }));
  const shown = edges.slice(-MOST);
  const first = shown[0]?.from ?? 0;
  const versions = [...new Set([first, ...shown.flatMap(({ from, to }) => [from, to])])].toSorted((a, b) => a - b);
  const x = (version: number): number => 24 + versions.indexOf(version) * STEP;
  const width = 48 + (versions.length - 1) * STEP;
  const lines = shown.map(({ from, to }) => {
    const far = versions.indexOf(to) - versions.indexOf(from);
    return far === 1
      ? html`<line class="edge" x1="${x(from) + 6}" x2="${x(to) - 6}" y1="44" y2="44"/>`
      : html`<path class="edge" fill="none" d="M${x(from)} 37Q${(x(from) + x(to)) / 2} ${Math.max(2, 37 - 9 * far)} ${x(to)} 37"/>`;
  });
  const bent = shown.some(({ from, to }) => versions.indexOf(to) - versions.indexOf(from) > 1);
  const top = bent ? 0 : 34;
  const nodes = versions.map((version) => {
    const kind =
      version === best ? 'best' : edges.find(({ to }) => to === version)?.verdict === 'revert' ? 'reverted' : 'plain';
    const signs = [...(version === best ? ['best'] : []), ...(version === latest ? ['latest'] : [])].join(', ');
    return html`<g class="node-${kind}"><title>version ${version}${signs !== '' && `: ${signs}`}</title><circle class="node" cx="${x(version)}" cy="44" r="6"/><text class="axis" x="${x(version)}" y="65" text-anchor="middle">v${version}</text></g>`;
  });
  const said = edges.map(({ from, to, verdict }) => `v${to} from v${from} (${verdict})`).join(', ');
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Versions, drawn"><svg class="lineage" viewBox="0 ${top} ${width} ${72 - top}" width="${width}" height="${72 - top}" role="img" aria-label="Versions: ${said === '' ? 'only the base model' : said}. Best is v${best}, latest v${latest}.">${lines}${nodes}</svg></div><p class="note">Best is v${best}, latest v${latest}.${edges.length > MOST && ` Only the last ${MOST} are drawn.`}</p>`;
}
