// What a campaign may use, and what it has used.
import { durationMs } from '../../contracts/units.ts';
import { count, span, wholePercent } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import type { LookedAtCampaign } from '../read/campaign.ts';

/** What humans take is not counted. */
const isWork = (stage: string): boolean => !stage.endsWith('-gate');
const TRAINS = new Set(['train']);
const SERVES = new Set(['baseline', 'rollout', 'evaluate', 'sealed']);

export function renderBudgets({ spec, state, profile }: Pick<LookedAtCampaign, 'spec' | 'state' | 'profile'>): Html {
  const seconds = (of: (stage: string) => boolean): number =>
    state.stages.reduce((sum, one) => sum + (of(one.stage) ? one.seconds : 0), 0);
  const worked = seconds(isWork);
  const wall = durationMs(spec.budget.wallClock) / 1000;
  const opened = state.sealed === undefined ? 0 : 1;
  return html`<dl class="budgets">${meter('tokens', state.tokens, spec.budget.tokens, count)}${meter('time at work', worked, wall, span)}${meter('sealed openings', opened, spec.budget.sealedOpenings, String, false)}${gpuHours(profile, seconds)}</dl>`;
}

function meter(name: string, used: number, most: number, say: (value: number) => string, warns = true): Html {
  const share = most === 0 ? 0 : Math.min(1, used / most);
  const full = warns && used >= most && most > 0;
  return html`<div><dt>${name}</dt><dd><svg class="meter${full && ' full'}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="room" width="100" height="6"/><rect class="used" width="${(100 * share).toFixed(1)}" height="6"/></svg>${say(used)} of ${say(most)}${most > 0 && html` <span class="soft">(${wholePercent(used / most)})</span>`}</dd></div>`;
}

/** By the profile: what its pods hold while their stages run. */
function gpuHours(profile: LookedAtCampaign['profile'], seconds: (of: (stage: string) => boolean) => number): Html {
  if (profile === undefined) return html`<div><dt>GPU hours</dt><dd>none: this machine's processors</dd></div>`;
  const devices = (part: { nodes: number; gpusPerNode: number; accelerator: string }): number =>
    profile.accelerators[part.accelerator]?.device === 'cpu' ? 0 : part.nodes * part.gpusPerNode;
  const trained = devices(profile.trainer) * seconds((stage) => TRAINS.has(stage));
  const served = devices(profile.rollout) * seconds((stage) => SERVES.has(stage));
  const hours = (trained + served) / 3600;
  return html`<div><dt>GPU hours</dt><dd>${hours.toFixed(1)} <span class="soft">held by its pods while their stages ran</span></dd></div>`;
}
