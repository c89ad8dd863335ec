// The report's data, read once: what is loosely typed in the record is parsed here, and missing parts stay missing.
import { type CampaignSpec, campaignSpec } from '../../contracts/campaign.ts';
import { type StepMetrics, stepMetrics } from '../../contracts/job.ts';
import { type LockedSet, lockedSet } from '../../contracts/locked-set.ts';
import type { Estimate } from '../../contracts/policy-version.ts';
import type { ReportData } from '../../contracts/record.ts';
import { percent } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';

export interface ReportView {
  readonly data: ReportData;
  readonly spec: CampaignSpec | undefined;
  readonly lock: LockedSet | undefined;
  readonly steps: readonly (StepMetrics & { readonly round: number })[];
  /** `95%` */
  readonly level: string;
}

export function viewOf(data: ReportData): ReportView {
  const spec = campaignSpec.safeParse(data.spec).data;
  const steps = data.steps
    .flatMap((entry) => {
      const parsed = stepMetrics.safeParse(entry).data;
      return parsed === undefined ? [] : [{ ...parsed, round: entry.round }];
    })
    .sort((a, b) => a.round - b.round || a.step - b.step);
  const level = `${Number((100 * (spec?.evaluation.confidence ?? 0.95)).toFixed(1))}%`;
  return { data, spec, lock: lockedSet.safeParse(data.taskSet).data, steps, level };
}

/** `27.0% (20.1 to 33.9)` */
export function rate(estimate: Estimate): Html {
  if (estimate.n === 0) return html`<span class="soft">not measured</span>`;
  return html`${percent(estimate.value)} <span class="soft nowrap">(${bound(estimate.low)} to ${bound(estimate.high)})</span>`;
}

/** `27.0%`, or a dash where nothing was measured: a share of no replies is not 0%. */
export const share = (estimate: Estimate): string => (estimate.n === 0 ? '–' : percent(estimate.value));

export const bound = (share: number): string => `${share < 0 ? '−' : ''}${(100 * Math.abs(share)).toFixed(1)}`;

/** A hash, short, with the whole of it for those who hover or copy. */
export const shortHash = (hash: string): Html => html`<code title="${hash}">${hash.slice(0, 12)}</code>`;
