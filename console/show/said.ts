// What models, logs, tickets and strangers wrote: text and nothing else, no longer than a page bears, with whose words it is beside it.
import { grouped } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import type { Readable } from '../read/rollouts.ts';
import { firstLines, marked } from './text.ts';

const MOST_LINES = 60;
const MOST_CHARACTERS = 6_000;
const MOST_SHORT = 300;

/** A block of it. @param whose `the model scripted-coder`, `the log train.log` */
export function said(text: string, whose: string, most = { lines: MOST_LINES, characters: MOST_CHARACTERS }): Html {
  const cut = firstLines(text, most.lines, most.characters);
  return html`<figure class="said"><figcaption>${short(whose, 120)}</figcaption><pre tabindex="0">${marked(cut.text)}</pre>${
    cut.left > 0 && html`<p class="note">Cut: ${grouped(cut.left)} more lines are not shown.</p>`
  }</figure>`;
}

/** Within a line. */
export function short(text: string, most = MOST_SHORT): Html {
  return text.length <= most
    ? marked(text)
    : html`${marked(text.slice(0, most).toWellFormed())}… <span class="soft">${grouped(text.length - most)} more characters</span>`;
}

/** A list that somebody else has the length of. */
export function few<T>(all: readonly T[], most: number, each: (one: T, at: number) => Html): Html {
  return html`${all.slice(0, most).map(each)}${all.length > most && html`<li class="soft">${grouped(all.length - most)} more are not shown.</li>`}`;
}

/** Who made it had read what nobody vouches for, or nobody vouches for it. */
export const tainted = (why: string): Html => html`<span class="tag warn" title="${why}">tainted</span>`;

/** It, or why it cannot be read. */
export function readable<T>(found: Readable<T>, show: (value: T) => Html): Html {
  return 'why' in found
    ? html`<p class="trouble"><a href="/errors/${found.why.code}"><code>${found.why.code}</code></a> It cannot be read: ${short(found.why.message)}.</p>`
    : show(found.value);
}

export const model = ({ model: name, scripted }: { readonly model: string; readonly scripted: boolean }): Html =>
  html`${scripted ? 'scripted model' : 'model'} ${short(name, 80)}`;
