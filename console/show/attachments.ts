// What lies beside a gate's evidence, rendered by what it is. What is too large is cut and says so; what is no text is only named.
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { asAnnealError } from '../../contracts/errors.ts';
import { grouped } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import { isDiff, renderDiff } from './diff.ts';
import { metricsOf, plotMetrics } from './plots.ts';
import { firstLines, marked } from './text.ts';

export interface Attachment {
  readonly name: string;
  readonly object: ArtifactRef;
}

/** Larger ones are not even read for the page. */
const READ_BYTES = 32 * 2 ** 20;
const MOST_LINES = 200;
const MOST_CHARACTERS = 14_000;
/** Shown on one page; the others are named. */
const MOST_SHOWN = 4;

export async function renderAttachments(
  store: Pick<ArtifactStore, 'get'>,
  gate: string,
  all: readonly Attachment[],
): Promise<Html[]> {
  return Promise.all(all.map((one, at) => renderOne(store, `/gates/${gate}/attachments/${at}`, one, at < MOST_SHOWN)));
}

async function renderOne(
  store: Pick<ArtifactStore, 'get'>,
  path: string,
  { name, object }: Attachment,
  shown: boolean,
): Promise<Html> {
  const { body, note } = !shown || object.bytes > READ_BYTES ? tooLarge(shown) : await read(store, object);
  return html`<section class="attachment" aria-label="${name}"><header><h3>${name}</h3><p class="note">${grouped(object.bytes)} bytes · <a href="${path}" download>download</a> · <code title="${object.sha256}">${object.sha256.slice(0, 12)}</code></p></header>${
    note !== undefined && html`<p class="note">${note}</p>`
  }${body}</section>`;
}

interface Rendered {
  readonly body?: Html;
  readonly note?: string;
}

const tooLarge = (shown: boolean): Rendered => ({
  note: shown ? 'Too large to be shown here: download it to look at it.' : 'Not shown here: download it to look at it.',
});

async function read(store: Pick<ArtifactStore, 'get'>, object: ArtifactRef): Promise<Rendered> {
  let bytes: Uint8Array;
  try {
    bytes = await store.get(object);
  } catch (failure) {
    const { code, message } = asAnnealError(failure);
    return { body: html`<p class="trouble" role="note"><strong>${code}</strong> It cannot be read: ${message}.</p>` };
  }
  const text = textOf(bytes);
  if (text === undefined) return { note: 'Binary: not text, and not shown here.' };
  if (isDiff(text)) {
    const { body, note } = renderDiff(text);
    return { body, note };
  }
  const metrics = metricsOf(text);
  if (metrics !== undefined) return { body: plotMetrics(metrics), note: `${grouped(metrics.length)} steps` };
  const cut = firstLines(pretty(text), MOST_LINES, MOST_CHARACTERS);
  const note = cut.left > 0 ? `Cut: ${grouped(cut.left)} more lines are not shown` : undefined;
  return { body: html`<pre tabindex="0">${marked(cut.text)}</pre>`, ...(note && { note }) };
}

/** Undefined where it is no text: no UTF-8, or with zero bytes. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.subarray(0, 8_192).includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const PRETTY_BYTES = 2 ** 20;

function pretty(text: string): string {
  if (text.length > PRETTY_BYTES) return text;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
