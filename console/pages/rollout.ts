// One rollout: what was asked, completion by completion, what it handed in, and the verdict with what that rests on.
import type { EpisodeTurn } from '../../contracts/episode.ts';
import type { Judgement } from '../../contracts/judgement.ts';
import type { CompletionRecord, Reward } from '../../contracts/trajectory.ts';
import { grouped, span } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import type { LookedAtRollout, Readable } from '../read/rollouts.ts';
import { textOf } from '../show/attachments.ts';
import { isDiff, renderDiff } from '../show/diff.ts';
import { firstLines, marked } from '../show/text.ts';
import { restOf, toneOf, wordsOf } from './rollouts.ts';

/** Characters of one text, and of all texts of a page. */
const MOST = 8_000;
const MOST_STEPS = 40;

export function rolloutPage(
  looked: LookedAtRollout,
  neighbours: { readonly before?: string; readonly after?: string },
): Html {
  const { trajectory, completions, artifact, episode, evidence } = looked;
  const { campaign, round, reward } = trajectory;
  const here = `/campaigns/${campaign}/rounds/${round}/rollouts`;
  return html`<p class="soft"><a href="/campaigns/${campaign}">${campaign}</a> · <a href="${here}">${round === 0 ? 'baseline' : `round ${round}`}</a></p>
<div class="headline"><h1>${restOf(trajectory)}</h1><nav class="pager" aria-label="Rollouts of this round">${neighbours.before && html`<a rel="prev" href="${here}/${neighbours.before}">Before</a>`}${neighbours.after && html`<a rel="next" href="${here}/${neighbours.after}">Next</a>`}</nav></div>
<dl class="facts wide"><div><dt>outcome</dt><dd class="${toneOf(trajectory.outcome)}"><strong>${wordsOf(trajectory.outcome)}</strong>${trajectory.reason !== undefined && html`: ${marked(trajectory.reason)}`}</dd></div>
<div><dt>reward</dt><dd>${reward === undefined ? 'none' : rewardLine(reward)}</dd></div>
<div><dt>task</dt><dd>${trajectory.task} <span class="soft">${trajectory.family} · for ${trajectory.purpose}, of the ${trajectory.split} split</span></dd></div>
<div><dt>policy</dt><dd>${trajectory.policy}</dd></div>
<div><dt>tokens</dt><dd>${grouped(trajectory.tokens.prompt)} in, ${grouped(trajectory.tokens.completion)} out</dd></div></dl>
${trajectory.alarms && html`<section aria-labelledby="h-alarms"><h2 id="h-alarms">Integrity</h2><ul class="plain">${trajectory.alarms.map(({ detector, why, read }) => html`<li><span class="tag bad">${detector}</span> ${marked(why)}${read && ' (seen in the source alone)'}</li>`)}</ul></section>`}
<section aria-labelledby="h-steps"><h2 id="h-steps">Completions</h2>${steps(completions, episode)}</section>
${artifact && html`<section aria-labelledby="h-artifact"><h2 id="h-artifact">What it handed in</h2>${read(artifact, renderBytes)}</section>`}
${episode?.value && Object.keys(episode.value.record.files).length > 0 && html`<section aria-labelledby="h-files"><h2 id="h-files">Files it left</h2><ul class="plain">${Object.entries(episode.value.record.files).map(([path, ref]) => html`<li><code>${path}</code> ${grouped(ref.bytes)} bytes, ${ref.sha256.slice(0, 12)}</li>`)}</ul></section>`}
${evidence && html`<section aria-labelledby="h-verdict"><h2 id="h-verdict">Verdict</h2>${read(evidence, (value) => (typeof value === 'string' ? block(value) : verdict(value)))}</section>`}`;
}

function read<T>(found: Readable<T>, show: (value: T) => Html): Html {
  return 'why' in found
    ? html`<p class="trouble"><code>${found.why.code}</code> It cannot be read: ${found.why.message}.</p>`
    : show(found.value);
}

function rewardLine({ total, components, verifier }: Reward): Html {
  const parts = Object.entries(components).filter((one): one is [string, number] => typeof one[1] === 'number');
  return html`<strong>${total.toFixed(2)}</strong> <span class="soft">${parts.map(([name, value]) => `${name} ${value.toFixed(2)}`).join(' · ')} · by ${verifier.name}@${verifier.version}</span>`;
}

function block(text: string): Html {
  const cut = firstLines(text, 300, MOST);
  return html`<pre tabindex="0">${marked(cut.text)}</pre>${cut.left > 0 && html`<p class="note">Cut: ${grouped(cut.left)} more lines are not shown.</p>`}`;
}

function renderBytes(bytes: Uint8Array): Html {
  const text = textOf(bytes);
  if (text === undefined) return html`<p class="note">Binary, ${grouped(bytes.length)} bytes: not shown.</p>`;
  if (!isDiff(text)) return block(text);
  const { body, note } = renderDiff(text);
  return html`<p class="note">${note}</p>${body}`;
}

function steps(completions: readonly CompletionRecord[], episode: LookedAtRollout['episode']): Html {
  const transcript = episode?.value?.transcript;
  const turns = transcript?.turns.slice(0, MOST_STEPS) ?? [];
  const shown = completions.slice(0, MOST_STEPS);
  const more = Math.max(completions.length, transcript?.turns.length ?? 0) - MOST_STEPS;
  return html`${
    turns.length > 0
      ? html`<ol class="turns">${turns.map(turn)}</ol>`
      : html`<ol class="turns">${shown.map((one, index) => completion(one, shown[index - 1]))}</ol>`
  }${completions.length === 0 && turns.length === 0 && html`<p class="soft">None is recorded.</p>`}${more > 0 && html`<p class="note">${grouped(more)} more are not shown.</p>`}`;
}

/** Of a conversation only what is new since the one before. */
function completion(one: CompletionRecord, before: CompletionRecord | undefined): Html {
  const known = before === undefined ? 0 : sharedWith(before, one);
  const asked = one.messages.slice(known);
  const text =
    one.text !== '' ? one.text : one.turn === undefined ? '' : JSON.stringify(one.turn.answer.content, undefined, 1);
  return html`<li><details${before === undefined && html` open`}><summary>asked${known > 0 && html` <span class="soft">${known} messages as before</span>`}</summary>${asked.map(({ role, content }) => html`<p class="role">${role}</p>${block(content)}`)}</details><p class="role">completion ${one.index} <span class="soft">${one.policy} · ${one.finish} · ${grouped(one.completionIds.length)} tokens · ${(one.milliseconds / 1000).toFixed(1)} s · ${one.fidelity}</span></p>${one.error === undefined ? block(text) : html`<p class="trouble">${marked(one.error)}</p>`}</li>`;
}

function sharedWith(before: CompletionRecord, now: CompletionRecord): number {
  let shared = 0;
  while (
    shared < before.messages.length &&
    before.messages[shared]?.content === now.messages[shared]?.content &&
    before.messages[shared]?.role === now.messages[shared]?.role
  )
    shared += 1;
  return shared;
}

function turn({ agent, role, content, calls, seconds }: EpisodeTurn): Html {
  return html`<li><p class="role">${role} <span class="soft">${agent}${seconds !== undefined && ` · ${span(seconds)}`}</span></p>${content !== '' && block(content)}${calls?.map(({ name, arguments: given }) => html`<p class="role">calls <code>${name}</code></p>${block(given)}`)}</li>`;
}

function verdict({ gates, components, runs, verifier }: Judgement): Html {
  return html`<p class="soft">By ${verifier.name}@${verifier.version}.</p><ul class="plain gates-of">${gates.map(({ name, passed, why }) => html`<li><span class="tag ${passed ? 'good' : 'bad'}">${passed ? 'passed' : 'failed'}</span> <strong>${name}</strong> ${marked(why)}</li>`)}</ul>${
    components.length > 0 &&
    html`<div class="scroll" tabindex="0" role="region" aria-label="Components"><table><thead><tr><th scope="col">component</th><th scope="col">kind</th><th scope="col" class="number">score</th><th scope="col" class="number">weight</th><th scope="col">why</th></tr></thead><tbody>${components.map(
      ({ name, kind, score, weight, why }) =>
        html`<tr><th scope="row">${name}</th><td>${kind}</td><td class="number">${score.toFixed(2)}</td><td class="number">${weight}</td><td>${marked(why)}</td></tr>`,
    )}</tbody></table></div>`
  }${runs.slice(0, 10).map(({ what, how, exitCode, stdout }) => html`<details><summary>${what}: ${how}${exitCode !== null && `, exit ${exitCode}`}</summary>${block(stdout)}</details>`)}`;
}
