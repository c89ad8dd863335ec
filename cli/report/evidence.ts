// Where promotion is certified: how large noise is, what each look showed and spent, and what is in doubt.
import type { Look } from '../../contracts/certified.ts';
import type { RoundRecord } from '../../contracts/record.ts';
import { dataTable } from '../../infra/markup/charts.ts';
import { percent, points } from '../../infra/markup/figures.ts';
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import { chance } from '../../policies/wording.ts';
import { term } from './terms.ts';
import { bound, type ReportView, rate } from './view.ts';

type Looked = RoundRecord & { readonly look: Look };

/** Undefined where rounds are decided by estimates. */
export function evidence({ data }: ReportView): Html | undefined {
  const { certified, baseline, rounds } = data.state;
  if (certified === undefined) return undefined;
  const looks = rounds.filter((round): round is Looked => round.look !== undefined);
  const { again, noise, size, best } = certified;
  return html`<section id="evidence" aria-labelledby="h-evidence"><h2 id="h-evidence">What the verdicts rest on</h2>
<p class="lead">Every ${term('look')} at a candidate may spend a share of the chance that any promotion of the campaign is false. The gain is taken by families of tasks, against the best version.</p>
<p>${noise.why} ${baseline && html`The two ${term('pass rate', 'pass rates')} are ${rate(baseline.passRate)} and ${rate(again.passRate)}; the ${term('noise floor')} is ${bound(noise.floor)} points.`}</p>
<p>${size}</p>
${best && html`<p>Version ${best.version} was measured again after its promotion, since it was promoted on lucky results: ${rate(best.result.passRate)}. Later candidates are held against that.</p>`}
${looks.length === 0 ? html`<p>No candidate was looked at.</p>` : html`${table(looks)}${newest(looks.at(-1)!)}${slices(looks)}`}</section>`;
}

function table(looks: readonly Looked[]): Html {
  const rows = looks.map(({ round, verdict, look }): Part[] => [
    String(round),
    html`<span class="verdict-${verdict}">${verdict}</span>`,
    String(look.look),
    points(look.gain, { unit: false }),
    chance(look.p),
    chance(look.alpha),
    chance(look.spent),
    Math.exp(look.logE).toPrecision(3),
    gap(look),
    look.slices.map(({ capability }) => capability).join(', ') || '–',
  ]);
  const head = [
    'round',
    term('verdict'),
    term('look'),
    term('gain'),
    'p',
    'may spend',
    'spent',
    term('e-value'),
    term('visible gap'),
    'in doubt',
  ];
  return dataTable('Looks', head, rows, { texts: [1, 9] });
}

function gap({ gap }: Look): Part {
  if (gap === undefined) return '–';
  const interval = html`<span class="soft nowrap">(${bound(gap.low)} to ${bound(gap.high)})</span>`;
  return html`${points(gap.value, { unit: false })} ${interval}${gap.frozen && html` <strong class="bad">frozen</strong>`}`;
}

const newest = ({ round, why }: Looked): Html => html`<p>Round ${round}: ${why}</p>`;

const FINDINGS: Readonly<Record<Look['slices'][number]['finding'], string>> = {
  lost: 'lost: shown by its families',
  flagged: 'fell at an earlier look, and is not back',
  large: 'far lower, on too few families to tell chance from loss',
};

/** Of the newest look: what was in doubt before stands in the table of looks. */
function slices(looks: readonly Looked[]): Html | undefined {
  const { round, look } = looks.at(-1)!;
  if (look.slices.length === 0) return undefined;
  const rows = look.slices.map(({ capability, before, after, finding }) => [
    capability,
    percent(before),
    percent(after),
    FINDINGS[finding],
  ]);
  return dataTable(`In doubt in round ${round}`, ['capability', 'version 0', 'candidate', 'why'], rows, { texts: [3] });
}
