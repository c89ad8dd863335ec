// One try at a change: who made it, what it says, what its tests and its review say, and the patch as text.
import type { CheckedChange, Means, PathFinding, ProposedChange } from '../../contracts/change.ts';
import type { MergeRequest, Reviewed } from '../../contracts/incident.ts';
import { grouped, span } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import { type Changes, type LookedAtChange, testsOf } from '../read/changes.ts';
import { textOf } from '../show/attachments.ts';
import { renderDiff } from '../show/diff.ts';
import { few, model, readable, said, short, tainted } from '../show/said.ts';

const MOST_TESTS = 12;
const MOST_FINDINGS = 20;

/** All of them; open is the newest, since the others came to nothing. */
export function changesPart({ all, left }: Changes, why: (change: string | undefined) => string | undefined): Html {
  if (all.length === 0) return html`<p class="soft">Nothing was proposed yet.</p>`;
  return html`${left > 0 && html`<p class="note">${grouped(left)} earlier tries are not shown.</p>`}${all.map((one, at) => tryOf(one, at === all.length - 1, why))}`;
}

function tryOf(one: LookedAtChange, isLast: boolean, why: (change: string | undefined) => string | undefined): Html {
  const { key, kept, proposal } = one;
  const name =
    key === 'revert'
      ? 'What takes it back'
      : key.replace(/^remedies-/, 'Remedy, try ').replace(/^coding-agent-/, 'Coding agent, try ');
  if (kept.value?.how === 'none' || kept.value?.how === 'unfit')
    return html`<div class="try"><h3>${name}</h3><p>${kept.value.how === 'none' ? 'No change' : 'No commit can be made of it'}: ${short(kept.value.why)}</p></div>`;
  if (proposal === undefined) return html`<div class="try"><h3>${name}</h3>${readable(kept, () => html``)}</div>`;
  const against = why(proposal.value?.id);
  return html`<details class="try"${isLast && html` open`}><summary><h3>${name}</h3>${against !== undefined && html` <span class="soft">came to nothing: ${short(against, 120)}</span>`}</summary>${readable(proposal, (change) => changeOf(change, one, against))}</details>`;
}

function changeOf(change: ProposedChange, one: LookedAtChange, against: string | undefined): Html {
  const { id, title, body, by, base } = change;
  const tests = testsOf(one);
  const words = by.means.kind === 'model' ? `the model ${by.means.model}` : 'whoever made the change';
  return html`<dl class="facts"><div><dt>made by</dt><dd>${meansOf(by.means)} <span class="soft">as ${by.role}</span>${change.tainted && html` ${tainted('Who made it had read what nobody vouches for: it may only propose')}`}</dd></div>
<div><dt>change</dt><dd><code class="hash">${id}</code></dd></div><div><dt>upon</dt><dd><code class="hash">${base}</code></dd></div>${
    against !== undefined && html`<div><dt>against it</dt><dd>${short(against)}</dd></div>`
  }</dl>${said(body === '' ? title : `${title}\n\n${body}`, `Words of ${words}`, { lines: 30, characters: 3_000 })}
<h4>Tests</h4>${tests === undefined ? html`<p class="soft">${one.judged?.why === undefined ? 'Nothing is kept of them.' : short(one.judged.why)}</p>` : testsPart(tests)}
<h4>Review</h4>${one.reviewed === undefined ? html`<p class="soft">It was not reviewed.</p>` : readable(one.reviewed, reviewPart)}
${one.request && readable(one.request, requestPart)}${one.request === undefined && pathsPart(one.judged?.paths ?? [])}
<h4>Patch</h4>${one.patch === undefined ? html`<p class="note">Not shown here: newer ones are.</p>` : readable(one.patch, patchPart)}`;
}

export function meansOf(means: Means): Html {
  switch (means.kind) {
    case 'remedy':
      return html`remedy ${short(means.skill, 80)}`;
    case 'model':
      return model(means);
    case 'human':
      return html`${short(means.name, 80)}`;
    case 'revert':
      return html`a program, which takes back <code>${means.commit.slice(0, 12)}</code>`;
  }
}

function testsPart({ failToPass, passToPass, broken, failing, unsteady, runner, seconds }: CheckedChange): Html {
  const row = (what: string, tests: readonly string[], tone: string): Html =>
    html`<div><dt>${what}</dt><dd>${
      tests.length === 0
        ? 'none'
        : html`<strong class="${tone}">${grouped(tests.length)}</strong><ul class="plain tests">${few(tests, MOST_TESTS, (test) => html`<li><code>${short(test, 160)}</code></li>`)}</ul>`
    }</dd></div>`;
  return html`<dl class="facts">${row('failed before, pass after', failToPass, 'good')}<div><dt>passed before and after</dt><dd>${grouped(passToPass)}</dd></div>${row('passed before, and broken', broken, 'bad')}${failing.length > 0 && row('of its own, failing', failing, 'bad')}${unsteady.length > 0 && row('now one thing, now another', unsteady, 'warn')}<div><dt>run by</dt><dd>${short(runner, 80)}, ${span(seconds)}</dd></div></dl>`;
}

function reviewPart(reviewed: Reviewed): Html {
  if (reviewed.how === 'absent') return html`<p>Nobody reviewed it: ${short(reviewed.why)}.</p>`;
  const tone = { accept: 'good', rework: 'warn', refuse: 'bad' }[reviewed.verdict];
  return html`<p><strong class="${tone}">${reviewed.verdict}</strong> <span class="soft">said by ${model(reviewed.by)}, which has no tools and decides nothing</span></p>${
    reviewed.findings.length > 0 &&
    html`<ul class="plain">${few(reviewed.findings, MOST_FINDINGS, ({ path, line, why }) => html`<li><code>${short(path, 120)}:${line}</code> ${short(why)}</li>`)}</ul>`
  }`;
}

function requestPart({ asks, elsewhere, paths }: MergeRequest): Html {
  return html`${pathsPart(paths)}<h4>The same pattern elsewhere</h4>${
    elsewhere.length === 0
      ? html`<p class="soft">Nowhere that was found.</p>`
      : html`<ul class="plain">${few(elsewhere, MOST_FINDINGS, ({ path, line, text }) => html`<li><code>${short(path, 120)}:${line}</code> <code>${short(text, 160)}</code></li>`)}</ul>`
  }<h4>Why a human is asked</h4>${
    asks.length === 0
      ? html`<p>Nobody is: tests and review are enough.</p>`
      : html`<ul class="plain">${few(asks, 10, (one) => html`<li>${short(one)}</li>`)}</ul>`
  }`;
}

function pathsPart(paths: readonly PathFinding[]): Html | false {
  return (
    paths.length > 0 &&
    html`<h4>Paths that matter</h4><ul class="plain">${few(paths, MOST_FINDINGS, ({ path, standing, rule, why }) => html`<li><span class="tag ${standing === 'refused' ? 'bad' : 'warn'}">${standing}</span> <code>${short(path, 160)}</code> <span class="soft">${short(rule, 80)}: ${short(why)}</span></li>`)}</ul>`
  );
}

function patchPart(bytes: Uint8Array): Html {
  const text = textOf(bytes);
  if (text === undefined) return html`<p class="note">Binary, ${grouped(bytes.length)} bytes: not shown.</p>`;
  const { body, note } = renderDiff(text);
  return html`<p class="note">${note}</p>${body}`;
}
